"""The page's address: what it states, and what it brings back."""

import re
from collections.abc import Mapping

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.picture import Picture
from lxmert_viz.places import APP
from lxmert_viz.ui.frame import address
from lxmert_viz.ui.frame.navigation import ANSWERS, ATTENTION, EDIT, Page
from lxmert_viz.ui.mistakes.place import page_number
from lxmert_viz.ui.server import examples, pictures
from tests.helpers.small_page import SECONDS, Counted, ask, button, texts


def opened_at(told: Mapping[str, str]) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=SECONDS)
    page.query_params.update(told)
    return page.run()


def stated(page: AppTest) -> dict[str, str]:
    """The address's keys; AppTest gives each as a list."""
    pairs = dict(page.query_params).items()
    return {key: value[0] if isinstance(value, list) else value for key, value in pairs}


def test_the_address_states_model_example_and_question(page: AppTest) -> None:
    first = examples.examples()[0]
    assert stated(page) == {
        "model": "miniature",
        "example": first.name,
        "question": first.questions[0].text,
    }
    ask(page, "what is red?")
    assert stated(page)["question"] == "what is red?"


def test_a_link_brings_example_and_question_back(counted: Counted) -> None:
    third = examples.examples()[2]
    page = opened_at({"example": third.name, "question": "how many balls?"})
    assert not page.exception
    assert page.text_input(key="question.typed").value == "how many balls?"
    assert button(page, third.title).proto.type == "primary"
    assert (counted.looks, counted.asks) == (1, 1)


def test_a_link_without_a_question_asks_the_first_of_its_scene(counted: Counted) -> None:
    third = examples.examples()[2]
    page = opened_at({"example": third.name})
    assert page.text_input(key="question.typed").value == third.questions[0].text


def test_names_that_nobody_knows_open_the_first_choices(counted: Counted) -> None:
    page = opened_at({"model": "nobody", "example": "nothing"})
    assert not page.exception
    assert stated(page)["example"] == examples.examples()[0].name
    assert stated(page)["model"] == "miniature"


def test_an_uploaded_picture_is_found_by_another_session(
    page: AppTest, counted: Counted, photograph: bytes
) -> None:
    page.button_group(key="picture.source").set_value("upload").run()
    page.file_uploader(key="picture.upload").upload("mine.jpg", photograph, "image/jpeg").run()
    told = stated(page)
    assert told["picture"] == pictures.kept_pictures().keep(Picture.of(photograph))
    assert "example" not in told
    again = opened_at(told)
    assert not again.exception
    assert "Yours is in use." in texts(again)
    assert again.get("plotly_chart")
    assert counted.looks == 2


def test_a_picture_that_is_not_here_is_named_with_what_to_do(counted: Counted) -> None:
    page = opened_at({"picture": "0123456789abcdef", "question": "what is red?"})
    assert not page.exception
    assert "Upload it again" in texts(page)
    assert "0123456789ab" in texts(page)


def test_keys_of_the_stage_stay(counted: Counted) -> None:
    page = opened_at({"map": "lang.2", "locks": "w3"})
    assert {"map": "lang.2", "locks": "w3"}.items() <= stated(page).items()


@pytest.mark.parametrize(
    ("text", "meant"),
    [("12", 12), ("007", 7), ("", None), ("²", None), ("٣", None), ("9" * 4301, None)]
    + [(text, None) for text in ("-1", "1.5", "1_0", " 1", "1e3", "1\n")],
)
def test_one_parser_reads_the_numbers_of_an_address(text: str, meant: int | None) -> None:
    assert address.number(text) == meant


@pytest.mark.parametrize(("told", "page"), [("3", 3), ("0", 1), ("²", 1), ("9" * 4301, 1), ("", 1)])
def test_the_page_of_a_table_is_one_that_can_be_counted(
    told: str, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "board", lambda: {"page": told})
    assert page_number() == page


@pytest.mark.parametrize("place", [ANSWERS, EDIT], ids=lambda place: place.title)
@pytest.mark.parametrize("number", ["²", "9" * 4301, "-1"], ids=["no decimal", "long", "negative"])
def test_numbers_that_are_none_are_passed_over(place: Page, number: str, counted: Counted) -> None:
    page = opened_at(
        {"profile": f"trained, regions={number}", "boxes": number, "seed": number} | {"off": number}
    )
    page.switch_page(place.path).run()
    assert not page.exception
    assert not page.error


def test_picture_question_answer_and_match_stay_in_sight(page: AppTest) -> None:
    for place in (None, ATTENTION):
        if place:
            page.switch_page(place.path).run()
        said = texts(page)
        assert (
            page.text_input(key="question.typed").value == examples.examples()[0].questions[0].text
        )
        assert re.search(r"\*\*\w+\*\* 0\.\d\d :red", said)  # the tiny network is wrong here
        assert "right: cone" in said
        assert "P(match) 0." in said
