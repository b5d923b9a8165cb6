"""What a row of the board's table is scored with, and what it owes to the other rows."""

import os
import resource
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Answer, Example, Prediction
from lxmert_viz.results.run_folder import TABLE
from lxmert_viz.runs import preparing
from lxmert_viz.runs.table import finish
from tests.helpers.made_table import begun, made_table


def dataset_of(*examples: Example) -> Dataset:
    return Dataset("some", "table", (), examples)


def said(name: str, answer: str) -> Prediction:
    return Prediction(name, (Answer(answer, 0.5),))


def test_baselines_are_scored_as_the_answers_are(tmp_path: Path) -> None:
    """Three of ten people say pink: 9/10 by VQA's rule, whether with or without the picture."""
    people = ("red",) * 7 + ("pink",) * 3
    examples = (Example("1", "a", "what?", people), Example("2", "a", "is it true", matches=True))
    seen = Prediction("1", (Answer("pink", 0.8),), without_picture="pink", without_question="red")
    rows = made_table(tmp_path, dataset_of(*examples), [seen, Prediction("2", match=0.9)])
    names = ("score", "without_picture_score", "without_question_score", "prior_score")
    assert [rows[0][name] for name in names[:3]] == pytest.approx([0.9, 0.9, 1])
    assert rows[0]["prior_score"] is None  # there is no other question
    assert [rows[1][name] for name in names] == [1, None, None, None]


def test_scores_that_a_file_tells_are_looked_up(tmp_path: Path) -> None:
    examples = [Example(n, "a", "?", scores={"net": 0.6, "bat": 0.3}) for n in "12"]
    first, second = made_table(
        tmp_path, dataset_of(*examples), [said("1", "bat"), said("2", "racket")]
    )
    assert first["right"] == "net"
    assert (first["score"], first["ceiling"]) == pytest.approx((0.3, 0.6))
    assert second["score"] == 0


def test_consistency_asks_only_what_follows_from_right_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """a: of b and c one is right; b: itself does not count; c is wrong itself; d: x is not here.

    Each question is in a shard of its own, in another order than the dataset's.
    """
    monkeypatch.setattr(preparing, "PART", 1)
    entailed = {"a": ("a", "b", "c"), "b": ("b",), "c": ("a",), "d": ("x", "c")}
    types = {"structural": "logical"}
    examples = [
        Example(name, f"of {name}", "?", ("yes",), entailed=follow, types=types)
        for name, follow in entailed.items()
    ]
    answers = [said(name, "no" if name == "c" else "yes") for name in "abcd"]
    rows = made_table(tmp_path, dataset_of(*examples), answers)
    assert [row["question_id"] for row in rows] == [*"abcd"]
    assert [row["consistency"] for row in rows] == [0.5, None, None, 0.0]
    assert [row["contradicted"] for row in rows] == [None, None, True, None]
    assert [row["cause"] for row in rows] == [None, None, "logic", None]


def test_priors_and_the_tail_are_counted_over_all_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "PART", 1)
    right = ["red", "blue", "red", "red", "dog"]
    examples = [
        Example(
            str(n),
            f"picture {n}",
            "?",
            (answer,),
            types={"question": "what" if n < 4 else "who", "answer": "other"},
            local_group="colour" if n < 4 else "",
        )
        for n, answer in enumerate(right)
    ]
    rows = made_table(tmp_path, dataset_of(*examples), [said(str(n), "red") for n in range(5)])
    assert [row["prior"] for row in rows] == ["red", "red", "red", "red", None]
    assert [row["prior_score"] for row in rows] == [1, 0, 1, 1, None]
    assert [row["tail"] for row in rows] == [False, True, False, False, None]


def test_a_table_that_lacks_rows_is_not_written(tmp_path: Path) -> None:
    dataset = dataset_of(Example("1", "a", "?"), Example("2", "a", "?"))
    run, prepared = begun(tmp_path, dataset)
    with pytest.raises(DatasetError, match="2 examples have no prediction, 1 first"):
        finish(run, prepared, ())
    run.write_part(0, [Prediction("1"), Prediction("9")], None)
    with pytest.raises(DatasetError, match="other examples in its part 0"):
        finish(run, prepared, ())
    assert not run.is_whole
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("examples", "internals", "manifest.json", "parts"),
    ]


def test_what_is_empty_is_null_and_every_field_comes_through(tmp_path: Path) -> None:
    bare = Example("1", "a", "is it?")
    full = replace(
        bare,
        id="2",
        second_picture="b",
        answers=("yes",),
        pair="p",
        types={"question": "is", "answer": "yes/no", "structural": "verify"},
        operations=("select", "exist"),
        global_group="g",
        local_group="l",
        valid=("yes", "no"),
        plausible=(),
        balanced=False,
        place="q.json:7",
    )
    empty, filled = made_table(
        tmp_path, dataset_of(bare, full), [Prediction("1"), said("2", "yes")], ("no",)
    )
    told = {
        "question_id": "1", "picture": "a", "text": "is it?", "people": [], "words": 2,
        "picture_file": None,
    }  # fmt: skip
    assert {n: v for n, v in empty.items() if v is not None or n in told} == told
    assert {name: filled[name] for name in ("second_picture", "pair", "operation", "steps")} == {
        "second_picture": "b", "pair": "p", "operation": "exist", "steps": 1,
    }  # fmt: skip
    assert (filled["valid"], filled["plausible"], filled["known"]) == (True, False, False)
    assert (filled["balanced"], filled["place"], filled["cause"]) == (False, "q.json:7", None)


def test_a_run_of_more_files_than_may_be_open_at_once_is_read_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "PART", 1)
    monkeypatch.setattr(os, "fsync", lambda file: None)  # 600 times takes long
    examples = [Example(str(n), f"picture {n}", "?", ("yes",)) for n in range(300)]
    run, prepared = begun(tmp_path, dataset_of(*examples))
    assert len(prepared.shards) == 300
    for n in range(300):
        kept = pa.table({"question_id": [str(n)], "state": pa.array([[n]], pa.list_(pa.float32()))})
        run.write_part(n, [said(str(n), "yes")], kept)
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        finish(run, prepared, ())
        kept = run.internals()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    assert [state.tolist() for state in kept["state"]] == [[n] for n in range(300)]
    assert pq.read_table(tmp_path / TABLE)["score"].to_pylist() == [1] * 300
