"""Layouts that are told by their content: captions of many kinds, questions of other sets."""

import json
from pathlib import Path
from typing import Any

import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError

Told = list[tuple[str, str, str, bool | None, str]]  # id, picture, text, matches, pair


def opened(folder: Path, name: str, content: Any, **options: Any) -> Dataset:
    is_lines = name.endswith(".jsonl")
    text = "\n".join(map(json.dumps, content)) if is_lines else json.dumps(content, indent=1)
    (folder / name).write_text(content if isinstance(content, str) else text)
    return open_dataset(folder / name, **options)


def told(dataset: Dataset) -> Told:
    return [(e.id, e.picture, e.text, e.matches, e.pair) for e in dataset.examples]


def notes(dataset: Dataset) -> list[str]:
    return [remark.what for remark in dataset.remarks if remark.kind == "note"]


def kinds_of(dataset: Dataset) -> set[str]:
    return {example.types.get("question", "") for example in dataset.examples}


def test_valse_leaves_out_what_its_annotators_did_not_find_valid(tmp_path: Path) -> None:
    entries = {
        f"e{votes}": {
            "image_file": "a.jpg",
            "caption": "one cat.",
            "foil": "two cats.",
            "mturk": {"caption": votes, "foil": 3 - votes, "other": 0},
        }
        for votes in range(4)
    }
    dataset = opened(tmp_path, "existence.json", entries)
    assert {e.pair for e in dataset.examples} == {"e2", "e3"}
    assert "2 of 4 entries have fewer than 2 of three valid votes" in notes(dataset)[0]
    whole = opened(tmp_path, "existence.json", entries, all_entries=True)
    assert len(whole.examples) == 8 and not notes(whole)


def test_sugarcrepe_has_a_negative_caption(tmp_path: Path) -> None:
    entry = {"filename": "000000085329.jpg", "caption": "A dog.", "negative_caption": "A cat."}
    dataset = opened(tmp_path, "replace_obj.json", {"0": entry})
    assert told(dataset) == [
        ("0:caption", "000000085329.jpg", "A dog.", True, "0"),
        ("0:foil", "000000085329.jpg", "A cat.", False, "0"),
    ]
    assert dataset.layout == "captions and foils"


def test_aro_has_true_and_false_captions_and_is_cut_to_its_box(tmp_path: Path) -> None:
    entry = {
        "image_path": "2399486.jpg",
        "true_caption": "the door is to the left of the man",
        "false_caption": "the man is to the left of the door",
        "bbox_x": 1,
        "bbox_y": 2,
        "bbox_w": 3,
        "bbox_h": 4,
    }
    relations = opened(tmp_path, "r.json", [entry | {"relation_name": "to the left of"}])
    assert [(e.text, e.matches) for e in relations.examples] == [
        (entry["true_caption"], True),
        (entry["false_caption"], False),
    ]
    assert kinds_of(relations) == {"to the left of"} and "cut to its" in notes(relations)[0]
    assert [e.crop_px for e in relations.examples] == [(1.0, 2.0, 4.0, 6.0)] * 2
    attributes = opened(tmp_path, "a.json", [entry | {"attributes": ["open", "tall"]}])
    assert kinds_of(attributes) == {"open tall"}


def test_of_whatsups_options_the_first_is_true(tmp_path: Path) -> None:
    texts = ["A mug on a chair", "A mug under a chair", "A mug to the left", "A mug to the right"]
    entry = {"image_path": "data/controlled_images/mug_on_chair.jpeg", "caption_options": texts}
    dataset = opened(tmp_path, "controlled.json", [entry])
    assert [(e.text, e.matches) for e in dataset.examples] == [
        (text, text == texts[0]) for text in texts
    ]
    assert {e.pair for e in dataset.examples} == {"1"}
    listed = opened(tmp_path, "coco_qa.json", [[397133, "a dog on the left", "a dog on the right"]])
    assert told(listed) == [
        ("1:caption", "397133", "a dog on the left", True, "1"),
        ("1:foil", "397133", "a dog on the right", False, "1"),
    ]


def test_winoground_crosses_two_captions_with_two_pictures(tmp_path: Path) -> None:
    entry = {
        "id": 7,
        "image_0": "ex_7_img_0",
        "image_1": "ex_7_img_1",
        "caption_0": "grass in the mug",
        "caption_1": "mug in the grass",
        "collapsed_tag": "Object",
    }
    dataset = opened(tmp_path, "examples.jsonl", [entry])
    assert told(dataset) == [
        ("7:c0-i0", "ex_7_img_0", "grass in the mug", True, "7"),
        ("7:c0-i1", "ex_7_img_1", "grass in the mug", False, "7"),
        ("7:c1-i0", "ex_7_img_0", "mug in the grass", False, "7"),
        ("7:c1-i1", "ex_7_img_1", "mug in the grass", True, "7"),
    ]
    assert kinds_of(dataset) == {"Object"}


