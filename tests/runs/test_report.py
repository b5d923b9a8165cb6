"""What a person noted about a run, as tables and as a page."""

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.results.columns import SCHEMA
from lxmert_viz.results.opening import open_run
from lxmert_viz.results.run_folder import TABLE, write_table
from lxmert_viz.results.verdicts import Note, Notes
from lxmert_viz.runs.report import notes_as_csv, notes_as_jsonl, report
from lxmert_viz.whole_files import write_json

ROWS = [
    ("a", "Is it <b>red</b>?", "yes", "no", 0.0, "prior", 0.9),
    ("b", "How many?", "2", "2", 1.0, None, 0.8),
    ("c", "How many, then?", "2", "3", 0.0, "off by one", 0.7),
    ("d", "Where?", "left", "left", 1.0, None, 0.6),
]
COLUMNS = ("question_id", "text", "right", "answer", "score", "cause", "probability")


@pytest.fixture
def folder(tmp_path: Path, photograph: bytes) -> Path:
    path = tmp_path / "run"
    path.mkdir()
    (tmp_path / "picture.jpg").write_bytes(photograph)
    file = str(tmp_path / "picture.jpg")
    others = {"question_type": "how many", "ceiling": 1.0, "picture_file": file}
    rows = [dict(zip(COLUMNS, row, strict=True)) | others for row in ROWS]
    rows[0]["picture_file"] = str(tmp_path / "gone.jpg")
    write_table(path / TABLE, pa.Table.from_pylist(rows, schema=SCHEMA))
    about = {"name": "toy", "layout": "GQA", "sha256": "0" * 64, "training_note": ""}
    model = {"name": "small", "sha256": "1" * 64}
    write_json(path / "manifest.json", {"model": model, "data": about, "begun": "today"})
    notes = Notes(path)
    notes.write(Note("c", verdict="model wrong", tags="counting hard", text="hides, partly"))
    notes.write(Note("a", text="<script>alert(1)</script>"))
    notes.write(Note("d", verdict="model wrong"))
    notes.write(Note("d"))  # taken back
    return path


def test_noted_rows_are_exported_in_the_datasets_order(folder: Path) -> None:
    board = open_run(folder)
    table = list(csv.DictReader(io.StringIO(notes_as_csv(board))))
    assert [row["question_id"] for row in table] == ["a", "c"]
    assert table[1]["tags"] == "counting hard" and table[1]["note"] == "hides, partly"
    lines = [json.loads(line) for line in notes_as_jsonl(board).splitlines()]
    assert lines[1]["verdict"] == "model wrong" and lines[0]["cause"] == "prior"


def test_the_page_holds_figures_and_chosen_examples_and_no_scripts(folder: Path) -> None:
    page = report(open_run(folder))
    assert "small on toy" in page and "2 chosen examples" in page
    assert "Mean score</th><td>0.5000" in page
    assert "1, gain +0.2500" in page  # one of four rows, fixed
    assert "how many" in page and "0.500 of 4" in page
    assert "<svg" in page and page.count("<circle") == 4
    assert page.count('src="data:image/jpeg;base64,') == 1  # the other picture is gone
    assert "<script" not in page and "&lt;script&gt;" in page and "<b>red</b>" not in page
    assert "http" not in page


def test_the_command_writes_what_the_ending_asks_for(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for ending, start in ((".html", "<!doctype html>"), (".csv", "question_id,"), (".jsonl", "{")):
        out = tmp_path / f"notes{ending}"
        assert main(["report", str(folder), "-o", str(out)]) == 0
        assert out.read_text(encoding="utf-8").startswith(start)
    assert capsys.readouterr().out.count(": rows 4, of them noted 2") == 3
    assert main(["report", str(folder), "-o", str(tmp_path / "notes.pdf")]) == 2


def test_a_table_has_every_row_and_its_notes(folder: Path, tmp_path: Path) -> None:
    for ending in (".csv", ".jsonl"):
        assert main(["report", str(folder), "-o", str(tmp_path / f"all{ending}")]) == 0
    table = list(csv.DictReader((tmp_path / "all.csv").open(encoding="utf-8")))
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [row["question_id"] for row in table] == ["a", "b", "c", "d"]
    assert [row["note"] for row in table] == ["<script>alert(1)</script>", "", "hides, partly", ""]
    assert [row["note"] or "" for row in lines] == [row["note"] for row in table]
    assert [row["probability"] for row in lines] == pytest.approx([0.9, 0.8, 0.7, 0.6])
    assert table[1]["verdict"] == "" and lines[1]["verdict"] is None
