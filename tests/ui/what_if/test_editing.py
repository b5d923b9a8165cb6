"""The page of edits on a tiny checkpoint."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.errors import CheckpointError
from lxmert_viz.experiments import edits
from lxmert_viz.records import Answer, Regions
from lxmert_viz.ui.frame.navigation import EDIT
from lxmert_viz.ui.server import examples, models
from tests.helpers.small_page import Counted, OfFolder, ask, button, opened, texts

SCENE = examples.examples()[0]
BLUE = SCENE.questions[0].text.split().index("blue")


@pytest.fixture
def edit(page: AppTest) -> AppTest:
    return page.switch_page(EDIT.path).run()


def stages(page: AppTest) -> list[dict]:
    payloads = [part.proto.bytes for part in page.get("bidi_component") if part.proto.bytes]
    return [json.loads(p[8 : 8 + int.from_bytes(p[4:8], "little")]) for p in payloads]


def choose_word(page: AppTest, place: int) -> AppTest:
    step = page.session_state["edit.history"].now
    return page.button_group(key=f"edit.word {step}").set_value(place).run()


def test_it_begins_with_what_was_asked(edit: AppTest, counted: Counted) -> None:
    assert not edit.exception
    assert "Nothing is changed yet" in texts(edit)
    assert len(stages(edit)) == 1
    assert (counted.looks, counted.asks) == (1, 1)


def test_a_masked_word_is_shown_beside_the_question_before(edit: AppTest, counted: Counted) -> None:
    choose_word(edit, BLUE)
    button(edit, "Mask it").click().run()
    assert not edit.exception
    before, after = stages(edit)
    assert before["text"] == SCENE.questions[0].text
    assert after["text"] == SCENE.questions[0].text.replace("blue", edits.MASK)
    assert "[MASK]" in after["pieces"]
    assert any("P(match)" in metric.label for metric in edit.metric)
    assert (counted.looks, counted.asks) == (1, 2)


def test_another_word_comes_in_its_place(edit: AppTest, counted: Counted) -> None:
    choose_word(edit, BLUE)
    edit.text_input(key=f"edit.new 1 {BLUE}").set_value("red").run()
    assert stages(edit)[1]["text"] == SCENE.questions[0].text.replace("blue", "red")
    assert edit.session_state["edit.history"].steps[-1].name == "“blue” → “red”"
    assert counted.looks == 1


def test_regions_go_off_and_keep_their_numbers(edit: AppTest, counted: Counted) -> None:
    edit.multiselect(key="edit.off 1").set_value([0, 2]).run()
    assert not edit.exception
    before, after = stages(edit)
    assert after["names"] == [name for at, name in enumerate(before["names"]) if at not in (0, 2)]
    assert counted.looks == 1


@pytest.mark.parametrize("operator", edits.OPERATORS[1:])
def test_every_operator_is_named_and_runs(edit: AppTest, counted: Counted, operator: str) -> None:
    edit.selectbox(key="edit.operator 1").set_value(operator).run()
    assert not edit.exception
    steps = edit.session_state["edit.history"]
    assert steps.step(steps.now).name == operator
    assert len(stages(edit)) == 2
    assert (counted.looks, counted.asks) == (1, 2)


def test_a_slow_browser_that_sends_a_step_again_changes_nothing(
    edit: AppTest, counted: Counted
) -> None:
    edit.selectbox(key="edit.operator 1").set_value(edits.ZEROED)
    sent = edit._tree.get_widget_states()
    edit._run(sent)._run(sent)
    names = [step.name for step in edit.session_state["edit.history"].steps]
    assert names == [SCENE.questions[0].text, edits.ZEROED]


def test_steps_are_restored_named_and_removed(edit: AppTest, counted: Counted) -> None:
    edit.selectbox(key="edit.operator 1").set_value(edits.ZEROED).run()
    edit.text_input(key="edit.name 2").set_value("my blank").run()
    edit.button(key="edit.restore 1").click().run()
    steps = edit.session_state["edit.history"]
    assert (steps.now, [step.name for step in steps.steps][1]) == (1, "my blank")
    assert stages(edit)[-1]["text"] == SCENE.questions[0].text
    edit.button(key="edit.move up 2").click().run()
    assert [step.number for step in steps.steps] == [2, 1]
    edit.button(key="edit.remove 2").click().run()
    assert len(stages(edit)) == 1
    assert (counted.looks, counted.asks) == (1, 2)


def test_a_step_that_cannot_be_asked_is_one_sentence_and_the_way_back_stays(edit: AppTest) -> None:
    choose_word(edit, BLUE)
    edit.text_input(key=f"edit.new 1 {BLUE}").set_value("red " * 200).run()
    assert not edit.exception
    assert len(edit.error) == 1
    edit.button(key="edit.restore 1").click().run()
    assert not edit.error


def test_another_question_begins_anew_and_keeps_the_steps(edit: AppTest) -> None:
    edit.selectbox(key="edit.operator 1").set_value(edits.ZEROED).run()
    ask(edit, "what is red?")
    assert not edit.exception
    steps = edit.session_state["edit.history"]
    assert [step.name for step in steps.steps][-1] == "what is red?"
    assert len(steps.steps) == 3
    assert len(stages(edit)) == 1


def test_another_checkpoint_is_asked_the_same(
    counted: Counted, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LXMERT_VIZ_MODELS", str(tiny_folder.parent))
    monkeypatch.setattr(models, "load_pipeline", lambda name: OfFolder(counted, name))
    page = opened().switch_page(EDIT.path).run()
    page.multiselect(key="edit.off 1").set_value([1]).run()
    page.selectbox(key="edit.model 2").set_value("tiny").run()
    assert not page.exception
    steps = page.session_state["edit.history"]
    now = steps.step(steps.now)
    assert (now.name, now.variant.model, now.variant.edit) == ("with tiny", "tiny", edits.UNEDITED)
    assert len(stages(page)) == 2


def test_the_word_that_the_model_would_put_is_told(edit: AppTest, counted: Counted) -> None:
    assert "the model would put" not in texts(edit)
    choose_word(edit, BLUE)
    button(edit, "Mask it").click().run()
    steps = edit.session_state["edit.history"]
    seen = counted.look(SCENE.picture.content, "trained", lambda stage, share: None)
    (best, *_), *_ = counted.masked_words(seen, steps.step(steps.now).variant.text)
    assert f"the model would put: **{best.text}** {best.probability:.2f}" in texts(edit)


def test_a_checkpoint_without_a_word_head_says_who_has_one(
    edit: AppTest, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(regions: Regions, text: str) -> list[tuple[Answer, ...]]:
        raise CheckpointError("tiny has no output head for masked words; lxmert-base has one.")

    monkeypatch.setattr(counted, "masked_words", none)
    choose_word(edit, BLUE)
    button(edit, "Mask it").click().run()
    assert not edit.exception
    assert "lxmert-base has one" in texts(edit)
    assert len(stages(edit)) == 2
