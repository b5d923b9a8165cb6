"""The queue of rows to be judged: its order, what a verdict does, what is exported."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from lxmert_viz.errors import DatasetError
from lxmert_viz.places import APP
from lxmert_viz.results.board import Board
from lxmert_viz.results.verdicts import Note, Notes
from lxmert_viz.ui.frame.navigation import TRIAGE
from tests.helpers.counted_queries import watch
from tests.helpers.served_page import WIDE, opened, served
from tests.helpers.small_page import Counted, button, texts
from tests.helpers.small_page import opened as opened_small
from tests.helpers.small_run import put_run

SCORES = [1, 0, 0, 1, 0]  # the surest mistakes: 4, 2, 1


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photograph: bytes) -> Path:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(photograph)
    monkeypatch.setenv("LXMERT_VIZ_DATA", str(tmp_path))
    return put_run(tmp_path / "runs" / "small", SCORES, picture=picture)


def triage() -> AppTest:
    return opened_small().switch_page(TRIAGE.path).run()


def progress(page: AppTest) -> str:
    return page.get("progress")[0].proto.text


def test_without_a_run_the_page_says_what_to_do(
    counted: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LXMERT_VIZ_DATA", str(tmp_path))
    page = triage()
    assert not page.exception
    assert "There is no finished run yet" in texts(page)


def test_a_verdict_is_kept_with_the_run_and_the_next_row_comes(counted: Counted, run: Path) -> None:
    page = triage()
    assert not page.exception
    assert progress(page) == "Row 1 of 3" and "question 4?" in texts(page)
    button(page, "The label is wrong").click().run()
    assert progress(page) == "Row 2 of 3" and "question 2?" in texts(page)
    assert Notes(run).of("4").verdict == "label"
    assert "1 noted row" in texts(page)
    button(page, "Back").click().run()
    button(page, "The label is wrong").click().run()  # once more takes it back
    assert Notes(run).of("4").verdict == "" and progress(page) == "Row 1 of 3"


def test_a_key_press_asks_for_one_row_and_writes_one_note(
    counted: Counted, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        Notes(run).write(Note(str(number), tags="odd"))
    seen = watch(monkeypatch)
    page = triage()
    seen.clear()
    button(page, "The label is wrong").click().run()
    assert "4 noted rows" not in texts(page) and "5 noted rows" in texts(page)
    # the count of the queue, which row is next, and that row
    assert seen == ["INSERT", "SELECT", "SELECT", "SELECT"]
    seen.clear()
    button(page, "Back").click().run()
    assert len(seen) <= 2  # the count is known
    seen.clear()
    page.run()
    assert seen == []


def test_buttons_stand_before_the_row_that_they_judge(
    counted: Counted, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = triage()
    sent, send = [], DeltaGenerator._enqueue

    def record(self: DeltaGenerator, kind: str, *others: Any, **named: Any) -> Any:
        sent.append(kind)
        return send(self, kind, *others, **named)

    monkeypatch.setattr(DeltaGenerator, "_enqueue", record)
    button(page, "The label is wrong").click().run()
    row = sent.index("progress")
    assert sent[:row].count("button") >= 6  # four verdicts, back and next
    assert "button" not in sent[row : sent.index("imgs")]


def test_a_key_pressed_again_before_the_next_row_stands_counts_once(
    counted: Counted, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = triage()
    pressed = page._tree  # what the browser shows until the next row reaches it
    button(page, "The label is wrong").click()
    with monkeypatch.context() as busy:
        busy.setattr(Board, "count", _too_late)
        page.run()
    page._tree = pressed
    page.run()
    assert Notes(run).of("4").verdict == "label" and progress(page) == "Row 2 of 3"


def _too_late(board: Board, text: str) -> int:
    raise DatasetError("another key was pressed before this run came to its buttons")


def test_tags_and_text_are_kept(counted: Counted, run: Path) -> None:
    page = triage()
    page.text_input(key="triage.tags 4").set_value(" dark   small ").run()
    page.text_area(key="triage.text 4").set_value("Hard to see.").run()
    note = Notes(run).of("4")
    assert (note.tags, note.text) == ("dark small", "Hard to see.")


def test_a_queue_of_what_is_open_ends(counted: Counted, run: Path) -> None:
    page = triage()
    page.toggle(key="triage.open").set_value(True).run()
    for left in (3, 2, 1):
        assert progress(page) == f"Row 1 of {left}"
        button(page, "The model is wrong").click().run()
    assert [element.value for element in page.success] == ["Nothing is left in this queue."]
    assert len(Notes(run).all()) == 3


@pytest.mark.browser
def test_keys_judge_and_move(browser: Browser, run: Path) -> None:
    with served(APP) as address:
        page, complaints = opened(browser, f"{address}/triage_page", WIDE)
        expect(page.get_by_text("Row 1 of 3")).to_be_visible()
        expect(page.get_by_role("button", name="JSON lines")).to_be_visible()  # the page's last
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
        page.keyboard.press("4")
        expect(page.get_by_text("Row 2 of 3")).to_be_visible()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_text("Row 3 of 3")).to_be_visible()
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_text("Row 2 of 3")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV").click()
        assert "question 4?" in Path(download.value.path()).read_text(encoding="utf-8")
        expect(page.get_by_test_id("stException")).to_have_count(0)
        assert [line for line in complaints if "404" not in line] == []
        page.close()
    assert Notes(run).of("4").verdict == "unclear"
