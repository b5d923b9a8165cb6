"""A server for strangers: examples and uploaded pictures, no folders, nothing kept."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.__main__ import main
from lxmert_viz.places import APP, ROOT
from lxmert_viz.ui.frame.navigation import MISTAKES
from lxmert_viz.ui.server import sweeping
from tests.helpers.page_client import Visitor, waited
from tests.helpers.served_page import free_port, served, wait_until_healthy
from tests.helpers.small_page import Counted


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """With a folder of data and a model half fetched, which are nobody's business."""
    folder = tmp_path_factory.mktemp("private")
    (folder / "secret").mkdir()
    (folder / "secret" / "questions.csv").write_text("picture,question\na.png,is it?\n")
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as place:
            place.setenv("LXMERT_VIZ_DATA", str(folder))
            address = stack.enter_context(served(APP, "--public"))
        yield address


def _seen(address: str, page: str, **query: str) -> Visitor:
    async def visit() -> Visitor:
        visitor = await Visitor.come(address)
        await visitor.see(page, **query)
        await visitor.leave()
        return visitor

    return waited(visit())


def test_examples_are_answered(public: str) -> None:
    assert "P(match)" in _seen(public, "").text


def test_no_model_is_fetched_and_no_folder_named(public: str) -> None:
    seen = _seen(public, "models_page")
    assert "brings no other models" in "\n".join(m.body for m in seen.of("markdown"))
    labels = {button.label for button in seen.of("button")}
    assert "Check" in labels
    assert "Download" not in labels
    assert str(Path.home()) not in seen.text


def test_a_new_run_takes_no_dataset_and_names_no_folder(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LXMERT_VIZ_PUBLIC", "1")
    monkeypatch.setenv("LXMERT_VIZ_KEEP_PICTURES", "0")
    page.session_state["new.open"] = True
    page.switch_page(MISTAKES.path).run()
    assert not page.exception
    assert page.selectbox(key="new.dataset").options == ["study set (shipped)"]
    said = "\n".join(caption.value for caption in page.caption)
    assert "takes no datasets" in said
    assert "folders offered" not in said
    assert len(page.get("file_uploader")) == 0


def test_what_was_made_of_a_strangers_picture_goes(
    page: AppTest, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = counted.asks
    page.run()
    assert counted.asks == asked
    sweeping.sweep()
    page.run()
    assert counted.asks == asked
    monkeypatch.setenv("LXMERT_VIZ_PUBLIC", "1")
    sweeping.sweep()
    page.run()
    assert counted.asks == asked + 1


def test_the_folder_of_the_day_goes_with_the_server(tmp_path: Path) -> None:
    place = tmp_path / "passing"
    place.mkdir()
    port = free_port()
    call = [sys.executable, "-m", "lxmert_viz", "serve", "--public", "--port", str(port)]
    server = subprocess.Popen(
        call, cwd=ROOT, env=os.environ | {"TMPDIR": str(place)}, stdout=subprocess.DEVNULL
    )
    try:
        wait_until_healthy(f"http://localhost:{port}", server)
        assert [path.name.startswith("lxmert-viz-public-") for path in place.iterdir()] == [True]
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
        assert list(place.iterdir()) == []
    finally:
        server.kill()


@pytest.mark.parametrize(
    "options", [["--data", "."], ["--keep-pictures", "1"]], ids=lambda options: options[0]
)
def test_what_strangers_must_not_have_is_refused(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--public", *options]) == 2
    assert options[0] in capsys.readouterr().err
    assert "LXMERT_VIZ_PUBLIC" not in os.environ
