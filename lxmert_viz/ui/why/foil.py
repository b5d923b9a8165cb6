"""Where the match is explained: what makes the difference to a foil."""

from dataclasses import replace

import numpy as np
import streamlit as st

from lxmert_viz.analysis import foils
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.errors import TextError
from lxmert_viz.experiments import caption_pair
from lxmert_viz.experiments.relevance import METHODS, Relevance
from lxmert_viz.experiments.removal import SPECIAL
from lxmert_viz.figures.relevance import ranked_bars
from lxmert_viz.records import Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.server import relevance, waiting
from lxmert_viz.ui.server.answers import trace
from lxmert_viz.ui.server.relevance import Asked
from lxmert_viz.ui.server.variant import Variant, key_of
from lxmert_viz.ui.why.choice import Choice, title
from lxmert_viz.ui.why.naming import number, removal_named
from lxmert_viz.ui.why.target_choice import FOIL
from lxmert_viz.ui.wording import plain

TITLE = "Rather than a foil: what makes the difference?"
UNSIGNED = (
    "{} has no signs, so its maps have no difference. Choose a signed method: Shapley values, "
    "occlusion or integrated gradients."
)
UNEQUAL = (
    "The texts have {} and {} word pieces, so no word of one stands for a word of the other: only "
    "regions are compared."
)
SAME = "Caption and foil are the same sentence: change a word."
FOUND = "The caption matches by **{} logits** more than the foil (l1 − l0)."


def show(variant: Variant, found: Trace, chosen: Choice) -> None:
    if chosen.target.kind != "match":
        return
    with st.expander(TITLE, icon=":material/compare:", on_change="rerun", key="why.pair") as panel:
        if not panel.open:
            return
        foil = st.text_input(
            "Foil", key=FOIL, persist_state="session", placeholder=found.tokens.text
        )
        if not METHODS[chosen.method].is_signed:
            st.info(UNSIGNED.format(title(chosen.method)))
        elif not foil.strip():
            st.info("Type the sentence above with one thing changed.")
        elif foils.are_same(variant.text, foil):
            st.error(SAME, icon=":material/error:")
        else:
            _show_difference(variant, replace(variant, text=foil.strip()), found, chosen)


def _show_difference(caption: Variant, foil: Variant, found: Trace, chosen: Choice) -> None:
    asked = Asked(chosen.method, chosen.target, chosen.removal, chosen.pairs, chosen.stable)
    try:
        other = waiting.result_of(
            f"foil {key_of(foil)}", "asking the foil", lambda report: trace(foil, report)
        )
    except TextError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    one, two = (_explained(text, asked) for text in (caption, foil))
    told = caption_pair.difference(one, two)
    st.markdown(FOUND.format(number(told.gap)))
    names, values = numbered_names(found.regions), told.regions
    if told.words is None:
        st.info(UNEQUAL.format(len(found.tokens.pieces), len(other.tokens.pieces)))
    else:
        places = [n for n, piece in enumerate(found.tokens.pieces) if piece not in SPECIAL]
        names = [_both(found, other, n) for n in places] + names
        values = np.concatenate([told.words[places], values])
    removed = f"Removed: {removal_named(one.removal)}" if one.removal else "Nothing is removed."
    figure = ranked_bars(
        names,
        values,
        None,
        True,
        "What makes the caption match more than the foil",
        [f"{title(chosen.method)} of both, one less the other, logits", removed],
    )
    about = [*saving.about(found), f"foil: {foil.text}"]
    saving.draw(figure, about, "why.pair difference")


def _explained(variant: Variant, asked: Asked) -> Relevance:
    return waiting.result_of(
        f"pair {key_of(variant)} {asked}",
        f"explaining by {METHODS[asked.method].title}",
        lambda report: relevance.explained(variant, asked, report),
    )


def _both(caption: Trace, foil: Trace, place: int) -> str:
    one, other = caption.tokens.pieces[place], foil.tokens.pieces[place]
    return f"“{one}”" if one == other else f"“{one}”, not “{other}”"
