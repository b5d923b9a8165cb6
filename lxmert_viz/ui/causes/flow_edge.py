"""One edge of the flow graph, opened into the heads that carry it."""

from collections.abc import Callable, Mapping

import streamlit as st

from lxmert_viz.analysis.flow import Node
from lxmert_viz.analysis.layer_names import place_named
from lxmert_viz.figures.flow import by_head
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes import keeping, linked
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.causes.linked import Option
from lxmert_viz.ui.causes.pins import read_node, told_node
from lxmert_viz.ui.server import causes, waiting

EDGE = "flow-edge"  # key of the address
TO = "-"
CAPTION = (
    "{} read by {}. Cut, all heads together: the target falls by {:.2f} logits; one head alone "
    "understates what others stand in for. A cut weight is zero, and the rest of its row sums to 1 "
    "again. Target: {}. Control: heads whose weight there is 0 are exactly at 0."
)
Ends = tuple[Node, Node]


def show(asked: Asked, named: Callable[[Node], str], sizes: Mapping[tuple[str, int], int]) -> None:
    """Nothing until an edge is opened."""

    def read(told: str) -> Ends | None:
        ends = [read_node(part) for part in told.split(TO)]
        is_one = len(ends) == 2 and all(
            node is not None and node.place < sizes.get(node[:2], 0) for node in ends
        )
        return tuple(ends) if is_one else None

    ends = linked.held(Option(_key(asked), EDGE, read, (), _told, asked.question))
    if not ends:
        return
    found = waiting.result_of(
        f"open {asked.key} {ends}",
        "opening an edge",
        lambda report: causes.opened_edge(asked.variant, asked.target, *ends, report),
    )
    source, reader = (named(node) for node in ends)
    place = place_named(found.edge.family, found.edge.layer)
    figure = by_head(
        found.share,
        found.attribution,
        found.fall,
        f"The edge from {source} to {reader}, by head",
        f"{place[0].upper()}{place[1:]}.<br>Target: {asked.target.name}, logits",
    )
    saving.draw(figure, asked.about, "causes.edge figure")
    st.caption(CAPTION.format(source, reader, found.whole, asked.target.name))
    options = {"source": list(ends[0]), "reader": list(ends[1])}
    with st.container(horizontal=True):
        keeping.offer(asked, asked.cause("edge", options))
        st.button("Close the edge", on_click=_close, args=(asked,), key="causes.close edge")


def open_next(asked: Asked, source: Node, reader: Node) -> None:
    """From a callback. A group's edge can pass several layers: that is no edge of attention."""
    if source.depth == reader.depth - 1 and (source.stream == reader.stream or reader.depth > 0):
        st.session_state[_key(asked)] = (source, reader)


def _close(asked: Asked) -> None:
    st.session_state[_key(asked)] = ()


def _key(asked: Asked) -> str:
    return f"causes.edge {asked.question}"


def _told(ends: Ends) -> str:
    return TO.join(told_node(node) for node in ends)
