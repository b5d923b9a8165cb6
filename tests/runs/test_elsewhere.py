"""Predictions of other programs become runs."""

import json
from pathlib import Path

import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.results.opening import open_run
from lxmert_viz.runs.elsewhere import take_predictions


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    lines = ["id,image,question,answer", "1,a,what?,red", "2,a,why?,blue", "3,a,who?,dog"]
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    return open_dataset(tmp_path / "mine.csv")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "vqa.json",
            json.dumps([{"question_id": 1, "answer": "red"}, {"question_id": 2, "answer": "red"}]),
        ),
        (
            "gqa.json",
            json.dumps(
                [{"questionId": "1", "prediction": "red"}, {"questionId": "2", "prediction": "red"}]
            ),
        ),
        ("mine.csv", "question_id,answer\n1,red\n2,red\n"),
    ],
)
def test_each_layout_is_scored(dataset: Dataset, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "out").mkdir()
    file = tmp_path / "out" / name
    file.write_text(text)
    board = open_run(take_predictions(file, dataset, tmp_path / "run").path)
    assert board.frame()["score"].tolist() == [1, 0, 0]
    assert "no answer to this question" in board.row("3").error


def test_probabilities_come_along_and_odd_rows_are_told(dataset: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("question_id,answer,confidence\n1,red,0.25\n1,blue,0.5\n,x,1\n9,y,1\n")
    run = take_predictions(file, dataset, tmp_path / "run")
    assert open_run(run.path).row("1").probability == 0.25
    told = [(remark.kind, remark.line) for remark in run.remarks() if remark.file == "p.csv"]
    assert told == [("broken", 4), ("duplicate", 3), ("note", 0)]


def test_strange_files_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text('[{"question_id": 77, "answer": "x"}]')
    with pytest.raises(DatasetError, match="ids differ"):
        take_predictions(file, dataset, tmp_path / "run")
    with pytest.raises(DatasetError, match="no file"):
        take_predictions(tmp_path / "none.json", dataset, tmp_path / "run")


def test_a_broken_row_of_predictions_is_remarked_and_the_others_count(
    dataset: Dataset, tmp_path: Path
) -> None:
    file = tmp_path / "p.csv"
    file.write_text('question_id;answer\n1;red\n2;"blue\n')
    run = take_predictions(file, dataset, tmp_path / "run")
    assert [r.line for r in run.remarks() if r.file == "p.csv"] == [3]
    assert {p.id: p.answers[0].text for p in run.predictions() if p.answers} == {"1": "red"}
