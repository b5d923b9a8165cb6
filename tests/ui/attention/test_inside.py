"""Query and key on the page of attention, on a tiny checkpoint."""

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Trace
from lxmert_viz.ui.attention.inside import place_in
from lxmert_viz.ui.frame.navigation import ATTENTION
from lxmert_viz.ui.server import examples
from lxmert_viz.ui.server.variant import Place, RegionsAsked, Variant
from tests.helpers.small_page import Counted, ask, texts

SCENE = examples.examples()[0]


@pytest.fixture
def trace(tiny_pipeline: Pipeline, photograph: bytes) -> Trace:
    return tiny_pipeline.ask(tiny_pipeline.look(photograph), "what is red?")


def test_what_a_browser_asks_for_is_checked(trace: Trace) -> None:
    good = {"family": "lang", "layer": 2, "head": 3, "query": 0, "key": None}
    assert place_in(good, trace) == Place("lang", 2, 3, 0, None)
    assert place_in(good | {"key": 1}, trace) == Place("lang", 2, 3, 0, 1)
    for bad in (
        {"family": "__class__"}, {"layer": 3}, {"layer": -1}, {"head": "1"}, {"query": True},
        {"query": None}, {"key": 99}, {"key": 0.5},
    ):  # fmt: skip
        assert place_in(good | bad, trace) is None
    assert place_in(None, trace) is None
    assert place_in(["lang"], trace) is None


def test_the_panel_belongs_to_its_picture_and_question(page: AppTest, counted: Counted) -> None:
    asked = Variant("miniature", RegionsAsked("trained"), SCENE.picture, SCENE.questions[0].text)
    page.session_state["attention.inside"] = (asked, Place("lang_from_vision", 1, 2, 4, None))
    page.switch_page(ATTENTION.path).run()
    assert not page.exception
    assert "Inside cross-modality encoder, words read regions, layer 2, head 3" in texts(page)
    assert "score" in page.dataframe[0].value.columns
    assert page.dataframe[0].value["weight"].sum() == pytest.approx(1, abs=1e-3)
    assert counted.asks == 1
    ask(page, "what is red?")
    assert not page.dataframe
