"""Influence on a graph that can be worked out by hand."""

import numpy as np
import pytest

from lxmert_viz.analysis.flow import Edge, Graph, Node, graph, grouped, influence, joined

SHARES = {  # two words, two regions; one layer of words alone, one cross-modality layer
    ("lang", 0): {"lang": np.array([[0.5, 0.5], [0.0, 1.0]])},
    ("lang", 1): {"lang": np.diag([0.75, 1.0]), "vision": np.array([[0.25, 0.0], [0.0, 0.0]])},
    ("vision", 1): {"vision": np.eye(2), "lang": np.zeros((2, 2))},
}
ROOT = Node("lang", 1, 0)


def test_influence_is_shared_and_nothing_is_lost() -> None:
    found = influence(SHARES, ROOT)
    assert found["lang", 1].tolist() == [1, 0]
    assert found["lang", 0].tolist() == [0.75, 0]
    assert found["vision", 0].tolist() == [0.25, 0]
    assert found["lang", -1].tolist() == [0.375, 0.375]  # regions end where they enter
    assert ("vision", 1) not in found


def test_the_fewest_nodes_and_edges_stay() -> None:
    whole = graph(SHARES, ROOT, 1.0, 1.0)
    assert sum(weight > 0 for weight in whole.nodes.values()) == 5
    assert Edge(Node("vision", 0, 0), ROOT, 0.25, 0.25) in whole.edges
    assert len(whole.edges) == 4 and whole.nodes_share == whole.edges_share == 1
    # 1 + .75 of 2.75 is more than 60 %
    some = graph(SHARES, ROOT, 0.6, 1.0)
    assert list(some.nodes) == [ROOT, Node("lang", 0, 0)]
    assert some.edges == [Edge(Node("lang", 0, 0), ROOT, 0.75, 0.75)]
    assert some.nodes_share == pytest.approx(1.75 / 2.75)
    pinned = graph(SHARES, ROOT, 0.6, 1.0, [Node("vision", 0, 0)])
    assert Node("vision", 0, 0) in pinned.nodes and len(pinned.edges) == 2
    fewer = graph(SHARES, ROOT, 1.0, 0.5)  # .75 of 1.75
    assert len(fewer.edges) == 2 and fewer.edges[0].influence == 0.75


def test_another_state_can_be_the_root_and_odd_questions_are_refused() -> None:
    other = graph(SHARES, Node("lang", 1, 1), 1.0, 1.0)
    assert {edge.source for edge in other.edges} == {Node("lang", 0, 1), Node("lang", -1, 1)}
    with pytest.raises(ValueError, match="has no sources"):
        influence(SHARES, Node("lang", 7, 0))
    with pytest.raises(ValueError, match=r"a share of 0 is not"):
        graph(SHARES, ROOT, 0)


def test_nodes_of_one_label_are_one_and_lose_no_influence() -> None:
    whole = graph(SHARES, ROOT, 1.0, 1.0)
    words = {Node("lang", -1, 0): "words", Node("lang", -1, 1): "words"}
    found = grouped(whole, words)
    left = [node for node in found.nodes if node.depth == -1]
    assert len(left) == 1 and found.nodes[left[0]] == pytest.approx(0.75)
    assert len(found.edges) == len(whole.edges) - 1
    into = [edge for edge in found.edges if edge.source == left[0]]
    assert len(into) == 1 and into[0].influence == pytest.approx(0.75)
    assert into[0].share == pytest.approx(1)
    # across depths influence passes both and is not counted twice; edges inside are gone
    tall = grouped(whole, {Node("lang", 0, 0): "a", ROOT: "a"})
    assert tall.nodes[ROOT] == 1 and Node("lang", 0, 0) not in tall.nodes
    assert {edge.target for edge in tall.edges} == {ROOT} and len(tall.edges) == 3
    assert grouped(whole, {}) == whole


def test_what_is_drawn_hangs_together_with_the_root() -> None:
    """The widest edge of all is far below, behind two that are narrow: it waits for them."""
    nodes = [Node("lang", depth, 0) for depth in (1, 0, -1)]
    far, other = Node("lang", -2, 0), Node("lang", 0, 1)
    down = [
        Edge(nodes[1], nodes[0], 0.2, 0.2),
        Edge(nodes[2], nodes[1], 0.1, 0.1),
        Edge(far, nodes[2], 1.0, 0.9),
    ]
    aside = Edge(other, nodes[0], 0.3, 0.3)
    widest_first = sorted([*down, aside], key=lambda edge: -edge.influence)
    found = Graph(ROOT, dict.fromkeys([*nodes, far, other], 1.0), widest_first, 1.0, 1.0)
    assert joined(found, 2) == [aside, down[0]]
    assert joined(found, 9) == [aside, *down]
    assert joined(Graph(far, {far: 1.0}, widest_first, 1.0, 1.0), 9) == []
