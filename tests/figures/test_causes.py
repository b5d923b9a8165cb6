"""Figures of interventions: numbers where they belong, fixed scales, wrong shapes refused."""

import numpy as np
import pytest

from lxmert_viz.figures import causes, flow, steering_page
from lxmert_viz.figures.causes import Change
from lxmert_viz.figures.flow import Line, Point
from lxmert_viz.figures.picture import regions_picture


def test_cells_keep_their_scale_whatever_the_numbers() -> None:
    values = np.array([[0.01, -0.02], [0.0, 5.0]])
    figure = causes.cells(values, ["a", "b"], ["x", "<y>"], "T", "one<br>two", reach=1.0)
    (heat,) = figure.data
    assert (heat.zmin, heat.zmax) == (-1, 1) and heat.z.tolist() == values.tolist()
    assert heat.customdata[1][1] == "b, &lt;y&gt;"
    assert figure.layout.margin.t == causes.TOP_PX + causes.LINE_PX
    with pytest.raises(ValueError, match=r"\(2, 2\), labels \(1, 2\)"):
        causes.cells(values, ["a"], ["x", "y"], "T", "", reach=1.0)


def test_cells_that_can_be_chosen_say_which_they_are() -> None:
    values = np.zeros((2, 3))
    figure = causes.cells(values, ["a", "b"], list("xyz"), "T", "", reach=1, can_be_chosen=True)
    heat, spots = figure.data
    assert [(x, y) for x, y in zip(spots.x, spots.y, strict=True)][4] == (1, 1)
    assert (
        spots.text[4] == "b, y: 0.000"
        and list(spots.customdata[4]) == [1, 1]
        and heat.z.shape == (2, 3)
    )


def test_controls_are_a_band_behind_both_values() -> None:
    figure = causes.before_after(3.0, 1.0, np.linspace(2, 4, 21), "T", "S")
    controls, both = figure.data
    assert len(controls.x) == 21 and list(both.x) == [1.0, 3.0]
    (band,) = figure.layout.shapes
    assert (band.x0, band.x1) == pytest.approx((2.05, 3.95))


def test_edits_stand_from_the_first_down_with_their_controls() -> None:
    changes = [Change("a", 3.0, 1.0, "told a"), Change("<b>", -1.0, None, "told b")]
    bars, ticks = causes.edit_bars(changes, "T", "S").data
    assert list(bars.x) == [3.0, -1.0] and list(ticks.x) == [1.0] and list(ticks.y) == [0]
    assert bars.marker.color[0] != bars.marker.color[1]


def test_rankings_and_points_have_all_their_numbers() -> None:
    lines = {"one": np.array([0, 0.5, 1]), "two": np.array([0, 0.2, 1])}
    figure = causes.ranking_curves([0, 1, 4], lines, "T", "S")
    assert [line.name for line in figure.data] == ["one", "two"]
    assert list(figure.layout.xaxis.ticktext) == ["0", "1", "4"]
    points = causes.looks_and_matters(np.array([0.2]), np.array([-3.0]), ["h"], "T", "S")
    assert points.layout.yaxis.range[0] < -3 and list(points.data[0].text) == ["h"]


def test_the_flow_graph_has_layers_upward_and_streams_apart() -> None:
    points = [Point("lang", 1, 0, 1.0), Point("lang", 0, 2, 0.6), Point("vision", 0, 1, 0.4)]
    lines = [Line(1, 0, 0.6, "own <b>"), Line(2, 0, 0.4, "crosses")]
    names = {"lang": ["[CLS]", "a", "red"], "vision": ["1 cube", "2 ball"]}
    figure = flow.flow_graph(points, lines, names, 0, "T", "S")
    *edges, middles, nodes = figure.data
    assert [edge.line.dash for edge in edges] == ["solid", "dot"]
    assert list(edges[1].x) == [2 + flow.GAP, 0, None] and list(edges[1].y) == [0, 1, None]
    assert list(middles.text) == ["own &lt;b&gt;", "crosses"]
    assert [list(row) for row in nodes.customdata] == [
        ["lang", 1, 0],
        ["lang", 0, 2],
        ["vision", 0, 1],
    ]
    assert nodes.marker.color[0] != nodes.marker.color[1]
    assert [list(row) for row in middles.customdata][0] == ["lang", 0, 2, "lang", 1, 0]
    pinned = [*points[:2], Point("vision", 0, 1, 0.4, "<it>", True)]
    *_, marked = flow.flow_graph(pinned, lines, names, 0, "T", "S").data
    assert list(marked.marker.symbol) == ["circle", "circle", "diamond"]
    assert marked.text[2] == "&lt;it&gt;"
    assert list(figure.layout.xaxis.ticktext) == ["[CLS]", "red", "2 ball"]
    with pytest.raises(ValueError, match="vision 5 has no name"):
        flow.flow_graph([Point("vision", 0, 5, 1.0)], [], names, 0, "T", "S")


def test_where_not_all_columns_can_be_named_the_heaviest_are() -> None:
    count = 3 * flow.NAMED
    points = [Point("vision", 0, n, n / count) for n in range(count)] + [Point("lang", 1, 0, 1.0)]
    names = {"lang": ["[CLS]"], "vision": [f"{n + 1} cube" for n in range(count)]}
    axis = flow.flow_graph(points, [], names, count, "T", "S").layout.xaxis
    shown = list(axis.ticktext)
    fourth = [f"{n} cube" for n in range(count, 0, -4)]  # the nearest with room between names
    assert sorted(shown) == sorted(["[CLS]", *fourth])
    assert np.diff(axis.tickvals).min() >= (axis.range[1] - axis.range[0]) / (flow.NAMED + 2)
    whole = flow.flow_graph(points[-flow.NAMED + 3 :], [], names, 0, "T", "S").layout.xaxis
    assert len(whole.ticktext) == flow.NAMED - 3  # twenty words and thirty-six regions


def test_an_edge_by_head_has_both_measures() -> None:
    figure = flow.by_head(np.array([0.7, 0.3]), np.array([1, -2]), np.array([0.5, 0]), "T", "S")
    along, cut = figure.data
    assert list(along.x) == [1, -2] and list(cut.x) == [0.5, 0]
    assert list(along.y) == ["head 1", "head 2"] and list(cut.customdata) == [0.7, 0.3]


def test_the_steering_page_holds_all_that_it_shows() -> None:
    boxes = np.array([[0, 0, 0.5, 0.5]], np.float32)
    picture = regions_picture("data:image/png;base64,AAAA", (20, 10), boxes, ["<b>: red (0.90)"])
    made = steering_page.page(picture, "what <color>?", ["Point & read"])
    assert made.startswith("<!doctype html>") and "<title>what &lt;color&gt;?</title>" in made
    assert "data:image/png;base64,AAAA" in made and "&lt;b&gt;: red (0.90)" in made
    assert "<p>Point &amp; read</p>" in made and "http" not in made
