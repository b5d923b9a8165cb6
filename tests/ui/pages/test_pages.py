"""The page of answers on a tiny checkpoint, with the real example scenes."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.errors import CheckpointError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.ui.server import examples, models
from lxmert_viz.ui.wording import plain
from tests.conftest import ANSWERS
from tests.helpers.small_page import Counted, ask, button, chart, opened, texts

QUESTION = examples.examples()[0].questions[0].text


def test_the_page_opens_on_an_answer(page: AppTest, counted: Counted) -> None:
    assert not page.exception
    assert page.text_input(key="question.typed").value == QUESTION
    assert "Probability of each answer" in chart(page)
    assert "softmax over 9 answers" in chart(page)
    assert "P(match)" in page.get("progress")[0].proto.text
    assert (counted.looks, counted.asks) == (1, 1)


def test_the_page_says_what_lxmert_is_and_what_attention_does_not_prove(page: AppTest) -> None:
    assert "LXMERT answers questions about pictures." in texts(page)
    assert "where a head looked, not why the model answered" in texts(page)


def test_there_are_at_least_eight_scenes_with_questions() -> None:
    scenes = examples.examples()
    assert len(scenes) >= 8
    assert all(scene.questions for scene in scenes)


def test_a_scene_brings_its_own_picture_and_question(page: AppTest, counted: Counted) -> None:
    third = examples.examples()[2]
    button(page, third.title).click().run()
    assert page.text_input(key="question.typed").value == third.questions[0].text
    assert (counted.looks, counted.asks) == (2, 2)


def test_a_suggested_question_is_asked_at_once(page: AppTest, counted: Counted) -> None:
    second = examples.examples()[0].questions[1].text
    assert plain(second) in page.menu_button(key="question.suggested").options
    page.menu_button(key="question.suggested").click(second).run()
    assert page.text_input(key="question.typed").value == second
    assert plain(second) not in page.menu_button(key="question.suggested").options
    assert (counted.looks, counted.asks) == (1, 2)


def test_an_answer_seen_before_is_not_computed_again(page: AppTest, counted: Counted) -> None:
    ask(page, "what is red?")
    ask(page, QUESTION)
    ask(page, "what is red?")
    assert (counted.looks, counted.asks) == (1, 2)


def test_an_empty_question_says_what_to_do(page: AppTest, counted: Counted) -> None:
    ask(page, "   ")
    assert "Type one above" in texts(page)
    assert counted.asks == 1


def test_a_question_that_is_too_long_is_one_sentence_and_the_session_goes_on(
    page: AppTest,
) -> None:
    ask(page, "red " * 200)
    assert not page.exception
    assert len(page.error) == 1
    ask(page, "what is red?")
    assert not page.error
    assert page.get("plotly_chart")


def test_a_picture_of_ones_own_is_looked_at(
    page: AppTest, counted: Counted, photograph: bytes
) -> None:
    page.button_group(key="picture.source").set_value("upload").run()
    assert "No picture yet" in texts(page)
    page.file_uploader(key="picture.upload").upload("mine.jpg", photograph, "image/jpeg").run()
    assert page.get("plotly_chart")
    assert "It knows no photographs." in texts(page)
    assert (counted.looks, counted.asks) == (2, 2)


def test_a_broken_picture_is_one_sentence_and_the_session_goes_on(
    page: AppTest, photograph: bytes
) -> None:
    page.button_group(key="picture.source").set_value("upload").run()
    upload = page.file_uploader(key="picture.upload")
    upload.upload("mine.jpg", photograph[: len(photograph) // 2], "image/jpeg").run()
    assert not page.exception
    assert "damaged or cut short" in texts(page)
    page.button_group(key="picture.source").set_value("examples").run()
    assert not page.error
    assert page.get("plotly_chart")


def test_a_checkpoint_that_cannot_be_opened_is_one_sentence(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> Pipeline:
        raise CheckpointError(f"{name} lacks 3 weights; get it again.")

    monkeypatch.setattr(models, "load_pipeline", broken)
    page = opened()
    assert not page.exception
    assert "miniature lacks 3 weights; get it again." in texts(page)


def test_every_complete_folder_of_models_can_be_chosen(
    counted: Counted, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LXMERT_VIZ_MODELS", str(tiny_folder.parent))
    page = opened()
    assert page.selectbox(key="model.name").options == [SHIPPED, "tiny"]
    page.selectbox(key="model.name").set_value("tiny").run()
    assert not page.exception
    assert counted.asks == 2


def test_regions_of_the_other_profile_come_with_a_warning(page: AppTest, counted: Counted) -> None:
    page.selectbox(key="regions.profile").set_value("demo").run()
    assert counted.looks == 2
    assert "found with the profile 'demo'" in texts(page)


def test_the_device_is_stated(page: AppTest) -> None:
    assert "Runs on: **cpu**" in texts(page)


def test_what_about_gives_rank_and_probability(page: AppTest, counted: Counted) -> None:
    page.text_input(key="answers.asked").set_value(" CUBE ").run()
    assert "“cube” has rank **" in texts(page)
    assert "** of 9, probability **" in texts(page)
    assert counted.asks == 1


def test_what_about_an_unknown_answer_suggests_close_ones(page: AppTest) -> None:
    page.text_input(key="answers.asked").set_value("gren").run()
    assert "“gren” is not among the 9 answers" in texts(page)
    button(page, "green").click().run()
    assert "“green” has rank **" in texts(page)


def test_an_answer_marked_as_right_is_marked_in_the_bars(page: AppTest) -> None:
    assert "cube (✓ right" not in chart(page)
    page.text_input(key="answers.asked").set_value("cube").run()
    button(page, "This is the right one").click().run()
    assert "cube (\\u2713 right, asked)" in chart(page)
    button(page, "Remove the mark").click().run()
    assert "cube (\\u2713 right" not in chart(page)


def test_a_mark_belongs_to_its_question_alone(page: AppTest) -> None:
    page.text_input(key="answers.asked").set_value("cube").run()
    button(page, "This is the right one").click().run()
    ask(page, "what is red?")
    assert "cube (\\u2713 right" not in chart(page)
    ask(page, QUESTION)
    assert "cube (\\u2713 right" in chart(page)


@pytest.mark.parametrize(("place", "said"), [(0, "Right."), (4, "Wrong. The right answer, “")])
def test_the_first_answer_is_called_right_or_wrong(page: AppTest, place: int, said: str) -> None:
    found = models.pipeline(SHIPPED).inner
    regions = found.look(examples.examples()[0].picture.content)
    answer = found.ask(regions, QUESTION).answers[place].text
    page.text_input(key="answers.asked").set_value(answer).run()
    button(page, "This is the right one").click().run()
    assert said in texts(page)


def test_the_scene_tells_the_right_answer_of_its_questions(page: AppTest) -> None:
    question = next(q for q in examples.examples()[0].questions if q.answer in ANSWERS)
    ask(page, question.text)
    assert f"{question.answer} (\\u2713 right)" in chart(page)


def test_missing_heads_are_named_with_who_has_them(counted: Counted) -> None:
    counted.change = lambda trace: replace(trace, answers=(), answer_kind="", match=None)
    page = opened()
    assert not page.exception
    assert "this checkpoint has no output head for answers" in texts(page)
    assert "This checkpoint has no output head for matching" in texts(page)


def test_a_sigmoid_head_is_named_so(counted: Counted) -> None:
    counted.change = lambda trace: replace(trace, answer_kind="sigmoid")
    page = opened()
    assert "sigmoid of each of 9 answers alone; they need not sum to 1" in chart(page)


def test_words_of_a_person_are_shown_letter_by_letter(page: AppTest) -> None:
    page.text_input(key="answers.asked").set_value("<u>*a*</u> :red[b] $x$").run()
    assert "“<u>*a*</u> :red[b] $x$” is not among" in texts(page)
    assert not any("*a*" in m.value or ":red[b" in m.value for m in page.markdown)
