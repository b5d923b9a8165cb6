"""The flow graph: from any state down to what it is made of, or to what the target owes to it."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from lxmert_viz.analysis import flow as graphs
from lxmert_viz.analysis.flow import EDGES_KEPT, NODES_KEPT, Edge, Graph, Node, Shares
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.experiments.flow_attribution import ATTRIBUTION, BY, CONTRIBUTION, as_shares
from lxmert_viz.figures.flow import NAMED, Line, Point, flow_graph, go
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes import flow_edge, keeping, linked, pins
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.causes.linked import Option, number_of, one_of, percent, share_from
from lxmert_viz.ui.causes.pins import Pins, read_node, told_node
from lxmert_viz.ui.server import causes, waiting

ROOT, WEIGHED, NODES, EDGES, MOST, TEST, CLICK = (  # keys of the address
    "flow-root",
    "flow-by",
    "flow-states",
    "flow-edges",
    "flow-most",
    "flow-test",
    "flow-click",
)
LEAST = 0.3  # share kept
COUNTS, USUAL = (20, 40, 80, 160, 320), 80  # edges that are drawn at most
TESTED = 24  # crossings that are cut, the widest first
WIDTHS = {17: "causes.flow-drawn", 38: "figure.wide", NAMED: "figure.wider"}  # by named columns
CLICKS = {"root": "makes it the root", "pin": "pins it"}
WEIGHTS = {CONTRIBUTION: "what is carried", ATTRIBUTION: "what counts for the target"}
ABOUT = {
    CONTRIBUTION: "An edge is as wide as the share of the root that flows in it: what attention "
    "carries, with the LayerNorm's scale held; feed-forward moves no share. These are shares of "
    "what states are made of, not effects.",
    ATTRIBUTION: "An edge is as wide as its share of what the target owes to the root by its "
    "gradient: the part that the edge carries, with the LayerNorm's scale held, times the "
    "target's slope there; signs are left out of widths and told on pointing.",
}
SHOWN = (
    " Dotted: from one stream into the other. Kept: {} of {} states, {:.0%} of all influence, and "
    "{} edges, {:.0%} of what is between these states. Drawn: {} edges, from the root on always "
    "the widest next, and the states that they join. The test cuts a crossing alone, all heads, "
    "and tells how far the target falls. Click an edge to open it."
)


@dataclass(frozen=True, slots=True)
class View:
    """What is drawn."""

    asked: Asked
    by: str  # of BY
    attributed: Shares | None  # in logits
    graph: Graph  # of one node a group
    drawn: list[Edge]
    pins: Pins
    falls: dict[tuple[Node, Node], float]  # of crossings that were cut

    @property
    def names(self) -> dict[str, list[str]]:
        found = self.asked.found
        return {"lang": list(found.tokens.pieces), "vision": numbered_names(found.regions)}


def show(asked: Asked) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = linked.choose(
            Option("causes.by", WEIGHED, one_of(BY), CONTRIBUTION),
            st.segmented_control,
            "Edges by",
            BY,
            format_func=WEIGHTS.get,
            required=True,
        )
        shares, attributed = _shares(asked, by)
        root, found = _root(asked, shares), pins.pins(asked, _sizes(shares))
        with st.popover("What is drawn", icon=":material/tune:"):
            nodes, edges, most, test = _kept()
        pins.edit(asked, found, partial(_named, asked))
        if root != _top(shares):
            top = _top(shares)
            st.button("Back to the answer", on_click=_choose, args=(asked, top), key="causes.top")
    graph = graphs.grouped(graphs.graph(shares, root, nodes, edges, list(found)), found)
    drawn = graphs.joined(graph, most)
    falls = _falls(asked, drawn) if test else {}
    total = sum(values.size for values in graphs.influence(shares, root).values())
    _draw(View(asked, by, attributed, graph, drawn, found, falls), total)
    options = {"root": list(root), "nodes": nodes, "edges": edges, "by": by}
    options["pins"] = [[*node, label] for node, label in found.items()]
    keeping.offer(asked, asked.cause("flow", options))
    flow_edge.show(asked, partial(_named, asked), _sizes(shares))


def _draw(view: View, total: int) -> None:
    """total: of all states that there are below the root."""
    graph = view.graph
    figure = _figure(view)
    key = f"causes.flow {graph.root} {st.session_state.get('causes.clicks', 0)}"
    columns = len(figure.layout.xaxis.ticktext)
    with st.container(key=next(name for most, name in WIDTHS.items() if columns <= most)):
        saving.draw(
            figure,
            view.asked.about,
            key,
            on_select=partial(_follow_click, view.asked, key),
            selection_mode="points",
        )
    kept = len(graph.nodes), total, graph.nodes_share, len(graph.edges), graph.edges_share
    st.caption(ABOUT[view.by] + SHOWN.format(*kept, len(view.drawn)))


def _shares(asked: Asked, by: str) -> tuple[Shares, Shares | None]:
    """What influence follows, and every edge in logits where that is by attribution."""
    if by == CONTRIBUTION:
        return waiting.result_of(
            f"flow {asked.key}",
            "following what flows",
            lambda report: causes.shares(asked.variant, asked.target, report),
        ), None
    found = waiting.result_of(
        f"flow attributed {asked.key}",
        "following what counts",
        lambda report: causes.attributions(asked.variant, asked.target, report),
    )
    return as_shares(found), found


def _kept() -> tuple[float, float, int, bool]:
    """How much is kept of states and of edges, how many are drawn, whether crossings are tested."""
    kept = share_from(LEAST, 1.0)
    nodes, edges = (
        linked.choose(
            Option(key, name, kept, usual, percent),
            st.slider,
            label,
            LEAST,
            1.0,
            step=0.01,
        )
        for label, key, name, usual in (
            ("States kept", "causes.nodes", NODES, NODES_KEPT),
            ("Edges kept", "causes.kept", EDGES, EDGES_KEPT),
        )
    )
    most = linked.choose(
        Option("causes.most", MOST, number_of(COUNTS), USUAL),
        st.selectbox,
        "Edges drawn, at most",
        COUNTS,
    )
    linked.choose(
        Option("causes.click", CLICK, one_of(CLICKS), "root"),
        st.segmented_control,
        "A click on a state",
        list(CLICKS),
        format_func=CLICKS.get,
        required=True,
    )
    return nodes, edges, most, linked.toggle("causes.test", TEST, "Test crossings by knock-out")


def _figure(view: View) -> go.Figure:
    root = view.graph.root
    joined = {root, *view.pins, *(node for edge in view.drawn for node in edge[:2])}
    order = [node for node in view.graph.nodes if node in joined]
    points = [
        Point(*node, view.graph.nodes[node], view.pins.get(node, ""), node in view.pins)
        for node in order
    ]
    lines = [
        Line(order.index(edge.source), order.index(edge.target), edge.influence, _told(view, edge))
        for edge in view.drawn
    ]
    name = view.names[root.stream][root.place]
    title = {
        CONTRIBUTION: f"What “{name}” is made of",
        ATTRIBUTION: f"What of “{name}” counts for {view.asked.target.name}",
    }
    return flow_graph(
        points,
        lines,
        view.names,
        order.index(root),
        title[view.by],
        f"Shares of the root, 0 to 1; root at depth {root.depth}.<br>Point for numbers, click a "
        "state or an edge",
    )


def _falls(asked: Asked, drawn: list[Edge]) -> dict[tuple[Node, Node], float]:
    """What cutting the first of these crossings does to the target, in logits."""
    crossing = [
        (e.source, e.target)
        for e in drawn
        if e.source.stream != e.target.stream and e.source.depth == e.target.depth - 1
    ]
    some = tuple(crossing[:TESTED])
    found = waiting.result_of(
        f"flow test {asked.key} {some}",
        f"cutting {len(some)} crossings",
        lambda report: causes.crossings_cut(asked.variant, asked.target, some, report),
    )
    return dict(zip(some, found.tolist(), strict=True))


def _told(view: View, edge: Edge) -> str:
    ends = edge.source, edge.target
    source, target = (view.pins.get(node) or view.names[node.stream][node.place] for node in ends)
    told = f"{target} takes {edge.share:.1%} from {source}; {edge.influence:.1%} of the root"
    if view.attributed is not None and edge.source.depth == edge.target.depth - 1:
        values = view.attributed[edge.target[:2]][edge.source.stream]
        told += f"; {values[edge.target.place, edge.source.place]:+.2f} logits by the gradient"
    fall = view.falls.get(ends)
    return told if fall is None else f"{told}; cut: target falls by {fall:.2f} logits"


def _sizes(shares: Shares) -> dict[tuple[str, int], int]:
    """How many states there are at each stream and depth, those without sources too."""
    found = {}
    for (stream, depth), own in shares.items():
        found[stream, depth] = len(own[stream])
        found.setdefault((stream, depth - 1), own[stream].shape[1])
    return found


def _named(asked: Asked, node: Node) -> str:
    found = asked.found
    name = (
        found.tokens.pieces[node.place]
        if node.stream == "lang"
        else numbered_names(found.regions)[node.place]
    )
    return f"{name} at depth {node.depth}"


def _top(shares: Shares) -> Node:
    """The first word after the last layer, which answers are read from."""
    return Node("lang", max(depth for _, depth in shares), 0)


def _root(asked: Asked, shares: Shares) -> Node:
    def read(told: str) -> Node | None:
        node = read_node(told)
        known = shares.get(node[:2]) if node else None
        return node if known and node.place < len(known[node.stream]) else None

    top, about = _top(shares), asked.question
    root = linked.held(Option(f"causes.root {about}", ROOT, read, top, told_node, about))
    return root if root[:2] in shares else top  # what enters has no sources


def _follow_click(asked: Asked, key: str) -> None:
    picked = [p["customdata"] for p in st.session_state[key].selection.points if "customdata" in p]
    if not picked:
        return
    st.session_state["causes.clicks"] = st.session_state.get("causes.clicks", 0) + 1
    stream, depth, place, *reader = picked[0]
    node = Node(stream, int(depth), int(place))
    if reader:
        flow_edge.open_next(asked, node, Node(reader[0], int(reader[1]), int(reader[2])))
    elif st.session_state.get("causes.click") == "pin":
        pins.turn_over(asked, node)
    else:
        _choose(asked, node)


def _choose(asked: Asked, root: Node) -> None:
    st.session_state[f"causes.root {asked.question}"] = root
