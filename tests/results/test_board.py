"""The board's answers on eight rows that can be counted by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lxmert_viz.errors import DatasetError
from lxmert_viz.results.board import Board
from lxmert_viz.results.columns import SCHEMA
from lxmert_viz.results.opening import open_run
from lxmert_viz.results.run_folder import MANIFEST, TABLE, write_table
from lxmert_viz.results.verdicts import Note
from lxmert_viz.whole_files import write_json
from tests.helpers.small_run import put_manifest, put_run

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
    put_manifest(tmp_path)
    write_table(tmp_path / TABLE, pa.Table.from_pylist(rows, schema=SCHEMA))
    return open_run(tmp_path)


def ids(rows: pd.DataFrame) -> list[str]:
    return rows["question_id"].tolist()


def told(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    """With None where nothing is known."""
    known = rows.astype(object).where(rows.notna(), None)
    return list(known.itertuples(index=False, name=None))


def test_pages_follow_filter_and_order(board: Board) -> None:
    assert board.count() == 8 and board.count("correct=no") == 4
    assert ids(board.page("correct=no", "probability", True, 2, 0)) == ["q1", "q5"]
    assert ids(board.page("correct=no", "probability", True, 2, 2)) == ["q2", "q6"]
    assert ids(board.page("", "", False, 3, 6)) == ["q6", "q7"]
    assert ids(board.page("blue", "", False, 9, 0)) == ["q1", "q2", "q3"]
    assert ids(board.page('"question 7"', "", False, 9, 0)) == ["q7"]
    assert len(board.page("right=green", "", False, 9, 0)) == 0
    assert told(board.page("q", "score", True, 1, 1, ["score", "right"])) == [(1.0, "blue")]
    with pytest.raises(DatasetError, match="no column"):
        board.page("", "nothing", False, 1, 0)


def test_totals_are_means_over_what_is_scored(board: Board) -> None:
    totals = board.totals()
    assert (totals.rows, totals.scored, totals.errors) == (8, 7, 1)
    assert totals.score == pytest.approx(3 / 7)
    assert (totals.head, totals.tail, totals.gap) == (0.5, 1, -0.5)
    assert (totals.open, totals.closed) == (0.5, pytest.approx(1 / 3))
    assert totals.valid is None and board.totals("right=blue").gap is None
    assert (totals.says_yes, totals.is_yes) == (1, pytest.approx(1 / 3))


def test_breakdowns_count_and_group_numbers(board: Board) -> None:
    found = told(board.breakdown("", "structural_type")[["value", "rows", "score"]])
    assert found == [("query", 4, 0.5), ("verify", 3, pytest.approx(1 / 3)), (None, 1, None)]
    assert board.breakdown("", "words")["value"].tolist() == [0, 1, 2]
    sure = board.breakdown("probability>0.65", "probability")[["value", "rows"]]
    assert told(sure.round(3)) == [(0.7, 1), (0.8, 1), (0.9, 2)]


def test_certainty_stands_in_the_last_bin(board: Board) -> None:
    found = board.breakdown("match>0", "match")
    assert told(found[["value", "rows"]].round(3)) == [(0.9, 2)]


def test_confusion_counts_each_answer_to_frequent_questions(board: Board) -> None:
    assert told(board.confusion("", 2)) == [("no", "yes", 1), ("red", "blue", 2), ("red", "red", 1)]


def test_causes_say_what_fixing_them_would_gain(board: Board) -> None:
    found = told(board.causes(""))
    assert found == [("prior", 2, pytest.approx(2 / 7)), ("no rule", 1, pytest.approx(1 / 7))]


def test_a_frame_has_named_and_typed_columns(board: Board) -> None:
    whole = board.frame()
    assert list(whole)[:3] == ["question_id", "picture", "picture_file"] and len(whole) == 8
    assert list(whole)[-6:] == ["correct", "looked", "cluster", "verdict", "tags", "note"]
    kinds = {name: str(kind) for name, kind in whole.dtypes.items() if name != "people"}
    assert set(kinds.values()) == {"string", "boolean", "Int64", "float32"}
    names = ("question_id", "correct", "tail", "words", "regions", "cluster", "score", "note")
    assert [kinds[name] for name in names] == [
        *("string", "boolean", "boolean", "Int64", "Int64", "Int64", "float32", "string")
    ]


def test_what_is_not_known_is_neither_false_nor_zero(board: Board) -> None:
    rows = board.frame("structural_type=query", ["tail", "regions", "probability", "correct"])
    assert told(rows) == [
        (False, None, np.float32(0.95), True),
        (False, None, np.float32(0.9), False),
        (None, None, np.float32(0.3), False),
        (True, None, np.float32(0.8), True),
    ]
    assert rows["tail"].isna().tolist() == [False, False, True, False]
    assert rows["tail"].sum() == 1 and rows["regions"].isna().all()
    unscored = board.frame("right=none", ["score", "correct"])
    assert np.isnan(unscored["score"][0]) and unscored["correct"][0] is pd.NA


def test_a_frame_that_is_changed_changes_no_other(board: Board) -> None:
    first = board.breakdown("", "right")
    first["rows"] = 0
    assert board.breakdown("", "right")["rows"].sum() == 8


def test_a_row_is_a_record_with_the_columns_of_the_table(board: Board) -> None:
    row = board.row("q1")
    assert (row.answer, row.correct, row.words, row.tail, row.missed) == (
        "blue",
        False,
        1,
        False,
        None,
    )
    assert type(row.correct) is bool and type(row.words) is int and type(row.score) is float
    assert board.row("none such") is None


def test_the_tables_types_are_those_of_the_record() -> None:
    kinds = {"question_id": pa.string(), "score": pa.float32(), "steps": pa.int32()}
    kinds |= {"balanced": pa.bool_(), "people": pa.list_(pa.string())}
    assert {name: SCHEMA.field(name).type for name in kinds} == kinds
    assert (len(SCHEMA), SCHEMA.names[0], SCHEMA.names[-1]) == (51, "question_id", "place")


def test_notes_become_columns_and_stay(board: Board) -> None:
    board.write_note(Note("q1", "model", "colour odd", "looks grey"))
    board.write_note(Note("q2", "label"))
    board.write_note(Note("q2"))
    assert ids(board.noted()) == ["q1"]
    assert ids(board.page("verdict=model", "", False, 9, 0)) == ["q1"]
    assert ids(board.page("tags~odd", "", False, 9, 0)) == ["q1"]
    assert board.count("verdict=none") == 7
    again = open_run(board.run.path)
    assert again.row("q1").note == "looks grey" and again.notes.of("q2").is_empty


def test_half_a_note_of_a_killed_process_is_passed_over(board: Board) -> None:
    board.notes.write(Note("q1", "model"))
    with board.notes.path.open("a") as file:
        file.write('{"id": "q2", "verd')
    again = open_run(board.run.path)
    again.notes.write(Note("q3", "label"))
    assert [note.id for note in open_run(board.run.path).notes.all()] == ["q1", "q3"]


def test_an_unfinished_run_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no manifest\.json"):
        open_run(tmp_path)
    write_json(tmp_path / MANIFEST, {})
    with pytest.raises(DatasetError, match="not finished"):
        open_run(tmp_path)


def test_groups_are_set_against_the_rest(board: Board) -> None:
    inside, outside = board.inside_and_outside("cause=prior")
    assert (inside.tolist(), sorted(outside.tolist())) == ([0, 0], [0, 0, 1, 1, 1])


def test_slices_are_kept_with_the_run(board: Board) -> None:
    board.save_slices({"sure and wrong": "correct=no probability>0.8"})
    assert open_run(board.run.path).slices() == {"sure and wrong": "correct=no probability>0.8"}


def test_clusters_become_a_column_and_stay(board: Board) -> None:
    assert "cluster" not in board.filled()
    board.save_clusters(["q1", "q2", "q5"], [1, 1, 2])
    assert ids(board.page("cluster=1", "", False, 9, 0)) == ["q1", "q2"]
    again = open_run(board.run.path)
    assert again.count("cluster!=none") == 3 and "cluster" in again.filled()
    assert again.frame("cluster!=none", ["cluster"])["cluster"].tolist() == [1, 1, 2]


@pytest.mark.parametrize(("filter_text", "count"), [("score=0.3", 1), ("score>0.3", 1)])
def test_a_number_is_compared_as_it_is_stored(tmp_path: Path, filter_text: str, count: int) -> None:
    assert open_run(put_run(tmp_path / "run", [0.3, 0.6, 0.0])).count(filter_text) == count
