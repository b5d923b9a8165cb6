"""From one state down to what it is made of: influence along shares, and the graph that is left.

A node is (stream, depth, place). Depths count from the first cross-modality layer: 0 is what enters
it, -1 one layer before, 1 what leaves it. Shares of a node's sources sum to 1, so that no influence
is lost on the way down.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

NODES_KEPT, EDGES_KEPT = 0.8, 0.98  # of all influence, as circuit-tracer prunes


class Node(NamedTuple):
    stream: str  # "lang" or "vision"
    depth: int
    place: int


class Edge(NamedTuple):
    source: Node
    target: Node
    share: float  # of the target's sources, 0..1
    influence: float  # on the root, 0..1


@dataclass(frozen=True, slots=True)
class Graph:
    """What is left of all nodes and edges, the most influential first."""

    root: Node
    nodes: dict[Node, float]  # influence on the root
    edges: list[Edge]
    nodes_share: float  # of all influence
    edges_share: float


# (stream, depth) -> stream of the sources one depth below -> (N, M); rows sum to 1 together
Shares = Mapping[tuple[str, int], Mapping[str, np.ndarray]]


def influence(shares: Shares, root: Node) -> dict[tuple[str, int], np.ndarray]:
    """(stream, depth) -> (N,) of every node below the root, the root among them."""
    if (root.stream, root.depth) not in shares:
        raise ValueError(f"{root} has no sources")
    size = len(next(iter(shares[root.stream, root.depth].values())))
    found = {(root.stream, root.depth): np.eye(size)[root.place]}
    for depth in range(root.depth, min(d for _, d in shares) - 1, -1):
        for stream in ("lang", "vision"):
            own = found.get((stream, depth))
            if own is None or (stream, depth) not in shares:
                continue
            for source, weights in shares[stream, depth].items():
                below = own @ weights  # (M,)
                found[source, depth - 1] = found.get((source, depth - 1), 0) + below
    return found


def graph(
    shares: Shares,
    root: Node,
    nodes_kept: float = NODES_KEPT,
    edges_kept: float = EDGES_KEPT,
    pinned: Sequence[Node] = (),
) -> Graph:
    """The fewest nodes that hold `nodes_kept` of all influence, then the fewest edges among them.

    The root and what is pinned stay. Source of the rule: circuit-tracer's pruning by cumulative
    influence.
    """
    found = influence(shares, root)
    every = {
        Node(*key, place): float(value)
        for key, values in found.items()
        for place, value in enumerate(values)
    }
    stays = {root, *(node for node in pinned if node in every)}
    kept = _fewest(every, nodes_kept, stays)
    edges = [
        Edge(Node(source, target.depth - 1, place), target, float(share), every[target] * share)
        for target in kept
        for source, weights in shares.get((target.stream, target.depth), {}).items()
        for place, share in enumerate(weights[target.place].tolist())
        if Node(source, target.depth - 1, place) in kept and share > 0
    ]
    chosen = _fewest({edge: edge.influence for edge in edges}, edges_kept, set())
    total, among = sum(every.values()), sum(edge.influence for edge in edges)
    return Graph(
        root,
        kept,
        list(chosen),
        sum(kept.values()) / total,
        sum(chosen.values()) / among if among else 1.0,
    )


def grouped(found: Graph, labels: Mapping[Node, str]) -> Graph:
    """Nodes of one label as one: the most influential of them, or the root, stands for all.

    Its influence is that of its members at one depth together, at the depth where that is most; an
    edge's is the sum of those that it stands for. Edges inside a group are gone.
    """
    stands_for = {}
    for node in (found.root, *found.nodes):
        label = labels.get(node, "")
        if label:
            stands_for.setdefault(label, node)
    named = {node: stands_for.get(labels.get(node, ""), node) for node in found.nodes}
    at_depth: dict[tuple[Node, int], float] = {}
    for node, value in found.nodes.items():
        key = (named[node], node.depth)
        at_depth[key] = at_depth.get(key, 0.0) + value
    nodes: dict[Node, float] = {}
    for (node, _), value in at_depth.items():
        nodes[node] = max(nodes.get(node, 0.0), value)
    sums: dict[tuple[Node, Node], float] = {}
    for edge in found.edges:
        ends = named[edge.source], named[edge.target]
        if ends[0] != ends[1]:
            sums[ends] = sums.get(ends, 0.0) + edge.influence
    whole = {(edge.source, edge.target): edge for edge in found.edges}
    edges = [
        whole[ends]
        if ends in whole and whole[ends].influence == value
        else Edge(*ends, value / nodes[ends[1]] if nodes[ends[1]] else 0.0, value)
        for ends, value in sums.items()
    ]
    edges.sort(key=lambda edge: -edge.influence)
    return Graph(found.root, nodes, edges, found.nodes_share, found.edges_share)


def joined(found: Graph, most: int) -> list[Edge]:
    """At most so many edges that all hang together: from the root on, always the widest next."""
    into: dict[Node, list[tuple[float, int]]] = {}
    for number, edge in enumerate(found.edges):
        into.setdefault(edge.target, []).append((-edge.influence, number))
    open_edges = into.pop(found.root, [])
    heapq.heapify(open_edges)
    chosen: list[Edge] = []
    while open_edges and len(chosen) < most:
        edge = found.edges[heapq.heappop(open_edges)[1]]
        chosen.append(edge)
        for below in into.pop(edge.source, ()):
            heapq.heappush(open_edges, below)
    return chosen


def _fewest(values: dict, share: float, stays: set) -> dict:
    """The largest ones that hold this share of all, and those that stay; largest first."""
    if not 0 < share <= 1:
        raise ValueError(f"a share of {share} is not above 0 and at most 1")
    order = sorted(values, key=lambda key: -values[key])
    sums = np.cumsum([values[key] for key in order])
    count = int(np.searchsorted(sums, share * sums[-1] - 1e-9)) + 1 if len(order) else 0
    return {key: values[key] for n, key in enumerate(order) if n < count or key in stays}
