"""The board's figures by their numbers."""

import numpy as np
import pytest

from lxmert_viz.figures import mistakes


def test_bars_carry_mean_interval_count_and_place() -> None:
    figure = mistakes.group_bars(
        ["a<b", "c"], [0.5, 1.0], [(0.4, 0.75), (0.5, 1.0)], [40, 2], 0.6, "in order"
    )
    bars = figure.data[0]
    assert list(bars.x) == [0.5, 1.0] and list(bars.customdata) == [0, 1]
    assert list(bars.error_x.array) == [0.25, 0.0]
    assert list(bars.error_x.arrayminus) == pytest.approx([0.1, 0.5])
    assert figure.layout.yaxis.ticktext == ("a&lt;b (40)", "c (2)")
    assert figure.layout.xaxis.range == (0, 1) and figure.layout.shapes[0].x0 == 0.6
    assert [(told.text, told.y) for told in figure.layout.annotations] == [
        ("0.500", 0),
        ("1.000", 1),
    ]


def test_cells_of_a_confusion_can_be_clicked() -> None:
    counts = np.array([[90, 0, 1], [2, 70, 0]])
    figure = mistakes.confusion(counts, ["red", "blue"], ["red", "blue", "pink"])
    heat, rights, points = figure.data
    missed = [[np.nan, 0, 1], [2, np.nan, 0]]
    assert np.array_equal(heat.z, missed, equal_nan=True) and heat.zmax == 2
    assert np.nansum(rights.z) == 160 and len({colour for _, colour in rights.colorscale}) == 1
    assert points.customdata.tolist() == [[0, 0], [0, 2], [1, 0], [1, 1]]
    assert list(points.text) == ["90", "1", "2", "70"]
    assert points.hovertext[1] == "right red, answered pink: 1"
    with pytest.raises(ValueError, match="labels"):
        mistakes.confusion(counts, ["red"], ["red"])


def test_curves_hold_what_they_are_given() -> None:
    figure = mistakes.reliability([0.2, 0.9], [0.3, 0.8], [10, 40], 0.1)
    assert list(figure.data[1].x) == [0.2, 0.9] and list(figure.data[1].y) == [0.3, 0.8]
    assert "0.100" in figure.layout.title.subtitle.text
    coverage = np.linspace(0.001, 1, 5009)
    curve = mistakes.risk_coverage(coverage, coverage / 2, 0.25).data[0]
    assert (len(curve.x), curve.x[0], curve.x[-1]) == (500, 0.001, 1)
    assert np.allclose(curve.y, np.asarray(curve.x) / 2)


def test_heads_that_differ_beyond_chance_carry_a_dot() -> None:
    effect, p = np.array([[0.5, -0.1]]), np.array([[0.001, 0.9]])
    heat = mistakes.head_differences(effect, p, ["lang 1"]).data[0]
    assert np.array_equal(heat.z, effect) and heat.zmin == -heat.zmax == -0.5
    assert [list(row) for row in heat.text] == [["•", ""]]
    with pytest.raises(ValueError, match="labels"):
        mistakes.head_differences(effect, p, [])
