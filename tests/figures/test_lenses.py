"""The grid of a lens and the history of a cell."""

import numpy as np
import pytest

from lxmert_viz.figures.lenses import lens_grid, lens_history, rise

LABELS = [["a", "b"], ["<i>", "a word of very many letters, more than a cell can show"], ["a", "c"]]
SHARES = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], np.float32)
RANKS = np.array([[0, 0], [4, 1], [2, 7]])


def test_rows_are_states_and_columns_are_depths() -> None:
    figure = lens_grid(
        LABELS, SHARES, RANKS, ["cat", "dog"], ["embeddings", "L1", "X1"],
        title="t", statistic="s", chosen=(1, 2),
    )  # fmt: skip
    heatmap, points = figure.data
    assert np.array_equal(heatmap.z, SHARES.T)
    assert (heatmap.zmin, heatmap.zmax) == (0, 1)
    assert heatmap.text[0][0] == "a"
    assert heatmap.text[0][1].startswith("&lt;i&gt;<br>") and "\u25b2 3" in heatmap.text[0][1]
    assert "=" in heatmap.text[1][1] and "\u2026" in heatmap.text[1][1]
    assert [tuple(c) for c in points.customdata][:4] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert "rank one layer below: 7" in points.hovertext[-1]
    frame = figure.layout.shapes[0]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (1.5, 2.5, 0.5, 1.5)


def test_a_rank_that_fell_is_told_from_one_that_rose() -> None:
    assert [rise(0), rise(5), rise(1), rise(2, 4)] == ["", "\u25b2 4", "=", "\u25bc 2"]


def test_a_history_has_a_line_for_each_label() -> None:
    figure = lens_history(SHARES, ["a", "b"], ["embeddings", "L1", "X1"], "s")
    assert [line.name for line in figure.data] == ["a", "b"]
    assert np.array_equal(figure.data[1].y, SHARES[:, 1])
    with pytest.raises(ValueError, match="3, 3"):
        lens_history(SHARES, ["a", "b", "c"], ["embeddings", "L1", "X1"], "s")
