"""Datasets of captions and foils as their authors write them, each optional field missing once,
and what is wrong with an entry as a row of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.example_table import LATER, examples_of, table_of
from lxmert_viz.dataset.opening import open_dataset

Entry = dict[str, Any]
VALSE = {
    "image_file": "a.jpg",
    "caption": "one cat.",
    "foil": "two cats.",
    "dataset": "visual7w",
    "dataset_idx": 3,
    "linguistic_phenomena": "existence",
    "classes": "cat",
    "classes_foil": "cats",
    "mturk": {"caption": 3, "foil": 0, "other": 0},
    "nli_scores": [0.1, 0.2],
}
SUGARCREPE = {"filename": "1.jpg", "caption": "A dog.", "negative_caption": "A cat."}
ARO = {
    "image_path": "2.jpg",
    "true_caption": "the door is left of the man",
    "false_caption": "the man is left of the door",
    "relation_name": "left of",
    "image_id": 2,
}
WHATS_UP = {
    "image_path": "data/controlled_images/mug_left_of_chair.jpeg",
    "caption_options": ["A mug left of a chair", "A mug right of a chair"],
}
VSR = {
    "image": "3.jpg",
    "image_link": "http://a/3.jpg",
    "caption": "The cup is on the table.",
    "label": 1,
    "relation": "on",
    "annotator_id": 1,
    "vote_true_validator_id": "[2]",
    "vote_false_validator_id": "[]",
    "reference_frame": "intrinsic",
    "subj": "cup",
    "obj": "table",
}
WINOGROUND = {
    "id": 7,
    "image_0": "ex_7_img_0",
    "image_1": "ex_7_img_1",
    "caption_0": "grass in the mug",
    "caption_1": "mug in the grass",
    "tag": "Noun",
    "secondary_tag": "",
    "num_main_preds": 1,
    "collapsed_tag": "Object",
}
PREDICATE_NOUN = {
    "id": 5,
    "img_filename": "p.jpg",
    "sentence_target": "A man sits.",
    "sentence_distractor": "A man stands.",
    "pos": "predicate",
    "word_target": "sits",
    "word_distractor": "stands",
    "open_images_split": "test",
}
FOIL_IT = {
    "id": 11,
    "image_id": 4,
    "caption": "a dog runs",
    "foil": True,
    "foil_id": 2,
    "target_word": "cat",
    "foil_word": "dog",
}
LAYOUTS = {  # file: entry, fields that it cannot be without
    "valse.json": (VALSE, {"image_file", "caption", "foil"}),
    "sugarcrepe.json": (SUGARCREPE, {"filename", "caption", "negative_caption"}),
    "aro.json": (ARO, {"image_path", "true_caption", "false_caption"}),
    "whatsup.json": (WHATS_UP, {"image_path", "caption_options"}),
    "vsr.jsonl": (VSR, {"image", "caption", "label", "relation"}),
    "winoground.jsonl": (WINOGROUND, {"image_0", "image_1", "caption_0", "caption_1"}),
    "predicate_noun.json": (
        PREDICATE_NOUN,
        {"img_filename", "sentence_target", "sentence_distractor"},
    ),
    "foilv1.0_test.json": (FOIL_IT, {"id", "image_id", "caption", "foil"}),
}
MISSING = [
    (file, field)
    for file, (entry, needed) in LAYOUTS.items()
    for field in ("", *entry)
    if field not in needed
]


def opened(folder: Path, file: str, *entries: Entry) -> Dataset:
    if file.endswith(".jsonl"):
        text = "\n".join(map(json.dumps, entries))
    elif file.startswith("foilv1"):
        images = [{"id": 4, "file_name": "COCO_val2014_000000000004.jpg"}]
        text = json.dumps({"info": {}, "images": images, "annotations": entries})
    else:
        text = json.dumps(entries)
    (folder / file).write_text(text)
    return open_dataset(folder / file)


@pytest.mark.parametrize(("file", "field"), MISSING)
def test_an_optional_field_may_be_missing(tmp_path: Path, file: str, field: str) -> None:
    entry, _ = LAYOUTS[file]
    whole = opened(tmp_path, file, entry)
    less = opened(tmp_path, file, {k: v for k, v in entry.items() if k != field})
    assert [e.text for e in less.examples] == [e.text for e in whole.examples]
    assert [e.matches for e in less.examples] == [e.matches for e in whole.examples]
    assert not any(e.flaw for e in less.examples)
    assert not [r for r in less.remarks if r.kind == "broken"]
    assert less.layout == whole.layout


def test_svo_probes_without_its_optional_columns(tmp_path: Path) -> None:
    table = "sentence,pos_image_id,neg_image_id\nA girl sits.,3,4\n"
    (tmp_path / "svo.csv").write_text(table)
    dataset = open_dataset(tmp_path / "svo.csv")
    assert [(e.picture, e.matches) for e in dataset.examples] == [("3", True), ("4", False)]


def test_foil_it_pairs_a_caption_with_its_foil(tmp_path: Path) -> None:
    caption = FOIL_IT | {"caption": "a cat runs", "foil": False, "foil_word": "ORIG"}
    odd = FOIL_IT | {"foil": "maybe"}
    dataset = opened(tmp_path, "foilv1.0_test.json", caption, FOIL_IT, odd)
    assert [(e.id, e.text, e.matches, e.pair) for e in dataset.examples] == [
        ("11", "a cat runs", True, "11"),
        ("11:foil 2", "a dog runs", False, "11"),
    ]
    assert dataset.layout == "FOIL-it"
    assert {e.picture for e in dataset.examples} == {"COCO_val2014_000000000004.jpg"}
    assert any("neither true nor false" in remark.what for remark in dataset.remarks)


def test_whats_ups_pictures_are_sets_of_places(tmp_path: Path) -> None:
    dataset = opened(tmp_path, "whatsup.json", WHATS_UP)
    assert {(e.local_group, e.types["question"]) for e in dataset.examples} == {
        ("mug, chair", "left_of")
    }


def test_an_entry_without_a_caption_stays_as_a_row(tmp_path: Path) -> None:
    entries = [SUGARCREPE, SUGARCREPE | {"caption": ""}, SUGARCREPE | {"caption": None}]
    dataset = opened(tmp_path, "sugarcrepe.json", *entries)
    assert [e.flaw for e in dataset.examples] == ["", "", *["There is no caption."] * 2]
    assert {remark.kind for remark in dataset.remarks} == {"no picture"}


def test_a_caption_that_is_its_own_foil_stays_as_rows(tmp_path: Path) -> None:
    dataset = opened(tmp_path, "sugarcrepe.json", SUGARCREPE | {"negative_caption": "a  dog."})
    assert [e.flaw for e in dataset.examples] == ["Caption and foil are the same sentence."] * 2


def test_parts_and_faults_are_kept_and_older_files_have_none(tmp_path: Path) -> None:
    box = {"bbox_x": 1, "bbox_y": 2, "bbox_w": 3, "bbox_h": 4}
    dataset = opened(tmp_path, "aro.json", ARO | box, ARO | {"true_caption": ""})
    table = table_of(dataset.examples)
    assert examples_of(table) == list(dataset.examples)
    older = examples_of(table.drop_columns(list(LATER)))
    assert {(e.crop_px, e.flaw) for e in older} == {(None, "")}