def test_predicate_noun_entries_share_a_pair_two_by_two(tmp_path: Path) -> None:
    entries = [
        {"id": 5, "img_filename": f"{name}.jpg", "sentence_target": s, "sentence_distractor": d}
        for name, s, d in [
            ("p", "A man sits.", "A man stands."),
            ("q", "A man stands.", "A man sits."),
            ("r", "A girl sits.", "A girl runs."),
        ]
    ]
    dataset = opened(tmp_path, "eval_set.json", [entry | {"pos": "predicate"} for entry in entries])
    assert [(e.picture, e.text, e.matches, e.pair) for e in dataset.examples[:4]] == [
        ("p.jpg", "A man sits.", True, "0"),
        ("p.jpg", "A man stands.", False, "0"),
        ("q.jpg", "A man stands.", True, "0"),
        ("q.jpg", "A man sits.", False, "0"),
    ]
    assert dataset.examples[4].pair == "1" and len({e.id for e in dataset.examples}) == 6


def test_svo_probes_has_a_right_and_a_wrong_picture_a_sentence(tmp_path: Path) -> None:
    table = (
        "sentence,pos_triplet,neg_triplet,pos_url,neg_url,pos_image_id,neg_image_id,"
        "subj_neg,verb_neg,obj_neg\n"
        'A girl sits.,"girl,sit,chair","girl,run,chair",http://a/b,http://c/d,3,4,False,True,False\n'
        "cut\n"
    )
    dataset = opened(tmp_path, "svo_probes.csv", table)
    assert told(dataset) == [
        ("row 2:positive", "3", "A girl sits.", True, "row 2"),
        ("row 2:negative", "4", "A girl sits.", False, "row 2"),
    ]
    assert kinds_of(dataset) == {"verb"}
    assert [r.line for r in dataset.remarks if r.kind == "broken"] == [3]


def vsr(label: int, number: int = 0) -> dict[str, Any]:
    return {
        "image": "000000050403.jpg",
        "image_link": "http://images.cocodataset.org/train2017/000000050403.jpg",
        "caption": f"The cup {number} is on the table.",
        "label": label,
        "relation": "on",
    }


def test_vsr_says_whether_a_caption_is_true(tmp_path: Path) -> None:
    dataset = opened(tmp_path, "dev.jsonl", [vsr(1), vsr(0), vsr(7)])
    assert [(e.id, e.matches) for e in dataset.examples] == [("1", True), ("2", False)]
    assert kinds_of(dataset) == {"on"} and dataset.examples[0].picture == "000000050403.jpg"
    assert "'7', neither 1 nor 0" in next(r.what for r in dataset.remarks if r.kind == "broken")


@pytest.mark.parametrize(
    ("rows", "said"), [(2024, None), (731, None), (2195, "65 %"), (1222, "60 %"), (10, "2,024")]
)
def test_the_newer_vsr_files_warn_of_weights_that_saw_them(
    tmp_path: Path, rows: int, said: str | None
) -> None:
    dataset = opened(tmp_path, "test.jsonl", [vsr(n % 2, n) for n in range(rows)])
    assert len(dataset.examples) == rows
    assert said in dataset.training_note if said else dataset.training_note == ""


def test_vizwiz_calls_a_question_like_its_picture(tmp_path: Path) -> None:
    answers = [{"answer": a, "answer_confidence": "yes"} for a in ("soup", "soup", "can")]
    entry = {"image": "VizWiz_val_00000001.jpg", "question": "What is it?", "answers": answers}
    asked = [
        entry | {"answer_type": "other", "answerable": 1},
        entry | {"question": "And this?"},
        {"image": "VizWiz_val_00000002.jpg", "question": "Which?"},
    ]
    dataset = opened(tmp_path, "val.json", asked)
    assert [e.id for e in dataset.examples] == [
        "VizWiz_val_00000001.jpg",
        "VizWiz_val_00000001.jpg:2",
        "VizWiz_val_00000002.jpg",
    ]
    first = dataset.examples[0]
    assert (first.right, first.types) == ("soup", {"answer": "other"}) and len(first.answers) == 3
    assert len([r for r in dataset.remarks if r.kind == "no answer"]) == 1


