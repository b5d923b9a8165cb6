"""The board's answers on eight rows that can be counted by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lxmert_viz.errors import DatasetError
from lxmert_viz.results.board import Board
from lxmert_viz.results.columns import SCHEMA
from lxmert_viz.results.run_folder import MANIFEST, TABLE, write_table
from lxmert_viz.results.verdicts import Note
from lxmert_viz.whole_files import write_json
from tests.helpers.small_run import put_run

ROWS: list[dict[str, Any]] = [
    # right, answer, score, sure, structure, cause
    ("red", "red", 1.0, 0.95, "query", None),
    ("red", "blue", 0.0, 0.90, "query", "prior"),
    ("red", "blue", 0.0, 0.30, "query", "no rule"),
    ("blue", "blue", 1.0, 0.80, "query", None),
    ("yes", "yes", 1.0, 0.70, "verify", None),
    ("no", "yes", 0.0, 0.60, "verify", "prior"),
    ("no", None, 0.0, None, "verify", None),
    (None, "dog", None, 0.20, None, None),
]
NAMES = ("right", "answer", "score", "probability", "structural_type", "cause")


@pytest.fixture
def board(tmp_path: Path) -> Board:
    rows = [
        dict(zip(NAMES, row, strict=True))
        | {"question_id": f"q{n}", "text": f"question {n}?", "ceiling": 1.0, "words": n % 3}
        for n, row in enumerate(ROWS)
    ]
    rows[3]["tail"], rows[0]["tail"], rows[1]["tail"] = True, False, False
    rows[6]["error"] = "no picture"
    rows[4]["match"], rows[5]["match"] = 1.0, 0.95
    write_json(tmp_path / MANIFEST, {"model": {"name": "m"}})
    write_table(tmp_path / TABLE, pa.Table.from_pylist(rows, schema=SCHEMA))
    return Board(tmp_path)


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["question_id"] for row in rows]


def test_pages_follow_filter_and_order(board: Board) -> None:
    assert board.count() == 8 and board.count("correct=no") == 4
    assert ids(board.page("correct=no", "probability", True, 2, 0)) == ["q1", "q5"]
    assert ids(board.page("correct=no", "probability", True, 2, 2)) == ["q2", "q6"]
    assert ids(board.page("", "", False, 3, 6)) == ["q6", "q7"]
    assert ids(board.page("blue", "", False, 9, 0)) == ["q1", "q2", "q3"]
    assert ids(board.page('"question 7"', "", False, 9, 0)) == ["q7"]
    assert board.page("right=green", "", False, 9, 0) == []
    with pytest.raises(DatasetError, match="no column"):
        board.page("", "nothing", False, 1, 0)


def test_totals_are_means_over_what_is_scored(board: Board) -> None:
    totals = board.totals()
    assert (totals["rows"], totals["scored"], totals["errors"]) == (8, 7, 1)
    assert totals["score"] == pytest.approx(3 / 7)
    assert (totals["head"], totals["tail"]) == (0.5, 1)
    assert (totals["open"], totals["closed"]) == (0.5, pytest.approx(1 / 3))
    assert totals["valid"] is None
    assert (totals["says_yes"], totals["is_yes"]) == (1, pytest.approx(1 / 3))


def test_breakdowns_count_and_group_numbers(board: Board) -> None:
    found = board.breakdown("", "structural_type")
    told = [(r["value"], r["rows"], r["score"]) for r in found]
    assert told == [("query", 4, 0.5), ("verify", 3, pytest.approx(1 / 3)), (None, 1, None)]
    assert [r["value"] for r in board.breakdown("", "words")] == [0, 1, 2]
    sure = board.breakdown("probability>0.65", "probability")
    assert [(round(r["value"], 3), r["rows"]) for r in sure] == [(0.7, 1), (0.8, 1), (0.9, 2)]


def test_certainty_stands_in_the_last_bin(board: Board) -> None:
    found = board.breakdown("match>0", "match")
    assert [(round(row["value"], 3), row["rows"]) for row in found] == [(0.9, 2)]


def test_confusion_counts_each_answer_to_frequent_questions(board: Board) -> None:
    found = [(r["gold"], r["answer"], r["rows"]) for r in board.confusion("", 2)]
    assert found == [("no", "yes", 1), ("red", "blue", 2), ("red", "red", 1)]


def test_causes_say_what_fixing_them_would_gain(board: Board) -> None:
    found = [(r["cause"], r["rows"], r["gain"]) for r in board.causes("")]
    assert found == [("prior", 2, pytest.approx(2 / 7)), ("no rule", 1, pytest.approx(1 / 7))]


def test_arrays_leave_out_rows_with_a_hole(board: Board) -> None:
    found = board.arrays("structural_type=verify", ["probability", "score"])
    assert np.allclose(found["probability"], [0.7, 0.6]) and found["score"].tolist() == [1, 0]


def test_notes_become_columns_and_stay(board: Board) -> None:
    board.notes.write(Note("q1", "model", "colour odd", "looks grey"))
    board.notes.write(Note("q2", "label"))
    board.notes.write(Note("q2"))
    board.read_notes()
    assert ids(board.page("verdict=model", "", False, 9, 0)) == ["q1"]
    assert ids(board.page("tags~odd", "", False, 9, 0)) == ["q1"]
    assert board.count("verdict=none") == 7
    again = Board(board.run.path)
    assert again.row("q1")["note"] == "looks grey" and again.notes.of("q2").is_empty


def test_half_a_note_of_a_killed_process_is_passed_over(board: Board) -> None:
    board.notes.write(Note("q1", "model"))
    with board.notes.path.open("a") as file:
        file.write('{"id": "q2", "verd')
    again = Board(board.run.path)
    again.notes.write(Note("q3", "label"))
    assert [note.id for note in Board(board.run.path).notes.all()] == ["q1", "q3"]


def test_an_unfinished_run_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no manifest\.json"):
        Board(tmp_path)
    write_json(tmp_path / MANIFEST, {})
    with pytest.raises(DatasetError, match="not finished"):
        Board(tmp_path)


def test_columns_keep_their_holes_and_groups_are_set_against_the_rest(board: Board) -> None:
    columns, score = board.columns(["structural_type", "cause"])
    assert score.tolist() == [1, 0, 0, 1, 1, 0, 0]
    assert columns["cause"] == [None, "prior", "no rule", None, None, "prior", None]
    inside, outside = board.inside_and_outside("cause=prior")
    assert (inside.tolist(), sorted(outside.tolist())) == ([0, 0], [0, 0, 1, 1, 1])


def test_slices_are_kept_with_the_run(board: Board) -> None:
    board.save_slices({"sure and wrong": "correct=no probability>0.8"})
    assert Board(board.run.path).slices() == {"sure and wrong": "correct=no probability>0.8"}


def test_clusters_become_a_column_and_stay(board: Board) -> None:
    assert "cluster" not in board.filled()
    board.save_clusters(["q1", "q2", "q5"], [1, 1, 2])
    assert ids(board.page("cluster=1", "", False, 9, 0)) == ["q1", "q2"]
    again = Board(board.run.path)
    assert again.count("cluster!=none") == 3 and "cluster" in again.filled()
    assert again.columns(["cluster"], "cluster!=none")[0]["cluster"] == [1, 1, 2]


@pytest.mark.parametrize(("filter_text", "count"), [("score=0.3", 1), ("score>0.3", 1)])
def test_a_number_is_compared_as_it_is_stored(tmp_path: Path, filter_text: str, count: int) -> None:
    assert Board(put_run(tmp_path / "run", [0.3, 0.6, 0.0])).count(filter_text) == count
