import csv
import io

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lxmert_viz.figures import saving
from lxmert_viz.figures.answers import answer_bars
from lxmert_viz.figures.layers import Line, by_layer, cells
from lxmert_viz.figures.masked import masked_bars
from lxmert_viz.figures.mistakes import confusion, group_bars
from lxmert_viz.figures.projection import projection
from lxmert_viz.records import Answer, Standing


def rows_of(figure: go.Figure) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(saving.numbers_as_csv(figure, "Model tiny."))))


def test_bars_give_their_labels_and_numbers() -> None:
    shown = [Standing('a "b", c', 0.75, 1, 9), Standing("<i>", 0.25, 2, 9)]
    rows = rows_of(answer_bars(shown, "softmax"))
    assert [(row["y"], float(row["x"])) for row in rows] == [
        ('1. a "b", c', 0.75),
        ("2. <i>", 0.25),
    ]
    assert rows[0]["figure"] == "Probability of each answer"
    assert rows[0]["statistic"] == "softmax over 9 answers"
    assert rows[0]["about"] == "Model tiny."


def test_cells_give_row_column_and_value() -> None:
    figure = cells(np.array([[0.1, 0.2], [0.3, 0.4]]), "ab", "cd", "Cells", "cosine", span=(0, 1))
    rows = [(row["y"], row["x"], float(row["value"])) for row in rows_of(figure)]
    assert rows == [("a", "c", 0.1), ("a", "d", 0.2), ("b", "c", 0.3), ("b", "d", 0.4)]


def test_lines_give_series_layers_and_ends_of_intervals() -> None:
    line = Line(np.array([0.5, 0.6]), np.array([0.4, 0.5]), np.array([0.75, 0.85]))
    rows = rows_of(by_layer({"linear": line}, ["1", "2"], "By layer", "accuracy"))
    assert [(row["series"], row["x"]) for row in rows] == [("linear", "1"), ("linear", "2")]
    assert np.allclose([float(rows[0][name]) for name in ("y", "minus", "plus")], [0.5, 0.1, 0.25])


def test_each_kind_of_column_appears_only_where_it_is_used() -> None:
    bars = rows_of(group_bars(["x"], [0.5], [(0.4, 0.75)], [3], 0.5, "in order"))
    ends = [float(bars[0][name]) for name in ("minus", "plus")]
    assert np.allclose(ends, [0.1, 0.25])
    assert "value" not in bars[0]
    guesses = rows_of(masked_bars({"as it is": [Answer("red", 0.9)]}, "[MASK] 1"))
    assert guesses[0]["label"] == "red 0.900"


def test_points_that_only_catch_clicks_are_no_numbers() -> None:
    seen = go.Scatter(x=[1], y=[2], mode="markers")
    unseen = go.Scatter(x=[3], y=[4], mode="markers", marker_opacity=0)
    assert [row["x"] for row in rows_of(go.Figure([seen, unseen]))] == ["1"]


def test_points_of_every_step_of_a_slider_are_given() -> None:
    frames = [np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[4.0, 5.0], [6.0, 7.0]])]
    figure = projection(frames, ["L1", "L2"], ["red", "1 cube"], ["word", "region"], "PCA", "all")
    rows = [(r["frame"], r["series"], float(r["x"]), r["label"]) for r in rows_of(figure)]
    assert rows == [
        ("L1", "word", 0.0, "red word"),
        ("L1", "region", 2.0, "1 cube region"),
        ("L2", "word", 4.0, "red word"),
        ("L2", "region", 6.0, "1 cube region"),
    ]


def test_a_confusion_gives_its_counts() -> None:
    rows = rows_of(confusion(np.array([[2, 0], [1, 3]]), ["cat", "dog"], ["cat", "dog"]))
    counts = [(r["y"], r["x"], r["value"]) for r in rows if r["value"]]
    assert counts == [
        ("cat", "dog", "0.0"),
        ("dog", "cat", "1.0"),
        ("cat", "cat", "2.0"),
        ("dog", "dog", "3.0"),
    ]


def test_a_file_is_named_after_its_figure() -> None:
    named = go.Figure(layout={"title": {"text": "What each dimension adds to q·k / √d"}})
    assert saving.file_name(named) == "lxmert-what-each-dimension-adds-to-q-k-d"


def test_a_table_gives_its_rows() -> None:
    text = saving.table_as_csv(pd.DataFrame({"number": [1, 2], "name": ["a, b", "c"]}), "2 regions")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0] == {"number": "1", "name": "a, b", "about": "2 regions"}
    assert len(rows) == 2
