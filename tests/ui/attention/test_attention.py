"""The page of attention maps on a tiny checkpoint."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.ui.frame.navigation import ATTENTION
from lxmert_viz.ui.server import examples
from tests.helpers.small_page import Counted, ask, opened, texts


@pytest.fixture
def attention(page: AppTest) -> AppTest:
    return page.switch_page(ATTENTION.path).run()


def stages(page: AppTest) -> list:
    """Not the parts of the frame, which are sent no bytes."""
    return [part for part in page.get("bidi_component") if part.proto.bytes]


def header(page: AppTest) -> dict[str, Any]:
    """What the stage's payload says of itself."""
    (stage,) = stages(page)
    payload = stage.proto.bytes
    return json.loads(payload[8 : 8 + int.from_bytes(payload[4:8], "little")])


def test_the_stage_has_every_map_and_the_model_runs_once(
    attention: AppTest, counted: Counted
) -> None:
    assert not attention.exception
    sent = header(attention)
    assert sent["text"] == examples.examples()[0].questions[0].text
    shapes = {name: family["shape"][:2] for name, family in sent["families"].items()}
    assert shapes["lang"] == [3, 4]
    assert [shapes[name] for name in shapes if name != "lang"] == [[2, 4]] * 5
    assert (counted.looks, counted.asks) == (1, 1)


def test_another_question_is_drawn_instead(attention: AppTest, counted: Counted) -> None:
    ask(attention, "red")
    assert header(attention)["pieces"] == ["[CLS]", "red", "[SEP]"]
    assert (counted.looks, counted.asks) == (1, 2)


def test_an_empty_question_says_what_to_do(attention: AppTest) -> None:
    ask(attention, " ")
    assert "Type one above" in texts(attention)
    assert not stages(attention)


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
    page.switch_page(ATTENTION.path).run()
    assert not page.exception
    assert header(page)["families"]["lang_from_vision"]["shape"][-1] == 0