def test_textvqa_lists_its_questions_under_data(tmp_path: Path) -> None:
    asked = {"question_id": 34602, "image_id": "003a8ae2ef43b901", "question": "what brand?"}
    content = {"dataset_name": "textvqa", "data": [asked | {"answers": ["nokia"] * 9 + ["dakota"]}]}
    (example,) = opened(tmp_path, "TextVQA_0.5.1_val.json", content).examples
    assert (example.id, example.picture, example.right) == ("34602", "003a8ae2ef43b901", "nokia")
    assert len(example.answers) == 10
    assert open_dataset(tmp_path / "TextVQA_0.5.1_val.json").ids == "numbers"


def test_visual_genome_lists_its_questions_by_picture(tmp_path: Path) -> None:
    question = {"qa_id": 986768, "image_id": 1, "question": "What?", "answer": "A clock."}
    other = {"qa_id": 986769, "question": "Where?", "answer": "There."}
    dataset = opened(tmp_path, "question_answers.json", [{"id": 1, "qas": [question, other]}])
    assert [(e.id, e.picture, e.right) for e in dataset.examples] == [
        ("986768", "1", "A clock."),
        ("986769", "1", "There."),
    ]
    assert "pre-trained" in dataset.training_note


def test_captions_of_coco_are_all_true(tmp_path: Path) -> None:
    content = {
        "images": [{"id": 42, "file_name": "COCO_val2014_000000000042.jpg"}],
        "annotations": [
            {"id": 7, "image_id": 42, "caption": "A dog. "},
            {"id": 8, "image_id": 43, "caption": "A cat."},
            {"id": 9, "image_id": 43},
        ],
    }
    dataset = opened(tmp_path, "captions_val2014.json", content)
    assert told(dataset) == [
        ("7", "COCO_val2014_000000000042.jpg", "A dog.", True, ""),
        ("8", "43", "A cat.", True, ""),
    ]
    assert "minival" in dataset.training_note
    assert [r.line for r in dataset.remarks if r.kind == "broken"] == [20]


def test_karpathys_splits_name_folder_and_split(tmp_path: Path) -> None:
    image = {
        "filepath": "val2014",
        "filename": "COCO_val2014_000000000042.jpg",
        "imgid": 0,
        "split": "test",
        "sentences": [{"raw": "A dog.", "sentid": 3}, {"raw": "A pet.", "sentid": 4}],
    }
    dataset = opened(tmp_path, "dataset_coco.json", {"images": [image], "dataset": "coco"})
    path = "val2014/COCO_val2014_000000000042.jpg"
    assert told(dataset) == [("3", path, "A dog.", True, ""), ("4", path, "A pet.", True, "")]
    assert kinds_of(dataset) == {"test"}
    listed = opened(tmp_path, "coco_karpathy_test.json", [{"image": path, "caption": ["A.", "B."]}])
    assert told(listed) == [("1:1", path, "A.", True, ""), ("1:2", path, "B.", True, "")]


def test_a_table_may_have_semicolons_a_nameless_column_and_an_ending_in_capitals(
    tmp_path: Path,
) -> None:
    text = ';image;question;answer\n0;"a;b.jpg";What, this?;red\n'
    (example,) = opened(tmp_path, "mine.CSV", text).examples
    assert (example.picture, example.text, example.right) == ("a;b.jpg", "What, this?", "red")
    with pytest.raises(DatasetError, match="the column 'answer' twice"):
        opened(tmp_path, "two.csv", "image,question,answer,answer\na,b,c,d\n")


ADDRESS = "https://example.org/a%20b.jpg?size=1"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", f"image,question\n{ADDRESS},what?\n"),
        ("t.jsonl", [{"image": ADDRESS, "question": "what?"}]),
        ("v.json", [{"image": ADDRESS, "question": "what?"}]),
        ("q.json", {"questions": [{"question_id": 1, "image_id": ADDRESS, "question": "what?"}]}),
        ("c.json", [{"image": ADDRESS, "caption": "A dog.", "foil": "A cat."}]),
        ("l.json", [{"img_id": ADDRESS, "sent": "what?", "question_id": 1}]),
        ("g.json", {"1": {"imageId": ADDRESS, "question": "what?"}}),
    ],
)
def test_an_address_is_no_picture_and_is_shown_whole(
    tmp_path: Path, name: str, content: Any
) -> None:
    with pytest.raises(DatasetError) as raised:
        opened(tmp_path, name, content)
    assert repr(ADDRESS) in str(raised.value) and "download it" in str(raised.value)
