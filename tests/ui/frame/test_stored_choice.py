"""The page for a checkpoint without a detector: pictures whose regions are stored in a file."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.checkpoints.folder import MODELS_VARIABLE
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import APP, ASSETS, DATA_VARIABLE
from lxmert_viz.runs.stored import StoredRegions
from lxmert_viz.ui.server import stored_pictures
from tests.helpers.small_page import SECONDS, ask, opened, texts

STUDY = ASSETS / "study"
FIRST, SECOND = "scene-8500000", "scene-8500001"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The miniature without its detector, and a file of regions without pictures."""
    models, data = tmp_path / "models", tmp_path / "data"
    data.mkdir()
    left_out = shutil.ignore_patterns("detector")
    shutil.copytree(ASSETS / "miniature", models / "mine", ignore=left_out)
    shutil.copy(STUDY / "regions.tsv", data / "alone.tsv")
    monkeypatch.setenv(MODELS_VARIABLE, str(models))
    monkeypatch.setenv(DATA_VARIABLE, str(data))
    page = opened()
    return page.selectbox(key="model.name").set_value("mine").run()


def answer(model: Path, picture: str, text: str) -> str:
    pipeline = Pipeline.open(model, device="cpu")
    found = pipeline.ask(StoredRegions(pipeline, STUDY / "regions.tsv").of(picture), text)
    return found.answers[0].text


def test_stored_pictures_take_the_place_of_uploads(page: AppTest, tmp_path: Path) -> None:
    assert not page.exception
    assert "mine has no detector" in texts(page)
    assert page.selectbox(key="stored.file").options == ["study set (shipped)", "alone.tsv"]
    assert page.text_input(key="stored.picture").value == FIRST
    assert "picture.source" not in [c.key for c in page.segmented_control]
    model = tmp_path / "models" / "mine"
    for text, picture in (("is there a cube?", FIRST), ("is there a ring?", SECOND)):
        page.text_input(key="stored.picture").set_value(picture).run()
        page = ask(page, text)
        assert f"**{answer(model, picture, text)}**" in texts(page)


def test_a_picture_that_the_file_lacks_is_told_and_nothing_is_answered(page: AppTest) -> None:
    page.text_input(key="stored.picture").set_value("nothing").run()
    assert not page.exception
    assert "has no regions of the picture 'nothing'" in texts(page)
    assert "No picture yet" in texts(page)


def test_regions_without_their_pictures_are_shown_on_grey(page: AppTest) -> None:
    page.selectbox(key="stored.file").set_value("alone.tsv").run()
    assert not page.exception
    model = "mine"
    path = stored_pictures.files(model)["alone.tsv"]
    first, second = (
        stored_pictures.picture(model, stored_pictures.place(path, name))
        for name in (FIRST, SECOND)
    )
    assert first.digest != second.digest


def test_the_page_of_boxes_says_that_it_needs_a_detector(page: AppTest) -> None:
    page.switch_page("lxmert_viz/ui/pages/regions_page.py").run()
    assert not page.exception
    assert "Boxes of your own need a detector, which mine does not have" in texts(page)


def test_the_address_finds_the_picture_again(page: AppTest) -> None:
    page.text_input(key="stored.picture").set_value(SECOND).run()
    told = {key: page.query_params[key] for key in ("model", "stored", "of")}
    assert list(told.values()) == ["mine", "study set (shipped)", SECOND]
    again = AppTest.from_file(str(APP), default_timeout=SECONDS)
    for key, value in told.items():
        again.query_params[key] = value
    again.run()
    assert again.text_input(key="stored.picture").value == SECOND


def test_no_file_outside_of_the_data_folder_is_opened(page: AppTest, tmp_path: Path) -> None:
    outside = tmp_path / "outside.tsv"
    shutil.copy(STUDY / "regions.tsv", outside)
    with pytest.raises(DatasetError, match="no file of regions in the data folder"):
        stored_pictures.regions("mine", stored_pictures.place(str(outside), FIRST))
