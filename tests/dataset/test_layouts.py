"""VQA v2, LXMERT's JSON, captions, tables and folders of pictures."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.dataset.tables import columns_of, guessed
from lxmert_viz.errors import DatasetError
from lxmert_viz.places import ASSETS


def opened(folder: Path, name: str, content: Any, **options: Any) -> Dataset:
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    (folder / name).write_text(text)
    return open_dataset(folder / name, **options)


def kinds(dataset: Dataset, kind: str) -> list[tuple[str, int]]:
    return [(remark.file, remark.line) for remark in dataset.remarks if remark.kind == kind]


def test_vqa_questions_find_their_annotations_and_numbered_pictures(tmp_path: Path) -> None:
    answers = [{"answer": a, "answer_id": n} for n, a in enumerate(["net"] * 6 + ["fence"] * 4)]
    annotation = {"question_id": 1, "question_type": "what is", "answer_type": "other"}
    told = {"annotations": [annotation | {"answers": answers}, {"question_id": 9, "answers": []}]}
    (tmp_path / "v2_mscoco_val2014_annotations.json").write_text(json.dumps(told))
    (tmp_path / "v2_mscoco_train2014_annotations.json").write_text('{"annotations": []}')
    (tmp_path / "COCO_val2014_000000000042.jpg").touch()
    asked = [
        {"image_id": 42, "question": "What is this?", "question_id": 1},
        {"image_id": 43, "question": "And this?", "question_id": 2},
        {"image_id": 42, "question": "What is this?", "question_id": 1},
        {"image_id": 42, "question_id": 3},
    ]
    name = "v2_OpenEnded_mscoco_val2014_questions.json"
    dataset = opened(tmp_path, name, {"questions": asked})
    first, second = dataset.examples
    assert first.picture == "COCO_val2014_000000000042"
    assert first.right == "net" and len(first.answers) == 10
    assert first.types == {"question": "what is", "answer": "other"}
    assert kinds(dataset, "duplicate") == [(name, 16)]
    assert kinds(dataset, "broken") == [(name, 20)]
    assert kinds(dataset, "no answer") == [(name, 11)] == kinds(dataset, "no picture")
    assert "minival" in dataset.training_note and dataset.layout == "VQA v2"
    assert second.answers == ()


def test_lxmerts_labels_are_scores(tmp_path: Path) -> None:
    entry = {"img_id": "p", "label": {"net": 1, "fence": 0.6}, "question_id": 5, "sent": "What?"}
    bad = entry | {"question_id": 6, "label": {"net": 3}}
    dataset = opened(tmp_path, "nominival.json", [entry, bad])
    (example,) = dataset.examples
    assert (example.right, example.scores["fence"]) == ("net", 0.6)
    assert kinds(dataset, "broken") and "trained" in dataset.training_note
    assert opened(tmp_path, "minival.json", [entry]).training_note == ""


def test_a_caption_and_its_foil_become_a_pair() -> None:
    dataset = open_dataset(ASSETS / "study" / "captions.json")
    first, second = dataset.examples[:2]
    assert (first.matches, second.matches) == (True, False)
    assert first.pair == second.pair and first.id == f"{first.pair}:caption"
    assert first.text != second.text and first.types["question"] == "exists"
    assert not dataset.remarks and first.picture in dataset.pictures


def test_the_study_set_finds_pictures_and_regions() -> None:
    dataset = open_dataset(ASSETS / "study")
    assert dataset.region_file == ASSETS / "study" / "regions.tsv"
    assert {example.picture for example in dataset.examples} <= dataset.pictures.keys()
    assert not dataset.remarks


def test_a_table_maps_its_columns_and_names_broken_lines(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    text = 'image,question,answers,type\na.jpg,"What,\nthis?",red|red|blue,color\na.jpg,only two\n'
    dataset = opened(tmp_path, "mine.csv", text + "a.jpg,,red,color\nb.jpg,Why?,,color\n")
    first, second = dataset.examples
    assert (first.picture, first.text, first.right) == ("a", "What,\nthis?", "red")
    assert (first.id, first.types) == ("row 2", {"question": "color"})
    assert kinds(dataset, "broken") == [("mine.csv", 4), ("mine.csv", 5)]
    assert kinds(dataset, "no picture") == [("mine.csv", 6)] == kinds(dataset, "no answer")
    assert second.answers == ()


def test_json_lines_take_a_mapping(tmp_path: Path) -> None:
    row = {"where": "a.jpg", "what": "Why?", "so": ["red", "blue"]}
    text = json.dumps(row) + "\n{broken\n[1]\n"
    mapping = {"picture": "where", "text": "what", "answer": "so"}
    dataset = opened(tmp_path, "mine.jsonl", text, columns=mapping)
    assert dataset.examples[0].answers == ("red", "blue")
    assert kinds(dataset, "broken") == [("mine.jsonl", 2), ("mine.jsonl", 3)]
    assert guessed(columns_of(tmp_path / "mine.jsonl")) == {}
    with pytest.raises(DatasetError, match="say which holds the picture"):
        open_dataset(tmp_path / "mine.jsonl")
    with pytest.raises(DatasetError, match="no column 'who'"):
        open_dataset(tmp_path / "mine.jsonl", columns={"picture": "who", "text": "what"})


def test_a_folder_of_pictures_is_asked_the_same(tmp_path: Path) -> None:
    shutil.copy(ASSETS / "scenes" / "scene-1.png", tmp_path / "one.png")
    dataset = open_dataset(tmp_path, asked=["What?", "Why?"])
    assert [example.id for example in dataset.examples] == ["one:1", "one:2"]
    with pytest.raises(DatasetError, match="say what"):
        open_dataset(tmp_path)
    with pytest.raises(DatasetError, match="no words"):
        open_dataset(tmp_path, asked=[" "])


def test_a_table_without_rows_says_so(tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text("picture,text\n")
    with pytest.raises(DatasetError, match="has no rows that can be read"):
        open_dataset(tmp_path / "none.csv")


def test_an_unknown_layout_says_what_is_known(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="none of the known layouts"):
        opened(tmp_path, "x.json", [1, 2])
    with pytest.raises(DatasetError, match="no example"):
        opened(tmp_path, "y.json", {"questions": [{"question_id": 1}]})


def test_the_published_sample_reads_regions_without_pictures(test_data: Path) -> None:
    dataset = open_dataset(test_data / "gqa_sample")
    assert dataset.region_file and not [r for r in dataset.remarks if r.kind == "no picture"]
