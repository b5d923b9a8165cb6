"""The bar: whose picture is in use, what it warns of, and where it is not."""

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.picture import Picture
from lxmert_viz.places import APP
from lxmert_viz.ui.frame import handover
from lxmert_viz.ui.frame.navigation import ANSWERS, ATTENTION, MODELS, SAVED
from lxmert_viz.ui.server import examples, keeping
from lxmert_viz.ui.server.variant import RegionsAsked, Variant
from tests.helpers.small_page import SECONDS, Counted, button, texts
from tests.ui.frame.test_address import stated

SCENE = examples.examples()[0]


@pytest.fixture
def own(page: AppTest, photograph: bytes) -> AppTest:
    """With a picture of the person's own, in use."""
    page.button_group(key="picture.source").set_value("upload").run()
    return page.file_uploader(key="picture.upload").upload("a.jpg", photograph, "image/jpeg").run()


def own_digest(page: AppTest) -> str:
    return stated(page).get("picture", "")


def test_ones_own_picture_stays_over_a_page_without_the_bar(own: AppTest) -> None:
    digest = own_digest(own)
    assert digest
    own.switch_page(MODELS.path).run()
    assert not own.get("file_uploader")
    assert own_digest(own) == digest  # a reload there finds it too
    own.switch_page(ANSWERS.path).run()
    assert own_digest(own) == digest
    assert "Yours is in use." in texts(own)


def test_a_picture_is_taken_away_where_it_was_given(own: AppTest) -> None:
    own.file_uploader(key="picture.upload").set_value(None).run()
    assert "No picture yet" in texts(own)
    assert own_digest(own) == ""


def test_a_picture_that_is_opened_is_not_replaced_by_one_that_was_uploaded(own: AppTest) -> None:
    asked = Variant("miniature", RegionsAsked("trained"), SCENE.picture, SCENE.questions[0].text)
    kept = keeping.as_zip(keeping.side(asked))  # as a program writes it
    opened = Picture.of(keeping.opened(kept).now.picture).digest
    own.switch_page(SAVED.path).run()
    own.file_uploader(key="saved.upload").upload("k.zip", kept, "application/zip").run()
    button(own, "Ask this again").click().run()
    assert own_digest(own) == opened
    own.run()
    assert own_digest(own) == opened


def test_nobody_is_said_to_have_given_a_picture_of_the_mistakes(
    page: AppTest, photograph: bytes
) -> None:
    digest = Picture.of(photograph).digest
    page.session_state[handover.OPENED] = (digest, "what is it?", "q 3", True)
    page.button_group(key="picture.source").set_value("upload").run()
    page.file_uploader(key="picture.upload").upload("a.jpg", photograph, "image/jpeg").run()
    assert "In use: the picture of q 3, from Mistakes." in texts(page)
    assert "Yours" not in texts(page)
    assert "It knows no photographs." not in texts(page)


def test_warnings_are_counted(own: AppTest) -> None:
    own.text_input(key="question.typed").set_value("is it red?")
    button(own, "Ask").click().run()
    assert [w.value.replace("\\", "") for w in own.warning] == ["It knows no photographs."]
    (popover,) = [p for p in own.get("popover") if p.proto.popover.icon == ":material/warning:"]
    assert popover.proto.popover.label == "1"


def test_a_page_that_asks_nothing_has_no_bar_and_opens_no_model(counted: Counted) -> None:
    page = AppTest.from_file(str(APP), default_timeout=SECONDS).switch_page(MODELS.path).run()
    assert not page.exception
    assert "Downloads lie in" in texts(page)
    assert not page.text_input
    assert (counted.looks, counted.asks) == (0, 0)
    page.switch_page(ATTENTION.path).run()
    assert page.text_input(key="question.typed").value == SCENE.questions[0].text
    assert (counted.looks, counted.asks) == (1, 1)
