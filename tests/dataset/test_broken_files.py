"""Files that are not as their layout has it: a remark a row, or one sentence; nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lxmert_viz.dataset.example_table import examples_of, table_of
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError

DIGITS = "9" * 5000
HEADER = "image,question,answer\n"


def broken(folder: Path, name: str, content: str) -> list[tuple[int, str]]:
    """Line and text of each remark about a row that cannot be read."""
    (folder / name).write_text(content)
    dataset = open_dataset(folder / name)
    return [(r.line, r.what) for r in dataset.remarks if r.kind == "broken"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("deep.jsonl", "[" * 10000 + "]" * 10000, "in line 1, it is nested too deeply"),
        ("deep.json", "[" * 10000 + "]" * 10000, "deep.json is not read: it is nested too deeply"),
        ("int.jsonl", f'{{"image":"a","question":{DIGITS}}}', "a number of thousands of digits"),
        ("int.json", f'{{"questions":[{{"question_id":{DIGITS}}}]}}', "thousands of digits"),
        ("cell.csv", f"{HEADER}a.png,{'q' * 131073},yes\n", "line 2: It cannot be read"),
        ("half.jsonl", '{"image":"a","question":"\\ud800"}', "half of a letter"),
        ("half.json", '[{"image":"a","question":"\\ud800 cube"}]', "half of a letter"),
        ("none.json", "", "line 1, column 1 is not JSON"),
        ("cut.json", '{"questions": [', "line 1, column 16 is not JSON"),
        ("list.json", "[1, 2]", "none of the known layouts"),
        ("header.csv", f'"image,question\n{"x" * 140000}', "a header that is not read"),
    ],
)
def test_a_file_without_a_row_that_can_be_read_is_one_sentence(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    with pytest.raises(DatasetError, match=said):
        broken(tmp_path, name, content)


@pytest.mark.parametrize("bad", [DIGITS, "[" * 9999 + "]" * 9999, '"\\udfff"', "nul", '"unclosed'])
def test_a_broken_line_of_json_stops_no_other(tmp_path: Path, bad: str) -> None:
    good = '{"image":"a","question":"is it?","answer":"yes"}'
    said = broken(tmp_path, "x.jsonl", f'{good}\n{{"image":"b","question":{bad}}}\n{good}\n')
    assert [line for line, _ in said] == [2]


def test_half_of_a_letter_leaves_out_its_own_entry_alone(tmp_path: Path) -> None:
    entries = [
        '{"image":"a","question":"is it?","answers":["yes"]}',
        '{"image":"b","question":"is it?","answers":["\\ud83d"]}',
        '{"image":"c","question":"\\ud83d\\ude00?","answers":["yes"]}',
    ]
    (tmp_path / "v.json").write_text(f"[{','.join(entries)}]")
    dataset = open_dataset(tmp_path / "v.json")
    assert [e.id for e in dataset.examples] == ["a", "c"]
    assert dataset.examples[1].text == "😀?"


def test_a_quote_that_is_never_closed_is_told_with_the_lines_it_takes(tmp_path: Path) -> None:
    row = "a.png,is it?,yes\n"
    ((line, said),) = broken(tmp_path, "x.csv", f'{HEADER}{row}b.png,"is it?,no\n{row}{row}')
    assert line == 3 and "up to line 5" in said and "a quote may never be closed" in said
    ((line, said),) = broken(tmp_path, "y.csv", f'{HEADER}{row}b.png,is it?,"no\n{row}{row}')
    assert line == 3 and "up to line 5" in said
    long = "x.png,is it?,yes\n" * 10_000
    ((line, _),) = broken(tmp_path, "z.csv", f'{HEADER}{row}b.png,"is it?,no\n{long}')
    assert line == 3 and len(open_dataset(tmp_path / "z.csv").examples) > 1000


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
GQA = {
    "question": "is it?",
    "imageId": "1",
    "answer": "yes",
    "types": {"structural": "verify", "semantic": "obj", "detailed": "exist"},
    "groups": {"global": "g", "local": "l"},
    "semantic": [{"operation": "exist", "argument": "?", "dependencies": []}],
    "entailed": ["2"],
    "equivalent": ["1"],
    "isBalanced": True,
    "annotations": {"question": {"0": "7"}},
}
QUESTION = {"question_id": 1, "image_id": 2, "question": "is it?"}
CAPTION = {"image_file": "a.jpg", "caption": "a", "foil": "b", "mturk": {"caption": 3}, "type": "x"}
KARPATHY = {"filename": "a.jpg", "sentences": [{"raw": "a", "sentid": 1}], "split": "test"}
VQA_ANSWER = {"answer": "yes", "answer_confidence": "yes"}
SAMPLES: list[Any] = [
    {"1": GQA, "2": GQA},
    {"questions": [QUESTION, QUESTION | {"question_id": 2}]},
    [{"img_id": "a", "label": {"yes": 1}, "question_id": 5, "sent": "is it?"}],
    [{"identifier": "dev-1-2-0", "sent": "a", "img0": "x", "img1": "y", "label": 1}],
    {"e1": CAPTION, "e2": CAPTION},
    [{"image_path": "a", "caption_options": ["a", "b"]}],
    [[1, "a", "b"]],
    [{"image": "a", "question": "is it?", "answers": [VQA_ANSWER]}],
    {"data": [{"question_id": 1, "image_id": "a", "question": "is it?", "answers": ["yes"]}]},
    [{"id": 1, "qas": [{"qa_id": 1, "image_id": 1, "question": "is it?", "answer": "yes"}]}],
    {
        "images": [{"id": 1, "file_name": "a"}],
        "annotations": [{"id": 1, "image_id": 1, "caption": "a"}],
    },
    {"images": [KARPATHY]},
    [{"img_filename": "a", "sentence_target": "a", "sentence_distractor": "b"}],
]
LINES: list[Any] = [
    {"image": "a", "caption": "b", "label": 1, "relation": "on"},
    {"id": 1, "image_0": "a", "image_1": "b", "caption_0": "c", "caption_1": "d"},
    {"identifier": "dev-1-2-0", "sentence": "a", "label": "True"},
    {"image": "a", "question": "is it?", "answer": ["yes"], "matches": True},
]


def with_one_thing_changed(content: Any, data: st.DataObject) -> Any:
    """Somewhere inside, another value stands, or nothing."""
    if not isinstance(content, (dict, list)) or not content or data.draw(st.integers(0, 4)) == 0:
        return data.draw(VALUES)
    changed = dict(content) if isinstance(content, dict) else list(content)
    key = data.draw(
        st.sampled_from([*content] if isinstance(content, dict) else range(len(content)))
    )
    if data.draw(st.booleans()):
        del changed[key]
    else:
        changed[key] = with_one_thing_changed(content[key], data)
    return changed


def read_or_refused(path: Path) -> None:
    """Every example that is read can be told in a run's shards and remarks."""
    try:
        dataset = open_dataset(path)
    except DatasetError as error:
        assert str(error)
        return
    assert examples_of(table_of(dataset.examples)) == list(dataset.examples)
    json.dumps(dataset.remarks)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_stands_in_an_entry_it_is_read_or_remarked(
    data: st.DataObject, tmp_path: Path
) -> None:
    content = with_one_thing_changed(data.draw(st.sampled_from(SAMPLES)), data)
    (tmp_path / "x.json").write_text(json.dumps(content))
    read_or_refused(tmp_path / "x.json")
    line = data.draw(st.sampled_from(LINES))
    lines = [line, with_one_thing_changed(line, data), line]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, lines)))
    read_or_refused(tmp_path / "x.jsonl")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.text(alphabet='a,;"\t\r\n\\{}[]:1é', max_size=60),
    ending=st.sampled_from([".csv", ".tsv", ".jsonl", ".json"]),
)
def test_whatever_stands_in_a_text_file_it_is_read_or_refused(
    text: str, ending: str, tmp_path: Path
) -> None:
    header = {".csv": HEADER, ".tsv": HEADER.replace(",", "\t")}.get(ending, "")
    (tmp_path / f"x{ending}").write_text(header + text, newline="")
    read_or_refused(tmp_path / f"x{ending}")
