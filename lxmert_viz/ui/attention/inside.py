"""Query and key of one head and one pair, computed again when a person asks on the stage."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from lxmert_viz.analysis import frames
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.figures.heads import contribution_bars, written_strip
from lxmert_viz.records import FAMILIES, Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.server import answers, waiting
from lxmert_viz.ui.server.variant import Place, Variant

if TYPE_CHECKING:  # torch takes seconds
    from lxmert_viz.experiments.heads import HeadDetail


def place_in(told: Any, trace: Trace) -> Place | None:
    """What a browser asked for; None for anything that this trace does not have."""
    if not isinstance(told, dict) or told.get("family") not in trace.attention:
        return None
    shape = trace.attention[told["family"]].shape
    numbers = [told.get(name) for name in ("layer", "head", "query", "key")]
    limits = zip(numbers, shape, strict=True)
    for number, size in limits:
        if number is not None and not (type(number) is int and 0 <= number < size):
            return None
    if None in numbers[:3]:
        return None
    return Place(told["family"], *numbers)


def keep(asked: Variant, found: Trace, told: Any) -> None:
    """A new request stays until the next, for the same picture and question."""
    place = place_in(told, found)
    if place is not None:
        st.session_state["attention.inside"] = (asked, place)


def show(asked: Variant, found: Trace) -> None:
    """The panel, where something was asked for this trace."""
    before, place = st.session_state.get("attention.inside", (None, None))
    if before != asked:
        return
    family = FAMILIES[place.family]
    names = {"lang": list(found.tokens.pieces), "vision": numbered_names(found.regions)}
    queries, keys = names[family.queries], names[family.keys]
    detail = waiting.result_of(
        f"inside {place}",
        "looking inside the head",
        lambda report: answers.head_detail(asked, place, report),
    )
    head = f"{family.stage}, {family.title.lower()}, layer {place.layer + 1}, head {place.head + 1}"
    st.markdown(f"##### Inside {head}")
    st.caption(
        "Computed again from the states that enter the layer, for this head alone. "
        "Score: q·k / √d, before the softmax. "
        "Norm: the length of the value as it is written into the state."
    )
    told = [f"{head[:1].upper()}{head[1:]}, of “{queries[place.query]}”", *saving.about(found)]
    show_keys(detail, place, queries[place.query], keys, told)
    strip = written_strip(detail.written, found.attention[place.family].shape[1], place.head)
    saving.draw(strip, told, "attention.written")


def show_keys(
    detail: "HeadDetail", place: Place, query: str, keys: list[str], told: list[str]
) -> None:
    left, right = st.columns(2, gap="large")
    with right:
        strongest = int(detail.weights.argmax())
        key = st.selectbox(
            f"“{query}” reads",
            range(len(keys)),
            index=strongest if place.key is None else place.key,
            format_func=lambda at: keys[at],
            key=f"attention.key {place}",
        )
        pair = (query, keys[key])
        bars = contribution_bars(detail.query, detail.keys[key], detail.contributions[key], pair)
        saving.draw(bars, told, "inside.contributions")
    with left:
        table = frames.keys(keys, detail.scores, detail.weights, detail.value_norms)
        st.dataframe(table, hide_index=True, height="content" if len(keys) < 12 else 420)
