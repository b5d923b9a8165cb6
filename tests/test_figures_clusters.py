"""Each cluster has a colour and a shape of its own; points know their place."""

import numpy as np
import pytest

from lxmert_viz.figures.clusters import cluster_plane

PLANE = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])


def test_points_carry_their_places_and_texts() -> None:
    first, second = cluster_plane(PLANE, np.array([0, 1, 0]), ["a <b>", "c", "d"]).data
    assert (first.name, second.name) == ("Cluster 1 (2)", "Cluster 2 (1)")
    assert list(first.customdata) == [0, 2] and list(first.x) == [0.0, 4.0]
    assert first.hovertext[0] == "a &lt;b&gt;"
    assert first.marker.color != second.marker.color
    assert first.marker.symbol != second.marker.symbol


def test_lists_of_other_lengths_are_a_fault() -> None:
    with pytest.raises(ValueError, match="2 labels"):
        cluster_plane(PLANE, np.array([0, 1]), ["a", "b", "c"])
