"""One caption and one foil about one picture: what differs, and what tells them apart."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from lxmert_viz.analysis import foils
from lxmert_viz.analysis.foils import RULES, Foil, Part
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.figures import matching as figures
from lxmert_viz.figures.relevance import ranked_bars
from lxmert_viz.records import Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.frame import handover, navigation, results
from lxmert_viz.ui.frame.workbench import Choice
from lxmert_viz.ui.matching import choice
from lxmert_viz.ui.server import matching, waiting
from lxmert_viz.ui.server.matching import Seen
from lxmert_viz.ui.server.variant import Variant, key_of
from lxmert_viz.ui.wording import plain

NO_FOIL = "Choose a ready-made foil, or type one: the caption above with one thing changed."
SAME = "Caption and foil are the same sentence: change a word."
NOT_LOOKED = "No rule looks at the picture: a foil may be true of it too."


def choose(chosen: Choice) -> tuple[Variant, Variant] | None:
    """Caption and foil; None until there is a foil."""
    caption = results.variant(chosen)
    made = foils.foils(
        caption.text, lambda text: matching.is_known(chosen.model, text, caption.text)
    )
    if made:
        choice.propose_foil(caption.text, made[0].text)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        foil = choice.type_foil()
        _offer_foils(made)
    if not foil:
        st.info(NO_FOIL, icon=":material/edit:")
        return None
    if foils.are_same(caption.text, foil):
        st.error(SAME, icon=":material/error:")
        return None
    return caption, replace(caption, text=foil)


def _offer_foils(made: Sequence[Foil]) -> None:
    with st.popover(f"Ready-made foils ({len(made)})", icon=":material/auto_fix_high:"):
        if not made:
            st.caption("No rule finds anything to change in this text.")
        for name, rule in RULES.items():
            texts = [foil.text for foil in made if foil.rule == name]
            st.markdown(f"**{rule.title}** :small[{rule.sentence}]")
            if not texts:
                st.caption("Nothing to change here.")
                continue
            st.menu_button(
                plain(texts[0]) if len(texts) == 1 else f"{len(texts)} foils",
                texts,
                key=f"foil-menu.rule {name}",
                format_func=plain,
                on_click=_use,
                args=(name,),
            )
        st.caption(NOT_LOOKED)


def _use(rule: str) -> None:
    choice.use_foil(st.session_state[f"foil-menu.rule {rule}"])


def show(caption: Variant, foil: Variant, found: tuple[Trace, Trace]) -> None:
    """Scores of both, word by word and region by region. found: both traces."""
    _show_texts(caption.text, foil.text)
    seen = Seen("", caption.picture, caption.asked)
    matched = waiting.result_of(
        f"pair {key_of(caption)} {foil.text}",
        f"matching with {caption.model}",
        lambda report: matching.matched(caption.model, [seen], [caption.text, foil.text], report),
    )
    scores, blank = matched.scores[:, 0], matched.blank_scores
    _show_scores(caption, matched.logits[:, 0], blank)
    _show_verdict(float(scores[0] - scores[1]), float(blank[0] - blank[1]))
    _offer_more(caption, foil)
    _show_words(caption, foil)
    _show_regions(caption, foil, found[0])


def _show_texts(caption: str, foil: str) -> None:
    both = zip(("Caption", "Foil"), foils.differing(caption, foil), strict=True)
    st.markdown("  \n".join(f"{name}: {_marked(parts)}" for name, parts in both))


def _marked(parts: list[Part]) -> str:
    """Not by colour alone: what differs is bold too."""
    return "".join(
        f":orange-background[**{plain(p.text)}**]" if p.differs else plain(p.text) for p in parts
    )


def _show_scores(caption: Variant, logits: np.ndarray, blank: np.ndarray) -> None:
    scores = logits[:, 1] - logits[:, 0]
    table = pd.DataFrame(
        {
            "": ["caption", "foil"],
            "l0, no match": logits[:, 0],
            "l1, match": logits[:, 1],
            "score l1 − l0": scores,
            "P(match)": 1 / (1 + np.exp(-scores)),
            "no picture": blank,
            "picture adds": scores - blank,
        }
    )
    formats = {
        name: st.column_config.NumberColumn(format="%.3f" if name == "P(match)" else "%.2f")
        for name in table.columns[1:]
    }
    st.dataframe(table, hide_index=True, column_config=formats)


def _show_verdict(gap: float, blank_gap: float) -> None:
    alone = f"Without any region the gap is {blank_gap:+.2f}: what the words alone say."
    if gap > 0:
        st.markdown(f":green[:material/check_circle:] Told apart by **{gap:.2f}**. {alone}")
    elif gap == 0:
        st.markdown(f":red[:material/cancel:] A tie, which counts as wrong. {alone}")
    else:
        st.markdown(f":red[:material/cancel:] The foil wins by **{-gap:.2f}**. {alone}")


def _offer_more(caption: Variant, foil: Variant) -> None:
    with st.container(horizontal=True):
        for name, one in (("caption", caption), ("foil", foil)):
            if st.button(
                f"Why this score of the {name}?",
                icon=navigation.WHY.icon,
                key=f"match-pair.why {name}",
                help="What each word and region adds to “the text belongs to the picture”",
                on_click=_explain,
                args=(one.text, caption.text if one is foil else foil.text),
            ):
                st.switch_page(navigation.WHY.path)
        if st.button(
            "Causes: the foil's states put into the caption's run",
            icon=navigation.CAUSES.icon,
            key="match-pair.causes",
            help="Patching between both, with the match as the target",
            on_click=_explain,
            args=(caption.text, foil.text),
        ):
            handover.propose("patching")
            st.switch_page(navigation.CAUSES.path)


def _explain(text: str, other: str) -> None:
    """The other one is the foil when the person comes back."""
    handover.explain_match(text, other)
    choice.use_foil(other)


def _show_words(caption: Variant, foil: Variant) -> None:
    both = [
        waiting.result_of(
            f"words {key_of(one)}",
            "hiding each word",
            lambda report, one=one: matching.words(one, report),
        )
        for one in (caption, foil)
    ]
    changes = [np.array([change.change for change in one]) for one in both]
    reach = max(float(np.abs(one).max(initial=0)) for one in changes) or 1.0
    drawn = zip(st.columns(2, gap="medium"), ("Caption", "Foil"), both, changes, strict=True)
    for column, name, told, values in drawn:
        with column:
            words = [change.word.text for change in told]
            figure = figures.word_changes(words, values, reach, f"{name}, word by word")
            saving.draw(figure, _about(caption, foil), f"match-pair.words {name}")


def _show_regions(caption: Variant, foil: Variant, found: Trace) -> None:
    """Which regions make the difference."""
    if not len(found.regions):
        return
    told = waiting.result_of(
        f"regions {key_of(caption)} {foil.text}",
        "leaving out each region",
        lambda report: matching.parts(caption, foil.text, report),
    )
    figure = ranked_bars(
        numbered_names(found.regions),
        told.changes,
        None,
        True,
        "Which regions make the difference",
        [
            f"How far the gap of {told.gap:.2f} falls when a region is left out, l1 − l0",
            "Orange: it spoke for the caption against the foil",
        ],
    )
    saving.draw(figure, _about(caption, foil), "match-pair.regions")


def _about(caption: Variant, foil: Variant) -> list[str]:
    return [f"Model {caption.model}. Caption “{caption.text}”, foil “{foil.text}”"]
