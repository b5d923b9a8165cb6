"""The page of comparisons on a tiny checkpoint."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.experiments.edits import UNEDITED, PictureEdit
from lxmert_viz.picture import Picture
from lxmert_viz.ui.frame import own_boxes
from lxmert_viz.ui.frame.navigation import COMPARE
from lxmert_viz.ui.server import examples, models, variant
from lxmert_viz.ui.server.variant import OwnBox, RegionsAsked, Variant
from tests.helpers.small_page import Counted, OfFolder, opened, texts

FIRST, SECOND = examples.examples()[:2]


@pytest.fixture
def compare(page: AppTest) -> AppTest:
    return page.switch_page(COMPARE.path).run()


def stages(page: AppTest) -> list[dict]:
    payloads = [part.proto.bytes for part in page.get("bidi_component") if part.proto.bytes]
    return [json.loads(p[8 : 8 + int.from_bytes(p[4:8], "little")]) for p in payloads]


def against(page: AppTest, kind: str) -> AppTest:
    return page.button_group(key="compare.kind").set_value(kind).run()


def test_two_pictures_have_one_question_and_differ_where_both_axes_match(
    compare: AppTest, counted: Counted
) -> None:
    assert not compare.exception
    one, other = stages(compare)
    assert one["digest"] != other["digest"]
    assert one["text"] == other["text"] == FIRST.questions[0].text
    assert one["other"] is None
    assert set(other["other"]["families"]) == {"lang", "cross_lang"}
    assert (counted.looks, counted.asks) == (2, 2)


def test_boxes_drawn_on_one_picture_are_not_put_on_the_other(compare: AppTest) -> None:
    drawn = (OwnBox((0.1, 0.2, 0.5, 0.75), "drawn", -1),)
    detected = len(stages(compare)[1]["boxes"])
    key = (FIRST.picture.digest, RegionsAsked("trained"))
    compare.session_state[own_boxes.STATE] = {key: (drawn, "")}
    compare.run()
    one, other = stages(compare)
    assert [len(side["boxes"]) for side in (one, other)] == [1, detected]


def test_the_other_picture_can_be_ones_own(
    compare: AppTest, counted: Counted, photograph: bytes
) -> None:
    compare.selectbox(key="compare.scene").set_value("a picture of yours").run()
    assert "Drop the other picture above" in texts(compare)
    compare.file_uploader(key="compare.upload").upload("m.jpg", photograph, "image/jpeg").run()
    assert len(stages(compare)) == 2
    assert counted.looks == 3
    assert texts(compare).count("It knows no photographs.") == 1


def test_two_questions_have_one_picture_that_is_looked_at_once(
    compare: AppTest, counted: Counted
) -> None:
    looks = counted.looks
    against(compare, "question")
    assert "Type another question" in texts(compare)
    compare.text_input(key="compare.text").set_value("what is red?").run()
    assert not compare.exception
    one, other = stages(compare)
    assert one["digest"] == other["digest"]
    assert other["text"] == "what is red?"
    assert set(other["other"]["families"]) == {"vision", "cross_vision"}
    assert counted.looks == looks


def test_another_checkpoint_is_asked_or_the_way_to_one_is_shown(
    counted: Counted, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened().switch_page(COMPARE.path).run()
    against(page, "model")
    assert "Only one checkpoint is here" in texts(page)
    monkeypatch.setenv("LXMERT_VIZ_MODELS", str(tiny_folder.parent))
    page.run()
    assert not page.exception
    one, other = stages(page)
    # the same weights under another name: every map can be subtracted
    assert len(other["other"]["families"]) == 6
    assert any("P(match)" in metric.label for metric in page.metric)


def test_checkpoints_with_the_same_detector_look_once(
    counted: Counted, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        shutil.copytree(tiny_folder, tmp_path / name)
    monkeypatch.setenv("LXMERT_VIZ_MODELS", str(tmp_path))
    monkeypatch.setattr(models, "load_pipeline", lambda name: OfFolder(counted, name))
    page = opened()
    page.selectbox(key="model.name").set_value("one").run()
    page.switch_page(COMPARE.path).run()
    looks = counted.looks
    page.session_state["compare.model"] = "two"
    against(page, "model")
    assert not page.exception
    assert len(stages(page)) == 2
    assert counted.looks == looks
    asked = RegionsAsked("demo")
    own = Variant("one", asked, Picture.of(b""), "red", PictureEdit(off=(1,)))
    assert variant.with_model(own, "two") == replace(own, model="two")
    with (tmp_path / "two" / "detector" / "objects.txt").open("a") as names:
        names.write("\nanother name")
    assert variant.with_model(own, "two").edit == UNEDITED
    page.run()
    assert counted.looks == looks + 1  # now each has its own, and the first one's are known
