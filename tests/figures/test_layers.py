"""Lines by layer, tables of layers, and planes with a frame a layer."""

import numpy as np
import pandas as pd
import pytest

from lxmert_viz.figures.layers import Line, by_layer, cells, table
from lxmert_viz.figures.probes import curves, description_length
from lxmert_viz.figures.projection import projection


def test_lines_have_intervals_and_a_common_axis() -> None:
    line = Line(np.array([0.5, 0.7]), np.array([0.4, 0.6]), np.array([0.55, 0.9]))
    base = Line(np.array([0.2, np.nan]), baseline=True)
    figure = by_layer({"probe": line, "majority": base}, ["L1", "L2"], "t", "accuracy", (0, 1))
    probe, majority = figure.data
    assert np.allclose(probe.error_y.array, [0.05, 0.2])
    assert np.allclose(probe.error_y.arrayminus, [0.1, 0.1])
    assert majority.line.width < probe.line.width
    assert figure.layout.yaxis.range == (0, 1)
    with pytest.raises(ValueError, match="3 depths"):
        by_layer({"probe": line}, ["a", "b", "c"], "t", "s")


def test_a_probe_stands_beside_what_it_is_compared_to() -> None:
    names = ("accuracy", "low", "high", "control", "majority", "noise")
    series = {name: np.array([0.1, 0.2]) + place / 10 for place, name in enumerate(names)}
    layers = pd.DataFrame({"layer": ["L1", "X1"]} | series)
    figure = curves(layers, "MLP", "colour", "12 states")
    assert [line.name for line in figure.data] == ["MLP probe", "control task", "majority", "noise"]
    assert np.allclose(figure.data[0].error_y.array, 0.2)
    assert np.allclose(figure.data[3].y, series["noise"])
    assert "12 states" in figure.layout.title.subtitle.text
    assert figure.layout.yaxis.range == (-0.03, 1.05)
    (line,) = description_length(layers.assign(compression=[1.5, np.nan])).data
    assert line.y[0] == 1.5


def test_cells_are_drawn_as_they_are() -> None:
    values = np.array([[1, 0.2], [0.2, 1]])
    assert np.array_equal(table(values, ["a", "b"], "t", "s").data[0].z, values)
    with pytest.raises(ValueError, match="labels"):
        cells(values, ["a"], ["b", "c"], "t", "s", span=(-1, 1))


def test_a_plane_has_a_frame_for_each_layer_and_points_that_can_be_told() -> None:
    frames = [np.array([[0.0, 1], [2, 3], [4, 5]]), np.array([[9.0, 1], [2, 3], [4, -5]])]
    names = ["cat", "3 large gray shiny sphere", "dog"]
    figure = projection(frames, ["L1", "X1"], names, ["word", "region", "word"], "PCA", "s")
    assert [frame.name for frame in figure.frames] == ["L1", "X1"]
    words, regions = figure.data
    assert list(words.customdata) == [0, 2] and list(regions.customdata) == [1]
    assert list(words.x) == [9, 4] and list(figure.frames[0].data[0].x) == [0, 4]
    assert list(regions.text) == ["3"] and words.marker.symbol != regions.marker.symbol
    assert figure.layout.sliders[0].active == 1
    low, high = figure.layout.xaxis.range
    assert low < 0 and high > 9
