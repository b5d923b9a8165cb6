"""The flow graph: from any state down to what it is made of; a click makes another the root."""

from functools import partial

import streamlit as st

from lxmert_viz.analysis import flow as graphs
from lxmert_viz.analysis.flow import EDGES_KEPT, NODES_KEPT, Edge, Graph, Node
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.figures.flow import Line, Point, flow_graph, go
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes import keeping, linked
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.causes.linked import Option, percent, share_from
from lxmert_viz.ui.frame import address
from lxmert_viz.ui.server import causes, waiting

ROOT = "flow-root"  # key of the address: stream.depth.place, place counted from 1
NODES, EDGES, TEST = "flow-states", "flow-edges", "flow-test"  # and these
LEAST = 0.3  # share kept
TESTED = 24  # crossings that are cut, the widest first
CAPTION = (
    "An edge is as wide as the share of the root that flows in it: what attention carries, with "
    "the LayerNorm's scale held; feed-forward moves no share. Dotted: from one stream into the "
    "other. Shown: {} of {} states, {:.0%} of all influence, and {:.0%} of their edges' influence. "
    "These are shares of what states are made of, not effects: the test cuts a crossing alone, all "
    "heads, and tells how far the target falls."
)


def show(asked: Asked) -> None:
    shares = waiting.result_of(
        f"flow {asked.key}",
        "following what flows",
        lambda report: causes.shares(asked.variant, asked.target, report),
    )
    root = _root(shares)
    is_top = root == _top(shares)
    address.put({ROOT: "" if is_top else f"{root.stream}.{root.depth}.{root.place + 1}"})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        nodes, edges, test = _kept()
        if not is_top:
            st.button("Back to the answer", on_click=_choose, args=("",), key="causes.top")
    graph = graphs.graph(shares, root, nodes, edges)
    falls = _falls(asked, graph) if test else {}
    key = f"causes.flow {root}"
    saving.draw(
        _figure(asked, graph, falls),
        asked.about,
        key,
        on_select=partial(_follow_click, key),
        selection_mode="points",
    )
    total = sum(values.size for values in graphs.influence(shares, root).values())
    st.caption(CAPTION.format(len(graph.nodes), total, graph.nodes_share, graph.edges_share))
    options = {"root": list(root), "nodes": nodes, "edges": edges}
    keeping.offer(asked, asked.cause("flow", options))


def _kept() -> tuple[float, float, bool]:
    """How much is kept of states and of edges, and whether crossings are tested."""
    kept = share_from(LEAST, 1.0)
    nodes, edges = (
        linked.choose(
            Option(key, name, kept, usual, percent),
            st.slider,
            label,
            LEAST,
            1.0,
            step=0.01,
            width=220,
        )
        for label, key, name, usual in (
            ("States kept", "causes.nodes", NODES, NODES_KEPT),
            ("Edges kept", "causes.kept", EDGES, EDGES_KEPT),
        )
    )
    return nodes, edges, linked.toggle("causes.test", TEST, "Test crossings by knock-out")


def _figure(asked: Asked, graph: Graph, falls: dict[tuple[Node, Node], float]) -> go.Figure:
    found, root = asked.found, graph.root
    names = {"lang": list(found.tokens.pieces), "vision": numbered_names(found.regions)}
    order = list(graph.nodes)
    points = [Point(*node, graph.nodes[node]) for node in order]
    lines = [
        Line(
            order.index(edge.source),
            order.index(edge.target),
            edge.influence,
            _told(edge, names, falls),
        )
        for edge in graph.edges
    ]
    return flow_graph(
        points,
        lines,
        names,
        order.index(root),
        f"What “{names[root.stream][root.place]}” is made of",
        f"Shares of the root, 0 to 1; root at depth {root.depth}. Point for numbers, click a state "
        "to make it the root",
    )


def _falls(asked: Asked, graph: Graph) -> dict[tuple[Node, Node], float]:
    """What cutting the widest crossings does to the target, in logits."""
    crossing = [(e.source, e.target) for e in graph.edges if e.source.stream != e.target.stream]
    some = tuple(crossing[:TESTED])
    found = waiting.result_of(
        f"flow test {asked.key} {some}",
        f"cutting {len(some)} crossings",
        lambda report: causes.crossings_cut(asked.variant, asked.target, some, report),
    )
    return dict(zip(some, found.tolist(), strict=True))


def _told(edge: Edge, names: dict[str, list[str]], falls: dict[tuple[Node, Node], float]) -> str:
    source, target = (names[node.stream][node.place] for node in (edge.source, edge.target))
    told = f"{target} takes {edge.share:.1%} from {source}; {edge.influence:.1%} of the root"
    fall = falls.get((edge.source, edge.target))
    return told if fall is None else f"{told}; cut: target falls by {fall:.2f} logits"


def _top(shares: graphs.Shares) -> Node:
    """The first word after the last layer, which answers are read from."""
    return Node("lang", max(depth for _, depth in shares), 0)


def _root(shares: graphs.Shares) -> Node:
    told = st.session_state.setdefault("causes.root", address.told().get(ROOT, ""))
    stream, *numbers = told.split(".")
    if len(numbers) == 2:
        depth, place = (address.number(text) for text in numbers)
        known = shares.get((stream, depth)) if None not in (depth, place) else None
        if known and 1 <= place <= len(next(iter(known.values()))):
            return Node(stream, depth, place - 1)
    return _top(shares)


def _follow_click(key: str) -> None:
    picked = [p for p in st.session_state[key].selection.points if "customdata" in p]
    if picked:
        stream, depth, place = picked[0]["customdata"]
        if depth > 0:  # below there is no crossing to follow
            _choose(f"{stream}.{int(depth)}.{int(place) + 1}")


def _choose(root: str) -> None:
    st.session_state["causes.root"] = root
