"""Gains with their intervals, on one axis around no change."""

import pytest

from lxmert_viz.figures.comparison import gain_points


def test_points_intervals_and_the_line_of_no_change() -> None:
    figure = gain_points(["a <b>", "c"], [0.1, -0.2], [(0.05, 0.2), (-0.3, 0.0)], ["n 1", "n 2"])
    points = figure.data[0]
    assert list(points.x) == [0.1, -0.2]
    assert list(points.error_x.array) == pytest.approx([0.1, 0.2])
    assert list(points.error_x.arrayminus) == pytest.approx([0.05, 0.1])
    low, high = figure.layout.xaxis.range
    assert low == -high and high > 0.3
    assert figure.layout.yaxis.ticktext[0] == "a &lt;b&gt;"
    assert points.hovertext[1] == "c: -0.200 (-0.300 to +0.000); n 2"


def test_small_gains_do_not_fill_the_axis() -> None:
    figure = gain_points(["a"], [0.001], [(0.0, 0.002)], [""])
    assert figure.layout.xaxis.range[1] >= 0.05


def test_lists_of_other_lengths_are_a_fault() -> None:
    with pytest.raises(ValueError):
        gain_points(["a"], [0.1, 0.2], [(0, 1)], [""])
