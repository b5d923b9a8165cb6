"""Whatever became of a run's files, its board answers, or says which one is damaged."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lxmert_viz.errors import DatasetError
from lxmert_viz.results.board import SLICES
from lxmert_viz.results.opening import open_run
from lxmert_viz.results.run_folder import MANIFEST, REMARKS, TABLE
from lxmert_viz.results.verdicts import FILE, Note
from lxmert_viz.runs.report import report
from tests.helpers.changed_json import change, changed_bytes, damaged
from tests.helpers.small_run import put_run

REMARK = {"kind": "note", "file": "q.json", "line": 3, "what": "odd"}
LINES = (FILE, REMARKS)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = put_run(tmp_path_factory.mktemp("runs") / "run", [1.0, 0.0, None, 0.3])
    board = open_run(folder)
    board.write_note(Note("1", "odd", "a b", "why"))
    board.write_note(Note("2", "odd"))
    board.save_slices({"wrong": "score < 0.5"})
    (folder / REMARKS).write_text(json.dumps(REMARK) + "\n" + json.dumps(REMARK) + "\n")
    return folder


def shows(run: Path) -> bool:
    """Whether all of it does."""
    try:
        board = open_run(run)
        board.totals()
        board.page("", "probability", True, 10, 0)
        board.slices()
        board.run.remarks()
        assert report(board)
    except DatasetError as error:
        assert str(error)
        return False
    return True


def changed(path: Path, data: st.DataObject) -> bytes:
    whole = path.read_bytes()
    if path.name == TABLE:
        return damaged(whole, data)
    if path.name not in LINES or data.draw(st.booleans()):
        return changed_bytes(whole, data) if path.name not in LINES else damaged(whole, data)
    told = [json.loads(line) for line in whole.splitlines()]
    change(told, data)
    return "\n".join(map(json.dumps, told)).encode()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_changed_file_is_shown_or_refused(data: st.DataObject, run: Path) -> None:
    path = run / data.draw(st.sampled_from([MANIFEST, SLICES, TABLE, *LINES]))
    whole = path.read_bytes()
    path.write_bytes(changed(path, data))
    try:
        shows(run)
    finally:
        path.write_bytes(whole)


def test_what_nobody_changed_is_shown(run: Path) -> None:
    assert shows(run)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (MANIFEST, "[" * 9999),
        (MANIFEST, "[]"),
        (MANIFEST, '{"model": {"name": 3}}'),
        (SLICES, '{"wrong": 1}'),
        (TABLE, "PAR1"),
        (FILE, "{}"),
        (FILE, '{"id": 3}'),
        (REMARKS, '{"kind": "strange", "file": "", "line": 1, "what": ""}'),
        (REMARKS, "{}"),
    ],
)
def test_files_that_are_none_are_refused(run: Path, file: str, content: str) -> None:
    path = run / file
    whole = path.read_bytes()
    path.write_text(content)
    try:
        assert not shows(run)
    finally:
        path.write_bytes(whole)


def test_half_of_a_last_note_is_no_fault(run: Path) -> None:
    whole = (run / FILE).read_bytes()
    (run / FILE).write_bytes(whole + b'{"id": "3", "verd')
    try:
        assert {note.id for note in open_run(run).notes.all()} == {"1", "2"}
    finally:
        (run / FILE).write_bytes(whole)
