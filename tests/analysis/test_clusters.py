"""Planted groups come back, with what was planted in them."""

import numpy as np
import pandas as pd
import pytest

from lxmert_viz.analysis.clusters import group, typical


def test_three_directions_are_three_groups_the_largest_first() -> None:
    random = np.random.default_rng(3)
    planted = np.repeat([0, 1, 2], [50, 30, 20])
    centres = np.array([[5, 0, 0, 0], [0, 5, 0, 0], [0, 0, 5, 0]])
    states = centres[planted] + random.normal(0, 0.3, (100, 4)) + 40
    found = group(states, 3)
    assert np.bincount(found)[1:].tolist() == [50, 30, 20]
    assert (found == planted + 1).all()
    assert (group(states, 3) == found).all()


def test_what_is_typical_is_what_is_more_frequent_here() -> None:
    color = ["red"] * 6 + ["blue"] * 14
    kind = ["a", "b"] * 10
    tail = pd.array([True] * 5 + [None] * 15, "boolean")
    inside = np.array([True] * 8 + [False] * 12)
    found = typical(pd.DataFrame({"color": color, "kind": kind}), inside)
    assert [(t.column, t.value) for t in found] == [("color", "red")]
    assert (found[0].inside, found[0].overall) == (pytest.approx(0.75), pytest.approx(0.3))
    (rare,) = typical(pd.DataFrame({"tail": tail}), inside)
    assert rare.value is True and (rare.inside, rare.overall) == (5 / 8, 5 / 20)
