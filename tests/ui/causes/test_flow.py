"""The flow graph on the page: its address, its clicks, its file."""

import json
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.analysis.flow import Node
from lxmert_viz.experiments import cause_files
from lxmert_viz.experiments.cause_files import Cause
from lxmert_viz.ui.causes import flow, flow_edge, keeping, pins
from lxmert_viz.ui.frame.navigation import CAUSES
from lxmert_viz.ui.server import causes
from tests.helpers.causes_page import charts
from tests.helpers.small_page import Counted, texts


def test_the_flow_graph_is_rooted_where_the_address_says_and_tests_crossings(
    page: AppTest,
) -> None:
    page.query_params["cause"] = "flow"
    page.switch_page(CAUSES.path).run()
    (graph,) = charts(page)
    assert "[CLS]" in graph["layout"]["title"]["text"]
    assert "shares of what states are made of, not effects" in texts(page)
    page.toggle(key="causes.test").set_value(True).run()
    assert "cut: target falls by" in json.dumps(charts(page)[0])
    assert page.query_params["flow-test"] == "on"


def test_a_flow_graph_comes_whole_from_its_address(
    page: AppTest, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[Cause] = []
    monkeypatch.setattr(keeping, "offer", lambda asked, cause: offered.append(cause))
    told = {
        "cause": "flow",
        "flow-root": "vision.1.2",
        "flow-by": "attribution",
        "flow-states": "90",
        "flow-edges": "95",
        "flow-most": "20",
        "flow-pins": "lang.0.2~it,lang.m1.2~it,vision.0.1",
        "flow-edge": "lang.0.3-vision.1.2",
    }
    for name, value in told.items():
        page.query_params[name] = value
    page.switch_page(CAUSES.path).run()
    page.run()
    assert not page.exception and not page.error, texts(page)
    assert {name: page.query_params[name] for name in told} == told
    graph, edge = charts(page)
    assert "2 " in graph["layout"]["title"]["text"] and "counts for" in json.dumps(graph)
    assert list(graph["data"][-1]["text"]).count("it") == 1 and "by head" in json.dumps(edge)
    assert sum(len(t["x"]) // 3 for t in graph["data"][:-2]) <= 20
    kinds = {cause.kind: cause for cause in offered}
    for kind in ("flow", "edge"):
        again = cause_files.read(causes.written(kinds[kind], "tiny"))
        assert cause_files.difference(cause_files.run(counted.inner, again[1]), again[2]) < 1e-5
    assert kinds["flow"].options["pins"][0] == ["lang", 0, 1, "it"]


def test_a_flow_graph_without_such_a_state_says_so(page: AppTest) -> None:
    page.query_params["cause"] = "flow"
    page.query_params["flow-root"] = "vision.99.2"
    page.switch_page(CAUSES.path).run()
    assert "[CLS]" in charts(page)[0]["layout"]["title"]["text"]
    assert "flow-root=vision.99.2" in texts(page)


def test_clicks_in_the_flow_graph_choose_a_root_a_pin_or_an_edge(
    opened: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = SimpleNamespace(question="q")
    held: dict = {"causes.pins q": {}, "causes.click": "root"}
    for module in (flow, flow_edge, pins):
        monkeypatch.setattr(module.st, "session_state", held)

    def click(*told: object) -> None:
        points = [{"customdata": list(told)}]
        held["graph"] = SimpleNamespace(selection=SimpleNamespace(points=points))
        flow._follow_click(asked, "graph")

    click("lang", 1, 3)
    assert held["causes.root q"] == Node("lang", 1, 3)
    held["causes.click"] = "pin"
    click("vision", 0, 1)
    assert held["causes.pins q"] == {Node("vision", 0, 1): ""}
    click("vision", 0, 1)
    assert held["causes.pins q"] == {} and held["causes.root q"] == Node("lang", 1, 3)
    click("vision", 0, 1, "lang", 1, 2)
    assert held["causes.edge q"] == (Node("vision", 0, 1), Node("lang", 1, 2))
    click("vision", -1, 1, "lang", 0, 2)  # nothing crosses there
    assert held["causes.edge q"] == (Node("vision", 0, 1), Node("lang", 1, 2))
