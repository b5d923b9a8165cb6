"""VQA v2: a file of questions, and beside it the annotations with ten people's answers each."""

from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Dataset, kind_of_ids, without_duplicates
from lxmert_viz.dataset.remarks import ODD, Json, JsonFile, Remark, picture_of, text_of, why
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example

SEEN = {  # part of a file's name: who has been trained on it
    "train": "Every published LXMERT was trained on VQA v2's training questions.",
    "val": "Published LXMERTs were trained on most of VQA v2's validation questions; "
    "only LXMERT's own part “minival” is unseen.",
}


def is_vqa(content: Any) -> bool:
    return isinstance(content, dict) and isinstance(content.get("questions"), list)


def read_vqa(file: JsonFile) -> Dataset:
    """Raises DatasetError where there are several files of annotations to choose from."""
    remarks: list[Remark] = []
    annotations = _annotations(file.path)
    told = {} if annotations is None else _by_question(annotations, remarks)
    examples, questions = [], file.content["questions"]
    for entry in questions:
        number = str(entry.get("question_id", "")) if isinstance(entry, dict) else ""
        try:
            example = _example(entry, told.get(number), file.place(number))
        except ODD as error:
            what = f"question {number or 'without an id'}: {why(error)}."
            remarks.append(file.remark("broken", number, what))
            continue
        examples.append(example)
        if not example.answers:
            remarks.append(file.remark("no answer", number, f"{number} has no annotation."))
    kept, twice = without_duplicates(examples, file.last_line)
    unasked = len(told.keys() - {example.id for example in kept})
    if unasked and annotations is not None:
        what = f"{unasked} annotations are of questions that {file.path.name} does not have."
        remarks.append(Remark("note", annotations.path.name, 0, what))
    return Dataset(
        name=file.path.stem,
        layout="VQA v2",
        files=(file.path,) if annotations is None else (file.path, annotations.path),
        examples=kept,
        ids=kind_of_ids(e.get("question_id") for e in questions if isinstance(e, dict)),
        remarks=(*remarks, *twice),
        training_note=next((note for part, note in SEEN.items() if part in file.path.name), ""),
    )


def _by_question(annotations: JsonFile, remarks: list[Remark]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for entry in annotations.content["annotations"]:
        try:
            number = text_of(entry, "question_id")
        except ValueError as error:
            remarks.append(Remark("broken", annotations.path.name, 0, f"An annotation: {error}."))
            continue
        if number in found:
            what = f"{number} is annotated twice; the first one counts."
            remarks.append(annotations.remark("duplicate", number, what, last=True))
        found.setdefault(number, entry)
    return found


def _example(entry: Json, annotation: Json | None, place: str) -> Example:
    told = annotation or {}
    answers = tuple(str(given["answer"]) for given in told.get("answers") or ())
    if not answers and told.get("multiple_choice_answer"):
        answers = (str(told["multiple_choice_answer"]),)
    types = {"question": told.get("question_type"), "answer": told.get("answer_type")}
    return Example(
        id=text_of(entry, "question_id"),
        picture=picture_of(entry, "image_id"),
        text=text_of(entry, "question"),
        answers=answers,
        types={name: str(value) for name, value in types.items() if value},
        place=place,
    )


def _annotations(questions: Path) -> JsonFile | None:
    """The annotations of the same split: "OpenEnded_" and "questions" are not in their name."""
    beside = [p for p in sorted(questions.parent.glob("*annotations*.json")) if p != questions]
    split = [word for word in questions.stem.split("_") if word.startswith(("train", "val"))]
    named = [p for p in beside if all(word in p.stem for word in split)]
    if len(named) > 1:
        listing = ", ".join(p.name for p in named)
        raise DatasetError(
            f"Beside {questions} lie several annotations ({listing}); keep those of its split."
        )
    if not named:
        return None
    file = JsonFile(named[0])
    if not isinstance(file.content, dict) or not isinstance(file.content.get("annotations"), list):
        raise DatasetError(f"{file.path} has no list “annotations”, as VQA v2's annotations do.")
    return file
