import json

import plotly.graph_objects as go
import pytest

from lxmert_viz.figures import linked
from lxmert_viz.figures.linked import Linked, Spot


def figures() -> list[Linked]:
    first = go.Figure(go.Scatter(x=[0, 1], y=[0, 1]))
    spots = [Spot("", -0.5, -0.5, 0.5, 0.5), Spot("2", 1, 1, 2, 2)]
    return [
        Linked("one", first, spots),
        Linked("two", go.Figure(first), [None, Spot("", None, 0, None, 1)]),
    ]


def test_every_thing_has_its_spots_and_a_sentence() -> None:
    found = json.loads(json.dumps(linked.payload("q", ["“a”", "1 cube"], ["s", "t"], figures())))
    assert found["labels"] == ["“a”", "1 cube"] and found["sentences"] == ["s", "t"]
    assert [figure["key"] for figure in found["figures"]] == ["one", "two"]
    assert found["figures"][0]["spots"][1] == ["2", 1, 1, 2, 2]
    assert found["figures"][1]["spots"] == [None, ["", None, 0, None, 1]]


def test_spots_of_other_things_are_refused() -> None:
    with pytest.raises(ValueError, match="there are 3 things"):
        linked.payload("q", ["a", "b", "c"], ["s", "t", "u"], figures())


def test_a_page_of_its_own_has_everything_and_runs_nothing_of_a_persons() -> None:
    evil = "</script><script>alert(1)</script>"
    data = linked.payload(evil, [evil, "b"], [evil, "t"], figures())
    page = linked.page(evil, [evil], figures(), data)
    assert "alert(1)</script>" not in page
    assert page.count('class="st-key-') == 2 and "mountLinked(document, {" in page
    assert "https://cdn" not in page.partition("<body>")[2]
    assert "Plotly.newPlot" in page
