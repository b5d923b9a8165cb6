"""LXMERT's own lists of questions, whose labels are soft scores of answers."""

from typing import Any

from lxmert_viz.dataset.datasets import Dataset, kind_of_ids, without_duplicates
from lxmert_viz.dataset.remarks import ODD, JsonFile, Remark, picture_of, text_of, why
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


def read_lxmert(file: JsonFile) -> Dataset:
    remarks: list[Remark] = []
    examples = []
    for entry in file.content:
        number = str(entry.get("question_id", "")) if isinstance(entry, dict) else ""
        try:
            example = _example(entry, file.place(number))
        except ODD as error:
            what = f"question {number or 'without an id'}: {why(error)}."
            remarks.append(file.remark("broken", number, what))
            continue
        examples.append(example)
        if not example.scores:
            remarks.append(file.remark("no answer", number, f"{number} has no label."))
    kept, twice = without_duplicates(examples, file.last_line)
    return Dataset(
        name=file.path.stem,
        layout="LXMERT's JSON",
        files=(file.path,),
        examples=kept,
        ids=kind_of_ids(e.get("question_id") for e in file.content if isinstance(e, dict)),
        remarks=(*remarks, *twice),
        training_note=_training_note(file.path.stem),
    )


def _example(entry: dict[str, Any], place: str) -> Example:
    types = {"question": entry.get("question_type"), "answer": entry.get("answer_type")}
    scores = {str(answer): float(score) for answer, score in (entry.get("label") or {}).items()}
    if not all(0 <= score <= 1 for score in scores.values()):
        raise ValueError(f"its label {scores} is outside of 0 to 1")
    return Example(
        id=text_of(entry, "question_id"),
        picture=picture_of(entry, "img_id"),
        text=text_of(entry, "sent"),
        scores=scores,
        types={name: str(value) for name, value in types.items() if value},
        place=place,
    )


def _training_note(stem: str) -> str:
    parts = sorted(SEEN, key=len, reverse=True)  # "nominival" holds "minival"
    return next((SEEN[part] for part in parts if part in stem), "")
