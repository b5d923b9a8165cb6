"""The page of models: downloads from a hub on this machine, checks, removal."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.checkpoints.folder import MODELS_VARIABLE
from lxmert_viz.ui.frame.navigation import ANSWERS, MODELS
from lxmert_viz.ui.server import jobs
from tests.helpers.hub_server import Hub
from tests.helpers.small_page import Counted, button, opened, texts

SECONDS = 30


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv(MODELS_VARIABLE, str(folder))
    return folder


def at_models() -> AppTest:
    return opened().switch_page(MODELS.path).run()


def labels(page: AppTest) -> list[str]:
    return [b.label for b in page.button]


def ended(page: AppTest, name: str) -> AppTest:
    assert jobs.downloads().of(name).over.wait(SECONDS)
    return page.run()


def test_every_known_model_says_what_it_is_and_how_large(
    counted: Counted, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    page = at_models()
    assert not page.exception
    shown = texts(page)
    assert "the questions of VQA v2" in shown
    assert "About 1.27 GB to download, the detector included" in shown
    assert str(models) in shown
    assert labels(page).count("Download") == 3
    assert labels(page).count("Check") == 1


def test_a_download_ends_in_a_model_that_can_be_chosen(
    counted: Counted, models: Path, hub: Hub
) -> None:
    page = at_models()
    page.button(key="models.download lxmert-vqa").click().run()
    page = ended(page, "lxmert-vqa")
    assert not page.exception
    assert labels(page).count("Download") == 2
    page.button(key="models.use lxmert-vqa").click().run()
    assert not page.exception
    assert "models.use lxmert-vqa" not in [b.key for b in page.button]
    page.switch_page(ANSWERS.path).run()
    assert page.selectbox(key="model.name").options == ["miniature", "lxmert-vqa"]
    assert page.selectbox(key="model.name").value == "lxmert-vqa"


def test_a_running_download_shows_its_bar_and_can_be_stopped(
    counted: Counted, models: Path, hub: Hub
) -> None:
    hub.slow_seconds = 0.5
    page = at_models()
    page.button(key="models.download lxmert-vqa").click().run()
    assert "models.download lxmert-vqa" not in [b.key for b in page.button]
    assert page.get("progress")
    page.button(key="models.stop lxmert-vqa").click().run()
    page = ended(page, "lxmert-vqa")
    assert "it goes on from there" in texts(page)
    hub.slow_seconds = 0.0
    page.button(key="models.download lxmert-vqa").click().run()
    page = ended(page, "lxmert-vqa")
    assert page.button(key="models.use lxmert-vqa")


def test_what_went_wrong_is_one_sentence(counted: Counted, models: Path, hub: Hub) -> None:
    hub.files = {path: b for path, b in hub.files.items() if "objects.txt" not in path}
    page = at_models()
    page.button(key="models.download lxmert-vqa").click().run()
    page = ended(page, "lxmert-vqa")
    assert not page.exception
    assert "detector/objects.txt cannot be downloaded" in texts(page)
    assert labels(page).count("Download") == 3


def test_offline_nothing_can_be_downloaded(
    counted: Counted, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    page = at_models()
    assert page.button(key="models.download lxmert-vqa").disabled
    assert "HF_HUB_OFFLINE" in page.button(key="models.download lxmert-vqa").help


def test_a_check_lists_every_finding(counted: Counted, models: Path, tiny_folder: Path) -> None:
    shutil.copytree(tiny_folder, models / "tiny")
    page = at_models()
    page.button(key="models.check tiny").click().run()
    assert not page.exception
    shown = texts(page)
    assert "6 checks are right**, and none is wrong" in shown
    assert "**Tied decoder** · word embedding and decoder are equal" in shown
    assert "not applicable: " in shown
    (models / "tiny" / "answers.json").write_text("[]")
    page.button(key="models.check tiny").click().run()
    assert "1 of 11 checks are wrong" in texts(page)


def test_removing_everything_keeps_folders_of_ones_own(
    counted: Counted, models: Path, hub: Hub, tiny_folder: Path
) -> None:
    shutil.copytree(tiny_folder, models / "mine")
    page = at_models()
    page.button(key="models.download lxmert-vqa").click().run()
    page = ended(page, "lxmert-vqa")
    page.button(key="models.use lxmert-vqa").click().run()
    button(page, "Remove them all").click().run()
    assert not page.exception
    page.switch_page(ANSWERS.path).run()
    assert page.selectbox(key="model.name").value == "miniature"
    assert page.selectbox(key="model.name").options == ["miniature", "mine"]
    assert not (models / "lxmert-vqa").exists()
