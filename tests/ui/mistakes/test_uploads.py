"""A dataset of the visitor's own: handed over, checked, asked, and seen by nobody else."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.places import APP, DATA_VARIABLE
from lxmert_viz.ui.frame.navigation import MISTAKES
from lxmert_viz.ui.server import boards, jobs
from tests.helpers.small_page import SECONDS, Counted, button, texts

LINES = ["sentence,file,gold", "is it a dog?,a.jpg,yes", "what is it?,b.jpg,dog", "what?,a.jpg"]


@pytest.fixture(autouse=True)
def data(
    tmp_path: Path,
    counted: Counted,
    tiny_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    monkeypatch.setattr(boards, "find", lambda name: tiny_folder)
    monkeypatch.setattr(boards.models, "pipeline", lambda name: counted.inner)
    return tmp_path


def new_run(**address: str) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=SECONDS)
    page.query_params.update(address)
    page.run()
    page.switch_page(MISTAKES.path).run()
    page.session_state["new.open"] = True
    return page.run()


def hand_over(page: AppTest, *files: tuple[str, bytes, str]) -> AppTest:
    uploader = page.file_uploader(key="new.files 0")
    for file in files:
        uploader.upload(*file)
    page.run()
    name = f"{len(files)} files" if files[1:] else files[0][0]
    return button(page, f"Read {name}").click().run()


def chosen(page: AppTest) -> str:
    return page.selectbox(key="new.dataset").value


def test_a_table_is_mapped_checked_asked_and_stays_the_visitors_own(
    data: Path, photograph: bytes
) -> None:
    page = new_run()
    table = ("mine.csv", "\n".join(LINES).encode(), "text/csv")
    hand_over(page, table, ("a.jpg", photograph, "image/jpeg"))
    name = chosen(page)
    assert name.startswith("uploads/") and "says which" not in texts(page)
    boxes = {box.label: box for box in page.selectbox}
    assert (boxes["Question"].value, boxes["Picture"].value) == ("sentence", "file")
    assert boxes["Right answer"].value == "gold"
    shown = texts(page)
    assert "2 examples about 2 pictures, 2 with a right answer" in shown
    assert "Rows that cannot be read, left out: **1**" in shown
    button(page, "Ask miniature all its questions").click().run()
    (running,) = [n for n in data.glob("uploads/*/runs/*.begun.json")]
    run = f"{running.parent.relative_to(data).as_posix()}/miniature"
    assert jobs.evaluations().of(run).over.wait(SECONDS)
    assert jobs.evaluations().of(run).problem == ""
    page.run()
    rows = {metric.label: metric.value for metric in page.metric}
    assert rows["Rows"] == "2" and rows["Not answered"] == "1"  # b.jpg is not there
    others = new_run()
    assert "mine.csv" not in texts(others)
    assert not any("uploads/" in str(box.options) for box in others.selectbox)
    linked = new_run(run=run)
    assert {m.label: m.value for m in linked.metric}["Rows"] == "2"


def test_pictures_alone_are_asked_what_the_visitor_says(data: Path, photograph: bytes) -> None:
    page = new_run()
    hand_over(page, ("a.jpg", photograph, "image/jpeg"))
    assert "1 examples about 1 pictures" in texts(page)
    page.text_area[0].set_value("is it a dog?\nwhat is it?").run()
    button(page, "Check the data first").click().run()
    assert "2 examples about 1 pictures" in texts(page)
    button(page, "Ask miniature all its questions").click().run()
    (begun,) = data.glob("uploads/*/runs/*.begun.json")
    assert json.loads(begun.read_text())["asked"] == "is it a dog?\nwhat is it?"
    run = f"{begun.parent.relative_to(data).as_posix()}/miniature"
    assert jobs.evaluations().of(run).over.wait(SECONDS)
    assert boards.begun(run).asked == "is it a dog?\nwhat is it?"


def test_where_two_files_may_hold_the_questions_each_is_offered(data: Path) -> None:
    table = "\n".join(LINES).encode()
    page = hand_over(new_run(), ("a.csv", table, "text/csv"), ("b.csv", table, "text/csv"))
    key = next((data / "uploads").iterdir()).name
    offered = [f"uploads/{key}/files/{name}.csv" for name in "ab"]
    assert chosen(page) == offered[0] and "2 examples" in texts(page)
    page.selectbox(key="new.dataset").set_value(offered[1]).run()
    assert chosen(page) == offered[1] and not page.exception


def test_what_cannot_be_kept_is_a_sentence(data: Path) -> None:
    page = hand_over(new_run(), ("mine.zip", b"PK", "application/zip"))
    assert "mine.zip cannot be unpacked" in texts(page) and not page.exception
    assert list((data / "uploads").glob("*/*")) == []


def test_what_is_chosen_and_not_read_is_not_passed_over(data: Path) -> None:
    page = new_run()
    asks = "Ask miniature all its questions"
    assert not button(page, asks).disabled
    page.file_uploader(key="new.files 0").upload("mine.csv", "\n".join(LINES).encode(), "text/csv")
    page.run()
    assert button(page, asks).disabled and button(page, "Check the data first").disabled
    button(page, "Read mine.csv").click().run()
    assert not button(page, asks).disabled and chosen(page).startswith("uploads/")


def test_a_file_that_cannot_be_read_is_a_sentence_on_the_page(data: Path) -> None:
    deep = "[" * 10000 + "]" * 10000
    page = hand_over(new_run(), ("deep.jsonl", deep.encode(), "application/json"))
    assert "nested too deeply" in texts(page) and not page.exception


def test_a_layout_that_is_known_by_its_rows_needs_no_columns(data: Path) -> None:
    row = {"image": "a.jpg", "caption": "A dog.", "label": 1, "relation": "on"}
    page = hand_over(new_run(), ("dev.jsonl", json.dumps(row).encode(), "application/json"))
    assert "VSR" in texts(page) and "Right answer" not in [box.label for box in page.selectbox]
