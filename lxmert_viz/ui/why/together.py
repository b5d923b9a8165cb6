"""Do a word and a region work together? Their Shapley interaction, when it is asked for."""

import streamlit as st

from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.experiments.interactions import Interaction
from lxmert_viz.experiments.removal import SPECIAL
from lxmert_viz.records import Trace
from lxmert_viz.ui.server import relevance, waiting
from lxmert_viz.ui.server.variant import Variant, key_of
from lxmert_viz.ui.why.choice import Choice
from lxmert_viz.ui.why.naming import number, removal_named
from lxmert_viz.ui.wording import plain

TITLE = "Do a word and a region work together?"
FOUND = (
    "**{}** and **{}** add **{} logits** together beyond what each adds alone ({} to {}, a 95 % "
    "confidence sequence): {}."
)
HOW = "Shapley interaction for {}; {} draws of who else is there, cut at ±{} logits. Removed: {}."


def show(variant: Variant, found: Trace, chosen: Choice) -> None:
    pieces = found.tokens.pieces
    names, about = numbered_names(found.regions), chosen.target
    words = [
        place
        for place, piece in enumerate(pieces)
        if piece not in SPECIAL and not about.names("lang", place)
    ]
    regions = [place for place in range(len(names)) if not about.names("vision", place)]
    if not words or not regions:
        return
    with st.expander(TITLE, icon=":material/join:", on_change="rerun", key="why.together") as panel:
        if not panel.open:
            return
        with st.container(horizontal=True):
            word = st.selectbox("Word", words, format_func=lambda n: pieces[n], key="why.word")
            region = st.selectbox(
                "Region", regions, format_func=lambda n: names[n], key="why.region"
            )
        places = word, region
        told = waiting.result_of(
            f"together {key_of(variant)} {chosen.target} {chosen.removal} {places}",
            "asking for both",
            lambda report: relevance.interaction(
                variant, chosen.target, chosen.removal, places, report
            ),
        )
        numbers = (number(value) for value in (told.value, told.low, told.high))
        st.markdown(
            FOUND.format(f"“{plain(pieces[word])}”", plain(names[region]), *numbers, _sense(told))
        )
        removed = removal_named(chosen.removal)
        st.caption(HOW.format(plain(told.target.name), told.draws, number(told.bound), removed))


def _sense(told: Interaction) -> str:
    if told.low > 0:
        return "they need each other"
    if told.high < 0:
        return "one of them will do"
    return "whether they need each other cannot be told yet"
