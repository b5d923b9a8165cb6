"""GQA's layout: what is read, and what is remarked with its line."""

import json
from pathlib import Path
from typing import Any

import pytest

from lxmert_viz.analysis.gqa_metrics import steps
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.gqa import is_gqa, read_gqa
from lxmert_viz.errors import DatasetError
from lxmert_viz.places import ASSETS

QUESTION = {
    "question": "What color is the cube?",
    "answer": "red",
    "imageId": "7",
    "isBalanced": True,
    "groups": {"global": "color", "local": "14-cube_color"},
    "types": {"structural": "query", "semantic": "attr", "detailed": "color"},
    "semantic": [{"operation": "select"}, {"operation": "query"}],
    "entailed": ["q2", "q9"],
    "annotations": {"question": {"4": "30"}, "answer": {"0": "30,31"}, "fullAnswer": {}},
}
GRAPH = {
    "width": 200,
    "height": 100,
    "objects": {
        "30": {"name": "cube", "x": 20, "y": 10, "w": 50, "h": 40},
        "31": {"name": "ball", "x": 0, "y": 0, "w": 200, "h": 100},
    },
}


def read(folder: Path, questions: Any, **others: Any) -> Dataset:
    for name, content in others.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    path = folder / "questions.json"
    path.write_text(questions if isinstance(questions, str) else json.dumps(questions, indent=1))
    return read_gqa(path).whole()


def test_reading_out_a_name_is_no_step_of_reasoning(tmp_path: Path) -> None:
    steps_of = {"q1": "name", "q2": "color"}
    asked = {
        name: QUESTION
        | {"semantic": [{"operation": "select"}, {"operation": "query", "argument": argument}]}
        for name, argument in steps_of.items()
    }
    found = read(tmp_path, asked).examples
    assert [example.operations[-1] for example in found] == ["query name", "query"]
    assert [steps(example.operations) for example in found] == [1, 2]


def test_a_question_keeps_all_that_its_files_say(tmp_path: Path) -> None:
    choices = {"q1": {"valid": ["red", "blue"], "plausible": ["red"]}}
    others = {"val_choices": choices, "train_sceneGraphs": {"7": GRAPH}}
    (example,) = read(tmp_path, {"q1": QUESTION}, **others).examples
    assert is_gqa({"q1": QUESTION})
    assert (example.id, example.picture, example.answers, example.right) == (
        "q1",
        "7",
        ("red",),
        "red",
    )
    assert example.operations == ("select", "query")
    assert (example.global_group, example.local_group) == ("color", "14-cube_color")
    assert (example.valid, example.plausible) == (("red", "blue"), ("red",))
    assert example.types == {"structural": "query", "semantic": "attr", "detailed": "color"}
    assert [thing.name for thing in example.objects] == ["cube", "ball"]
    assert example.objects[0].box_unit == pytest.approx((0.1, 0.1, 0.35, 0.5))
    assert example.place == "questions.json:2"


def test_files_that_are_not_there_leave_none_and_not_nothing(tmp_path: Path) -> None:
    (example,) = read(tmp_path, {"q1": QUESTION}).examples
    assert (example.valid, example.plausible, example.objects) == (None, None, None)


def test_what_is_left_out_is_told_with_its_line(tmp_path: Path) -> None:
    text = """{
"q1": {"question": "a?", "imageId": "7", "answer": "b"},
"q2": {"imageId": "7"},
"q3": {"question": "c?", "imageId": "7"},
"q1": {"question": "d?", "imageId": "7", "answer": "e"}
}"""
    dataset = read(tmp_path, text)
    assert [(example.id, example.text) for example in dataset.examples] == [
        ("q3", "c?"),
        ("q1", "d?"),
    ]
    told = [(remark.kind, remark.line) for remark in dataset.remarks]
    assert told == [("broken", 3), ("no answer", 4), ("duplicate", 2)]
    assert "'question'" in dataset.remarks[0].what
    assert "questions.json:5 counts" in dataset.remarks[2].what


def test_entailed_questions_of_other_files_are_told(tmp_path: Path) -> None:
    dataset = read(tmp_path, {"q1": QUESTION, "q2": QUESTION | {"entailed": []}})
    assert [r.what.split()[0] for r in dataset.remarks if r.kind == "note"] == ["1"]


def test_broken_json_names_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"line 2, column 1"):
        read(tmp_path, '{"a": 1,\n')


def test_the_study_set_is_read_whole() -> None:
    path = ASSETS / "study" / "questions.json"
    dataset = read_gqa(path).whole()
    assert len(dataset.examples) == len(json.loads(path.read_text())) and not dataset.remarks
    assert all(example.answers[0] in example.valid for example in dataset.examples)
    assert all(
        example.objects for example in dataset.examples if example.types["semantic"] == "attr"
    )


def test_the_published_sample_is_read_whole(test_data: Path) -> None:
    dataset = read_gqa(test_data / "gqa_sample" / "questions.json").whole()
    assert len(dataset.examples) == 187 and not dataset.remarks
    assert all(example.objects is None for example in dataset.examples)
