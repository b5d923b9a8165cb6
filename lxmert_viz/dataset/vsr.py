"""VSR, visual spatial reasoning: is a caption true of its picture? An object a line."""

from collections.abc import Iterator
from pathlib import Path

from lxmert_viz.dataset.datasets import Reading, Told, read_entries
from lxmert_viz.dataset.lines import lines_of
from lxmert_viz.dataset.remarks import Entry, Json, picture_of, text_of
from lxmert_viz.records import Example

FIRST_TESTS = {2024: "random", 731: "zeroshot"}  # rows of the test files of May 2022
NEWER_TESTS = {2195: ("random", 65), 1222: ("zeroshot", 60)}  # rows -> split, % seen in training
TRUTHS = {"1": True, "0": False}


def is_vsr(first: Json) -> bool:
    return {"image", "caption", "label", "relation"} <= first.keys()


def read_vsr(path: Path) -> Reading:
    def examples(told: Told) -> Iterator[Example]:
        rows = 0
        for example in read_entries(lines_of(path), _example, told):
            rows += 1
            yield example
        told.training_note = _training_note(rows)

    return Reading(path.stem, "VSR", (path,), examples)


def _example(entry: Entry) -> list[Example]:
    label = text_of(entry.content, "label")
    if label not in TRUTHS:
        raise ValueError(f"it has the label {label!r}, neither 1 nor 0")
    made = Example(
        id=entry.key,
        picture=picture_of(entry.content, "image"),
        text=text_of(entry.content, "caption"),
        matches=TRUTHS[label],
        types={"question": text_of(entry.content, "relation")},
        place=entry.place,
    )
    return [made]


def _training_note(rows: int) -> str:
    """The published fine-tuned weights are of August 2022, before the files were split anew."""
    if rows in FIRST_TESTS:
        return ""
    if rows in NEWER_TESTS:
        split, seen = NEWER_TESTS[rows]
        return (
            f"This is the {split} test of VSR's files of 2023: the published lxmert-vsr weights of "
            f"2022 were trained on {seen} % of it. Ask them about the test files of 2022."
        )
    return (
        "The published lxmert-vsr weights were trained on VSR's files of 2022, which share rows "
        "with every file of 2023; only the test files of 2022 (2,024 and 731 rows) are unseen."
    )
