"""LXMERT's own lists of questions, whose labels are soft scores of answers."""

from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Reading, read_entries
from lxmert_viz.dataset.json_entries import entries_of
from lxmert_viz.dataset.remarks import Entry, Json, picture_of, text_of
from lxmert_viz.records import Example

SEEN = {  # part of a file's name: who has been trained on it
    "minival": "",  # the one part of VQA v2 that no published LXMERT has seen
    "nominival": "Every published LXMERT was trained on this part of VQA v2.",
    "testdev": "",
    "train": "Published LXMERTs were trained on these questions.",
    "valid": "lxmert-gqa was fine-tuned on GQA's validation questions too.",
}


def is_lxmert(content: Any) -> bool:
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and "sent" in first and "img_id" in first


def read_lxmert(path: Path) -> Reading:
    return Reading(
        name=path.stem,
        layout="LXMERT's JSON",
        files=(path,),
        examples=lambda told: read_entries(entries_of(path, ("question_id",)), _example, told),
        ids=None,
        training_note=_training_note(path.stem),
    )


def _example(entry: Entry) -> list[Example]:
    asked: Json = entry.content
    types = {"question": asked.get("question_type"), "answer": asked.get("answer_type")}
    scores = {str(answer): float(score) for answer, score in (asked.get("label") or {}).items()}
    if not all(0 <= score <= 1 for score in scores.values()):
        raise ValueError(f"its label {scores} is outside of 0 to 1")
    made = Example(
        id=text_of(asked, "question_id"),
        picture=picture_of(asked, "img_id"),
        text=text_of(asked, "sent"),
        scores=scores,
        types={name: str(value) for name, value in types.items() if value},
        place=entry.place,
    )
    return [made]


def _training_note(stem: str) -> str:
    parts = sorted(SEEN, key=len, reverse=True)  # "nominival" holds "minival"
    return next((SEEN[part] for part in parts if part in stem), "")
