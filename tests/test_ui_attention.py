"""The page of attention maps on a tiny checkpoint."""

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.records import ATTENTION_FAMILIES, Trace
from lxmert_viz.ui import resources
from lxmert_viz.ui.controls import ANSWERS_PAGE, ATTENTION_PAGE
from tests.small_page import Counted, ask, chart, opened, texts


@pytest.fixture
def attention(page: AppTest) -> AppTest:
    return page.switch_page(str(ATTENTION_PAGE)).run()


@pytest.mark.parametrize("family", ATTENTION_FAMILIES)
def test_every_family_layer_and_head_is_drawn_without_running_the_model_again(
    attention: AppTest, counted: Counted, family: str
) -> None:
    asked = counted.asks
    attention.selectbox(key="attention.family").set_value(family).run()
    attention.button_group(key="attention.layer").set_value(1).run()
    attention.button_group(key="attention.head").set_value(3).run()
    assert not attention.exception
    assert f"layer 1 of {3 if family == 'lang' else 2}, head 3 of 4" in chart(attention)
    assert family in chart(attention)
    assert (counted.looks, counted.asks) == (1, asked)


def test_fewer_layers_in_another_family_fall_back_to_its_last(attention: AppTest) -> None:
    attention.selectbox(key="attention.family").set_value("lang").run()
    attention.button_group(key="attention.layer").set_value(3).run()
    attention.selectbox(key="attention.family").set_value("vision").run()
    assert not attention.exception
    assert "layer 2 of 2" in chart(attention)


def test_a_choice_survives_a_look_at_the_other_page(attention: AppTest) -> None:
    attention.selectbox(key="attention.family").set_value("cross_vision").run()
    attention.button_group(key="attention.head").set_value(2).run()
    attention.switch_page(str(ANSWERS_PAGE)).run()
    attention.switch_page(str(ATTENTION_PAGE)).run()
    assert attention.selectbox(key="attention.family").value == "cross_vision"
    assert "head 2 of 4" in chart(attention)


def test_a_shorter_question_falls_back_to_its_first_word(attention: AppTest) -> None:
    attention.button_group(key="attention.word").set_value(5).run()
    ask(attention, "red")
    assert not attention.exception
    assert "“[CLS]” looks most at" in texts(attention)


def test_a_stretched_scale_is_flagged(attention: AppTest) -> None:
    assert "colours from 0 to 1" in chart(attention)
    attention.toggle(key="attention.stretched").set_value(True).run()
    assert "colours STRETCHED: 0 to 0." in chart(attention)


def test_the_sentence_names_the_share_of_an_even_look(attention: AppTest, counted: Counted) -> None:
    regions = counted.inner.look(resources.examples()[0].picture)
    count = len(regions)
    assert f"Looking at all {count} alike would give {1 / count:.2f} to each" in texts(attention)


def test_a_picture_without_regions_still_has_words(counted: Counted) -> None:
    counted.see = lambda regions: replace(
        regions,
        boxes_unit=np.zeros((0, 4), np.float32),
        feats=regions.feats[:0],
        names=(),
        object_ids=regions.object_ids[:0],
        attribute_ids=regions.attribute_ids[:0],
        scores=regions.scores[:0],
        attribute_scores=regions.attribute_scores[:0],
    )
    page = opened()
    assert not page.exception
    assert "found no region" in texts(page)
    page.switch_page(str(ATTENTION_PAGE)).run()
    assert "found no region" in texts(page)
    page.selectbox(key="attention.family").set_value("lang").run()
    assert not page.exception
    assert "language" in page.selectbox(key="attention.family").options[2]
    assert page.get("plotly_chart")


def test_a_long_text_says_which_part_of_its_map_is_drawn(counted: Counted) -> None:
    def lengthen(trace: Trace) -> Trace:
        tokens = replace(trace.tokens, pieces=("red",) * 70)
        maps = trace.attention | {"lang": np.full((3, 4, 70, 70), 1 / 70, np.float32)}
        return replace(trace, tokens=tokens, attention=maps)

    counted.change = lengthen
    page = opened()
    page.session_state["attention.family"] = "lang"
    page.switch_page(str(ATTENTION_PAGE)).run()
    assert not page.exception
    assert "Only the first 64 rows and columns" in texts(page)


def test_regions_that_look_at_words_are_drawn_for_a_chosen_word(attention: AppTest) -> None:
    attention.selectbox(key="attention.family").set_value("vision_from_lang").run()
    attention.button_group(key="attention.word").set_value(1).run()
    assert not attention.exception
    assert "How much each region looks at" in texts(attention)
    assert len(attention.get("html")) >= 2
