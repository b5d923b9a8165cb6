"""Planted differences are found and no others; likeness of states that were made alike."""

import numpy as np
import pytest

from lxmert_viz.analysis.contrast import contrast, nearest


def test_a_planted_head_is_found_and_no_other() -> None:
    random = np.random.default_rng(7)
    values = random.normal(0.5, 0.1, (600, 40))
    is_right = random.random(600) < 0.7
    values[~is_right, 11] += 0.08
    found = contrast(values, is_right)
    assert np.flatnonzero(found.p < 0.05).tolist() == [11]
    assert found.effect[11] == pytest.approx(0.8, abs=0.25)
    assert found.wrong[11] - found.right[11] == pytest.approx(0.08, abs=0.02)


def test_heads_that_never_vary_do_not_differ() -> None:
    values = np.ones((10, 2))
    values[:, 1] = np.arange(10)
    found = contrast(values, np.arange(10) < 5)
    assert (found.effect[0], found.p[0]) == (0, 1) and found.p[1] < 0.05
    with pytest.raises(ValueError, match="too few"):
        contrast(values, np.arange(10) < 9)


def test_the_nearest_are_those_of_the_same_direction() -> None:
    states = np.array([[2.0, 0], [4, 0.1], [-2, 0], [0, 3], [-4, -3.1]]) + 100
    places, likeness = nearest(states, 0, 2)
    assert places[0] == 1 and len(places) == 2 and likeness[0] > 0.95
    assert 0 not in nearest(states, 0, 99)[0]
