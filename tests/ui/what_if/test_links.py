"""What a link restores beside model, picture and question, and what it says is missing."""

import random

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.experiments.edits import SHUFFLED, PictureEdit
from lxmert_viz.picture import Picture
from lxmert_viz.ui.frame import boxes_link
from lxmert_viz.ui.frame.navigation import COMPARE, EDIT, MISTAKES, Page
from lxmert_viz.ui.server import examples
from lxmert_viz.ui.server.variant import MOST, OwnBox, RegionsAsked, Variant, snapped
from lxmert_viz.ui.what_if import kept_steps
from lxmert_viz.ui.what_if.history import History, Step
from tests.helpers.small_page import Counted, button, texts
from tests.ui.frame.test_address import opened_at, stated
from tests.ui.what_if.test_editing import choose_word

SCENE = examples.examples()[0]
FOUND = tuple(OwnBox((0.1 * n, 0.0, 1.0, 0.5), f"thing {n}", n) for n in range(9))
DRAWN = OwnBox(snapped((0.1, 0.2, 0.5, 0.75)), "", -1)


@pytest.mark.parametrize(
    ("boxes", "text"),
    [
        ((), "none"),
        (FOUND, "0-8"),
        ((*FOUND[:3], FOUND[5]), "0-2,5"),
        ((FOUND[0]._replace(name="a, b: c"), FOUND[1]), "0:a%2C%20b%3A%20c,1"),
        ((FOUND[2], FOUND[1]), "2,1"),
    ],
)
def test_boxes_in_an_address_are_few_letters(boxes: tuple[OwnBox, ...], text: str) -> None:
    assert boxes_link.encoded(boxes, FOUND) == text
    assert boxes_link.decoded(text, FOUND) == boxes


def test_any_boxes_come_back_bit_for_bit() -> None:
    chance = random.Random(0)
    for _ in range(50):
        boxes = []
        for _ in range(chance.randrange(12)):
            (left, right), (top, bottom) = (sorted(chance.random() for _ in "ab") for _ in "xy")
            drawn = OwnBox(snapped((left, top, right, bottom)), "ü-é*" * 2, -1)
            boxes.append(chance.choice([drawn, drawn._replace(name=""), *FOUND]))
        assert boxes_link.decoded(boxes_link.encoded(boxes, FOUND), FOUND) == tuple(boxes)


def test_a_snapped_box_lies_where_it_lay() -> None:
    assert max(abs(a - b) for a, b in zip(DRAWN.sides, (0.1, 0.2, 0.5, 0.75), strict=True)) < 1e-5


def test_addresses_are_bounded() -> None:
    drawn = (DRAWN,) * MOST
    assert len(boxes_link.encoded(drawn, ())) < 1300
    assert boxes_link.encoded([box._replace(name="x" * 60) for box in drawn], ()) == ""


@pytest.mark.parametrize(
    "text", ["9", "0-9", "3-1", "x", "AAAA*AAAAAA", "__8AAAAAAAA", "0-8," * 12]
)
def test_damaged_boxes_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        boxes_link.decoded(text, FOUND)


def test_a_link_brings_boxes_and_numbers_of_regions_back(counted: Counted) -> None:
    link = {
        "example": SCENE.name,
        "profile": "trained, regions=12, proposals=150",
        "boxes": boxes_link.encoded((DRAWN._replace(name="mine"),), ()),
    }
    page = opened_at(link)
    assert not page.exception
    assert page.slider(key="regions.exactly").value == 12
    assert page.slider(key="regions.proposals").value == 150
    assert "1 region." in texts(page)
    assert link.items() <= stated(page).items()
    assert "link" not in texts(page)
    at(page, MISTAKES)  # it shows no picture, and its address keeps them all the same
    assert link.items() <= stated(page).items()


def test_a_link_for_other_regions_says_so_and_opens_the_detected_ones(counted: Counted) -> None:
    page = opened_at({"example": SCENE.name, "boxes": "0-98", "profile": "nobody"})
    assert not page.exception
    said = texts(page)
    assert "names boxes that cannot be drawn here" in said
    assert "cannot be followed in how regions are found" in said
    assert not {"boxes", "profile"} & stated(page).keys()
    button(page, "Close").click().run()
    assert "This link" not in texts(page)


def test_a_link_with_a_model_that_is_not_here_names_it(counted: Counted) -> None:
    said = texts(opened_at({"model": "lxmert-base", "example": "scene-99"}))
    assert "the model lxmert-base, which is not here" in said
    assert "an example scene, scene-99" in said


def at(page: AppTest, place: Page) -> AppTest:
    return page.switch_page(place.path).run()


def test_steps_come_back_with_names_and_places(page: AppTest, counted: Counted) -> None:
    at(page, EDIT)
    choose_word(page, 4)
    button(page, "Mask it").click().run()
    page.text_input(key="edit.name 1").set_value("as asked").run()
    before = page.session_state["edit.history"]
    again = at(opened_at(stated(page)), EDIT)
    assert not again.exception
    found = again.session_state["edit.history"]
    assert found.steps == before.steps
    assert (found.now, found.before) == (2, 1)
    found.change("next", found.steps[0].variant)
    assert found.now == 3


def test_steps_of_another_machine_are_told_and_the_last_is_shown(
    page: AppTest, counted: Counted
) -> None:
    at(page, EDIT)
    choose_word(page, 4)
    button(page, "Mask it").click().run()
    link = stated(page) | {"steps": "0" * 64, "ask": "lxmert-vqa"}
    again = at(opened_at(link), EDIT)
    assert not again.exception
    assert "earlier steps of this link" in texts(again)
    assert "asks another model too, lxmert-vqa" in texts(again)
    steps = again.session_state["edit.history"]
    assert "[MASK]" in steps.step(steps.now).variant.text


def test_steps_whose_picture_is_gone_are_left_out() -> None:
    there, lost = Picture.of(b"here"), Picture.of(b"gone")
    here, gone = (Variant("tiny", RegionsAsked("trained"), one, "what?") for one in (there, lost))
    asked = RegionsAsked("demo", (("regions", 50), ("score", 0.25)), (DRAWN, FOUND[2]))
    edited = Variant("tiny", asked, there, "who?", PictureEdit(SHUFFLED, (1, 3), 2))
    steps = History()
    for variant in (here, gone, edited):
        steps.change("a step", variant)
    pictures = {there.digest: there}
    kept = kept_steps.read(kept_steps.written(steps), pictures.get, ["tiny"])
    assert kept == ([Step(1, "a step", here), Step(3, "a step", edited)], 3, 3, 1)
    assert kept_steps.read(kept_steps.written(steps), pictures.get, []) == ([], 0, 0, 3)


def test_a_comparison_says_what_is_missing(counted: Counted) -> None:
    page = at(opened_at({"with": "model", "other": "lxmert-gqa"}), COMPARE)
    assert "asks another model too, lxmert-gqa" in texts(page)
    page = at(opened_at({"with": "picture", "other": "0123456789abcdef"}), COMPARE)
    assert "not kept here (its SHA-256 begins with 0123456789ab)" in texts(page)
