"""Both pages on a tiny checkpoint, with the real example scenes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lxmert_viz.checkpoints import SHIPPED, Scope
from lxmert_viz.errors import CheckpointError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import APP
from lxmert_viz.records import ATTENTION_FAMILIES, Regions, Trace
from lxmert_viz.ui import resources
from lxmert_viz.ui.controls import ATTENTION_PAGE

SECONDS = 120  # a busy machine, not a slow page
QUESTION = resources.examples()[0].questions[0].text


class Counted:
    """A pipeline that counts what is asked of it, and can change what it says."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.inner = pipeline
        self.looks = 0
        self.asks = 0
        self.change: Callable[[Trace], Trace] = lambda trace: trace
        self.see: Callable[[Regions], Regions] = lambda regions: regions
        self.device = pipeline.device
        self.scope = Scope(world="Nothing.", warning="It knows no photographs.")
        self.profiles = pipeline.profiles

    def look(self, picture: bytes, profile: str, progress: Callable[[str, float], None]) -> Regions:
        self.looks += 1
        return self.see(self.inner.look(picture, profile, progress))

    def ask(self, regions: Regions, text: str) -> Trace:
        self.asks += 1
        return self.change(self.inner.ask(regions, text))


@pytest.fixture
def counted(tiny_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    pipeline = Counted(tiny_pipeline)
    monkeypatch.setattr(resources, "load_pipeline", lambda name: pipeline)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield pipeline
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def page(counted: Counted) -> AppTest:
    return AppTest.from_file(str(APP), default_timeout=SECONDS).run()


@pytest.fixture
def attention(page: AppTest) -> AppTest:
    return page.switch_page(str(ATTENTION_PAGE)).run()


def texts(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.warning, page.error, page.subheader)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def button(page: AppTest, label: str) -> object:
    return next(b for b in page.button if b.label.replace("\\", "") == label)


def ask(page: AppTest, text: str) -> AppTest:
    page.text_input(key="question.typed").set_value(text)
    return button(page, "Ask").click().run()


def chart(page: AppTest) -> str:
    return page.get("plotly_chart")[0].proto.spec


def test_the_page_opens_on_an_answer(page: AppTest, counted: Counted) -> None:
    assert not page.exception
    assert page.text_input(key="question.typed").value == QUESTION
    assert "Probability of each answer" in chart(page)
    assert "softmax over 9 answers" in chart(page)
    assert "P(match)" in page.get("progress")[0].proto.text
    assert (counted.looks, counted.asks) == (1, 1)


def test_the_page_says_what_to_do_next_and_what_attention_does_not_prove(page: AppTest) -> None:
    assert "Three things to try" in texts(page)
    assert "where a head looked, not why the model answered" in texts(page)


def test_there_are_at_least_eight_scenes_with_questions() -> None:
    scenes = resources.examples()
    assert len(scenes) >= 8
    assert all(scene.questions for scene in scenes)


def test_a_scene_brings_its_own_picture_and_question(page: AppTest, counted: Counted) -> None:
    third = resources.examples()[2]
    button(page, third.title).click().run()
    assert page.text_input(key="question.typed").value == third.questions[0].text
    assert (counted.looks, counted.asks) == (2, 2)


def test_a_suggested_question_is_asked_at_once(page: AppTest, counted: Counted) -> None:
    second = resources.examples()[0].questions[1].text
    button(page, second).click().run()
    assert page.text_input(key="question.typed").value == second
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

    monkeypatch.setattr(resources, "load_pipeline", broken)
    page = AppTest.from_file(str(APP), default_timeout=SECONDS).run()
    assert not page.exception
    assert "miniature lacks 3 weights; get it again." in texts(page)


def test_every_complete_folder_of_models_can_be_chosen(
    counted: Counted, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LXMERT_VIZ_MODELS", str(tiny_folder.parent))
    page = AppTest.from_file(str(APP), default_timeout=SECONDS).run()
    assert page.selectbox(key="model.name").options == [SHIPPED, "tiny"]
    page.selectbox(key="model.name").set_value("tiny").run()
    assert not page.exception
    assert counted.asks == 2


def test_regions_of_the_other_profile_come_with_a_warning(page: AppTest, counted: Counted) -> None:
    page.selectbox(key="model.profile").set_value("demo").run()
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
    found = resources.pipeline(SHIPPED).inner
    regions = found.look(resources.examples()[0].picture)
    answer = found.ask(regions, QUESTION).answers[place].text
    page.text_input(key="answers.asked").set_value(answer).run()
    button(page, "This is the right one").click().run()
    assert said in texts(page)


def test_the_scene_tells_the_right_answer_of_its_questions(page: AppTest) -> None:
    told = resources.examples()[0].questions[0].answer
    assert f"{told} (\\u2713 right)" in chart(page)


def test_missing_heads_are_named_with_who_has_them(counted: Counted) -> None:
    counted.change = lambda trace: replace(trace, answers=(), answer_kind="", match=None)
    page = AppTest.from_file(str(APP), default_timeout=SECONDS).run()
    assert not page.exception
    assert "this checkpoint has no answer head" in texts(page)
    assert "This checkpoint has no matching head" in texts(page)


def test_a_sigmoid_head_is_named_so(counted: Counted) -> None:
    counted.change = lambda trace: replace(trace, answer_kind="sigmoid")
    page = AppTest.from_file(str(APP), default_timeout=SECONDS).run()
    assert "sigmoid of each of 9 answers alone; they need not sum to 1" in chart(page)


def test_words_of_a_person_are_shown_letter_by_letter(page: AppTest) -> None:
    page.text_input(key="answers.asked").set_value("<u>*a*</u> :red[b] $x$").run()
    assert "“<u>*a*</u> :red[b] $x$” is not among" in texts(page)
    assert not any("*a*" in m.value or ":red[" in m.value for m in page.markdown)


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
    attention.switch_page("lxmert_viz/ui/pages/answers_page.py").run()
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
    page = AppTest.from_file(str(APP), default_timeout=SECONDS).run()
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
    page = AppTest.from_file(str(APP), default_timeout=SECONDS).run()
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
