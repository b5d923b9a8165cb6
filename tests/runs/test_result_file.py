"""Result files have the layout, ids and completeness that the test servers ask for."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.results.opening import open_run
from lxmert_viz.results.run_folder import TABLE, write_table
from lxmert_viz.runs.elsewhere import take_predictions
from lxmert_viz.runs.result_file import result_file
from tests.helpers.small_run import put_run


def run_of(folder: Path, questions: str, content: object, answers: list[tuple[Any, str]]) -> Path:
    """A run of another program's answers to a file of questions."""
    lines = content if isinstance(content, str) else json.dumps(content)
    (folder / questions).write_text(lines)
    said = [{"question_id": name, "answer": answer} for name, answer in answers]
    (folder / "said.json").write_text(json.dumps(said))
    dataset = open_dataset(folder / questions)
    return take_predictions(folder / "said.json", dataset, folder / "run").path


def vqa(ids: list[Any]) -> dict[str, Any]:
    asked = [{"question_id": i, "image_id": 9, "question": f"is it {i} ?"} for i in ids]
    return {"questions": asked}


def written(run: Path, layout: str, *more: str) -> str:
    out = run.parent / "result"
    assert main(["report", str(run), "-o", str(out), "--layout", layout, *more]) == 0
    return out.read_text()


@pytest.mark.parametrize("ids", [[458752000, 3], ["458752000", "3"], ["007", "q1"]])
def test_vqa_ids_are_numbers_where_they_were_and_text_where_they_were(
    tmp_path: Path, ids: list[Any]
) -> None:
    run = run_of(tmp_path, "q.json", vqa(ids), [(i, "yes") for i in ids])
    expected = [{"question_id": i, "answer": "yes"} for i in ids]
    assert json.loads(written(run, "vqa")) == expected


@pytest.mark.parametrize("name", [5, "5"])
@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_ids_of_lists_and_lines_keep_their_type(tmp_path: Path, name: object, ending: str) -> None:
    row = {"question_id": name, "img_id": "9", "sent": "why ?", "label": {"me": 1.0}}
    content = json.dumps([row] if ending == "json" else row)
    run = run_of(tmp_path, f"q.{ending}", content, [(name, "me")])
    assert json.loads(written(run, "vqa")) == [{"question_id": name, "answer": "me"}]


@pytest.mark.parametrize(("layout", "name"), [("vqa", 7), ("gqa", "7")])
def test_a_table_without_types_gets_the_ids_that_the_server_has(
    tmp_path: Path, layout: str, name: object
) -> None:
    run = run_of(tmp_path, "q.csv", "id,image,question\n7,9,why ?\n", [(7, "because")])
    (entry,) = json.loads(written(run, layout))
    assert name in entry.values()


def test_gqa_has_its_own_keys_and_text_as_ids(tmp_path: Path) -> None:
    asked = {str(i): {"imageId": "9", "question": f"is it {i}?"} for i in (201307251, 5)}
    run = run_of(tmp_path, "q.json", asked, [(201307251, "yes"), (5, "a “cup”")])
    assert json.loads(written(run, "gqa")) == [
        {"questionId": "201307251", "prediction": "yes"},
        {"questionId": "5", "prediction": "a “cup”"},
    ]


def test_nlvr2_is_a_line_a_pair_with_true_or_false(tmp_path: Path) -> None:
    names = ("test1-0-1-0", "test1-0-1-1")
    lines = [json.dumps({"identifier": name, "sentence": "Two dogs."}) for name in names]
    said = list(zip(names, ("True", "false"), strict=True))
    run = run_of(tmp_path, "q.json", "\n".join(lines), said)
    assert written(run, "nlvr2") == "test1-0-1-0,True\ntest1-0-1-1,False\n"


def test_missing_answers_are_listed_and_left_out_only_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = vqa([1, 2, 3])
    asked["questions"].append({"question_id": 4, "image_id": 9})  # it asks nothing
    run = run_of(tmp_path, "q.json", json.dumps(asked, indent=0), [(1, "yes"), (3, "no")])
    out = tmp_path / "result"
    assert main(["report", str(run), "-o", str(out), "--layout", "vqa"]) == 2
    told = capsys.readouterr().err
    assert "2 of 4 questions have no answer" in told and ": 2, line 19." in told
    assert not out.exists()
    kept = json.loads(written(run, "vqa", "--partial"))
    assert [entry["question_id"] for entry in kept] == [1, 3]
    assert "left out, because they have no answer: 2" in capsys.readouterr().out


def test_a_run_without_any_answer_is_no_result(tmp_path: Path) -> None:
    run = put_run(tmp_path / "run", [0.0])
    rows = pq.read_table(run / TABLE)
    place = rows.schema.get_field_index("answer")
    empty = rows.set_column(place, rows.schema.field(place), pa.nulls(len(rows), pa.string()))
    write_table(run / TABLE, empty)
    with pytest.raises(DatasetError, match="1 of 1 questions have no answer"):
        result_file(open_run(run), "vqa", partial=True)


def test_partial_is_for_servers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = put_run(tmp_path / "run", [0.0])
    assert main(["report", str(run), "-o", str(tmp_path / "a.csv"), "--partial"]) == 2
    assert "--partial is for --layout" in capsys.readouterr().err
    assert main(["report", str(run), "-o", str(tmp_path / "a.json")]) == 2
    assert "--layout: vqa, gqa, nlvr2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("layout", "answer", "said"),
    [("nlvr2", "cat", "1 is answered with 'cat'"), ("vqa", "true of the picture", "a caption")],
)
def test_answers_of_another_kind_are_refused(
    tmp_path: Path, layout: str, answer: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(tmp_path, "q.json", vqa([1]), [(1, answer)])
    out = tmp_path / "result"
    assert main(["report", str(run), "-o", str(out), "--layout", layout]) == 2
    assert said in capsys.readouterr().err and not out.exists()


def test_what_was_written_can_be_taken_as_predictions_again(tmp_path: Path) -> None:
    run = run_of(tmp_path, "q.json", vqa([1, 2]), [(1, "yes"), (2, "no")])
    (tmp_path / "again.json").write_text(written(run, "vqa"))
    dataset = open_dataset(tmp_path / "q.json")
    again = take_predictions(tmp_path / "again.json", dataset, tmp_path / "second").path
    names = ("question_id", "answer")
    assert open_run(again).frame(columns=names).equals(open_run(run).frame(columns=names))
