"""Boxes of a person's own: what the browser may send, and every page that follows them."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lxmert_viz.picture import Picture
from lxmert_viz.records import OWN_BOXES, Regions
from lxmert_viz.ui.frame import own_boxes
from lxmert_viz.ui.server import answers, examples, variant
from lxmert_viz.ui.server.variant import OwnBox, RegionsAsked, Variant
from lxmert_viz.ui.what_if import box_editor

if TYPE_CHECKING:
    from tests.helpers.small_page import Counted

DRAWN = OwnBox((0.1, 0.2, 0.5, 0.75), "", -1)
NAMED = OwnBox((0.0, 0.0, 1.0, 1.0), "all, of it", -1)


def unheard(stage: str, share: float) -> None:
    pass


def seen(photograph: bytes, boxes: tuple[OwnBox, ...] | None) -> Regions:
    asked = RegionsAsked("trained", boxes=boxes)
    return answers.regions("miniature", Picture.of(photograph), asked, unheard)


def test_what_the_browser_sends_is_read() -> None:
    text = json.dumps([{"box": [0, 0.25, 0.5, 1], "name": " a cat ", "detected": 2}])
    assert box_editor.read(text, detected=3) == (OwnBox((0, 0.25, 0.5, 1), "a cat", 2),)
    assert box_editor.read("[]", 3) == ()


@pytest.mark.parametrize(
    "text",
    [
        '{"box": 1}',
        "[1]",
        '[{"box": [0, 0, 1], "name": "", "detected": -1}]',
        '[{"box": [0, 0, 2, 1], "name": "", "detected": -1}]',
        '[{"box": [0.5, 0, 0.1, 1], "name": "", "detected": -1}]',
        '[{"box": [0, 0, NaN, 1], "name": "", "detected": -1}]',
        '[{"box": [0, 0, 1, 1], "name": "", "detected": 3}]',
        '[{"box": [0, 0, 1, 1], "name": ""}]',
        json.dumps([{"box": [0, 0, 1, 1], "name": "", "detected": -1}] * 101),
    ],
)
def test_what_the_editor_never_sends_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="box"):
        box_editor.read(text, detected=3)


def test_drawn_boxes_have_the_features_of_exactly_these_places(
    counted: "Counted", photograph: bytes
) -> None:
    found = seen(photograph, (DRAWN, NAMED))
    sides = np.array([DRAWN.sides, NAMED.sides], np.float32)
    alone = counted.inner.look(photograph, boxes_unit=sides)
    assert found.feats.tobytes() == alone.feats.tobytes()
    np.testing.assert_allclose(found.boxes_unit, sides, atol=1e-6)
    assert found.names == (alone.names[0], "all, of it")
    assert found.profile == OWN_BOXES


def test_detected_regions_stay_as_they_are_among_drawn_ones(
    counted: "Counted", photograph: bytes
) -> None:
    detected = seen(photograph, None)
    last = len(detected) - 1
    kept = OwnBox(tuple(detected.boxes_unit[last].tolist()), "mine", last)
    found = seen(photograph, (DRAWN, kept, NAMED))
    assert found.feats[1].tobytes() == detected.feats[last].tobytes()
    assert found.scores[1] == detected.scores[last]
    assert found.names[1] == "mine"
    alone = counted.inner.look(photograph, boxes_unit=variant.drawn_sides((DRAWN, NAMED)))
    assert found.feats[[0, 2]].tobytes() == alone.feats.tobytes()


def test_without_any_box_the_text_is_read_alone(counted: "Counted", photograph: bytes) -> None:
    asked = RegionsAsked("trained", boxes=())
    without = Variant("miniature", asked, Picture.of(photograph), "what is this ?")
    found = answers.trace(without, unheard)
    assert len(found.regions) == 0
    assert found.answers
    other = answers.trace(replace(without, asked=asked.detected), unheard)
    assert found.answers != other.answers


def test_the_page_shows_what_is_read_and_the_answer_before_and_after(
    counted: "Counted",
) -> None:
    from lxmert_viz.ui.frame import navigation
    from tests.helpers.small_page import opened, texts

    page = opened()
    page.switch_page(navigation.REGIONS.path).run()
    assert not page.exception
    count = len(page.dataframe[0].value)
    assert count > 0
    told = [part.proto.json for part in page.get("bidi_component") if "detected" in part.proto.json]
    assert "with the detected regions" in told[0]
    assert "the answer with them stands here" in told[0]
    picture = examples.examples()[0].picture
    kept = {(picture.digest, RegionsAsked("trained")): ((DRAWN, NAMED), "")}
    page.session_state[own_boxes.STATE] = kept
    page.run()
    assert not page.exception
    parts = [part.proto.json for part in page.get("bidi_component")]
    (told,) = [json.loads(told) for told in parts if "detected" in told]
    before, now = json.loads(told)["told"]
    assert now["title"] == "With your boxes" and now["rest"] != before["rest"]
    assert page.dataframe[0].value["name"].tolist()[1] == "all, of it"
    page.switch_page(navigation.ANSWERS.path).run()
    assert not page.exception
    assert page.dataframe[0].value["name"].tolist()[1] == "all, of it"
    assert "boxes of your own" in texts(page)


def test_states_are_told_apart_by_the_boxes_that_were_read(photograph: bytes) -> None:
    from lxmert_viz.ui.states.lenses import key_of

    sides = ((0.1, 0.1, 0.5, 0.5), (0.4, 0.4, 0.9, 0.9))
    asked = [RegionsAsked("trained", boxes=(OwnBox(one, "", -1),)) for one in sides]
    picture = Picture.of(photograph)
    found = [
        answers.trace(Variant("miniature", each, picture, "what is red?"), unheard)
        for each in (*asked, asked[0])
    ]
    keys = [key_of(each) for each in found]
    assert keys[0] == keys[2] != keys[1]
