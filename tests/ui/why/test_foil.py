"""The match of a caption, explained against a foil."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.ui.frame import handover
from lxmert_viz.ui.frame.navigation import WHY
from tests.helpers.small_page import ask, texts

CAPTION, FOIL = "the large cube is red", "the small cube is red"


@pytest.fixture
def matching(page: AppTest) -> AppTest:
    """As the page Matching opens this one."""
    ask(page, CAPTION)
    page.session_state[handover.MATCH] = (CAPTION, FOIL)
    page.session_state["why.method"] = "occlusion"
    page.switch_page(WHY.path).run()
    page.selectbox(key="why.method").set_value("occlusion").run()
    return page


def last_figure(page: AppTest) -> str:
    return page.get("plotly_chart")[-1].proto.spec


def typed(page: AppTest) -> Any:
    return next(box for box in page.text_input if box.label == "Foil")


def test_the_foil_that_matching_named_is_held_against_it(matching: AppTest) -> None:
    assert not matching.exception
    assert typed(matching).value == FOIL
    assert "The caption matches by **" in texts(matching)
    figure = last_figure(matching)
    assert "What makes the caption match more than the foil" in figure
    assert "large" in figure and "not" in figure and "small" in figure
    assert "Removed: regions left out, words [MASK]" in figure


def test_unequal_lengths_and_unsigned_methods_are_one_sentence_each(matching: AppTest) -> None:
    typed(matching).set_value("the cube is red").run()
    told = " ".join(info.value for info in matching.info)
    assert "no word of one stands for a word of the other" in told
    assert "small" not in last_figure(matching)
    typed(matching).set_value(CAPTION.upper()).run()
    assert "the same sentence" in " ".join(error.value for error in matching.error)
    matching.selectbox(key="why.method").set_value("bimodal").run()
    told = " ".join(info.value for info in matching.info)
    assert not matching.exception and "Bi-modal relevance has no signs" in told
