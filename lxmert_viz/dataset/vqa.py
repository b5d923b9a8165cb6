"""VQA v2: a file of questions, and beside it the annotations with ten people's answers each."""

from collections.abc import Iterator
from pathlib import Path

from lxmert_viz.dataset.datasets import Reading, Told, read_entries
from lxmert_viz.dataset.json_entries import JsonEntries, entries_of, outlines
from lxmert_viz.dataset.remarks import ODD, Entry, Json, Remark, picture_of, text_of
from lxmert_viz.dataset.shelf import Shelf
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example

SEEN = {  # part of a file's name: who has been trained on it
    "train": "Every published LXMERT was trained on VQA v2's training questions.",
    "val": "Published LXMERTs were trained on most of VQA v2's validation questions; "
    "only LXMERT's own part “minival” is unseen.",
}


def is_vqa(content: object) -> bool:
    return isinstance(content, dict) and isinstance(content.get("questions"), list)


def read_vqa(path: Path) -> Reading:
    """Raises DatasetError where there are several files of annotations to choose from."""
    annotations = _annotations(path)

    def examples(told: Told) -> Iterator[Example]:
        shelf = Shelf(()) if annotations is None else Shelf(_by_question(annotations, told))
        for key, line in shelf.repeated():
            what = f"{key} is annotated twice; the first one counts."
            told.remark(Remark("duplicate", annotations.name, line, what))

        def examples_of(entry: Entry) -> list[Example]:
            return [_example(entry, shelf.get(str(entry.given)))]

        entries = entries_of(path, ("question_id",), "questions")
        yield from read_entries(entries, examples_of, told)
        if unasked := shelf.unasked():
            what = f"{unasked} annotations are of questions that {path.name} does not have."
            told.remark(Remark("note", annotations.name, 0, what))

    return Reading(
        name=path.stem,
        layout="VQA v2",
        files=(path,) if annotations is None else (path, annotations),
        examples=examples,
        ids=None,
        training_note=next((note for part, note in SEEN.items() if part in path.name), ""),
    )


def _by_question(annotations: Path, told: Told) -> Iterator[tuple[str, Json, int]]:
    for found in JsonEntries(annotations, "annotations"):
        try:
            yield text_of(found.content, "question_id"), _slim(found.content), found.line
        except ValueError as error:
            what = f"An annotation: {error}."
            told.remark(Remark("broken", annotations.name, found.line, what))


def _slim(annotation: Json) -> Json:
    """What an example takes of it; all of one that is not as VQA v2 has them."""
    try:
        answers = [{"answer": given["answer"]} for given in annotation.get("answers") or ()]
    except ODD:
        return annotation
    names = ("multiple_choice_answer", "question_type", "answer_type")
    return {"answers": answers} | {name: annotation.get(name) for name in names}


def _example(entry: Entry, annotation: Json | None) -> Example:
    told = annotation or {}
    answers = tuple(str(given["answer"]) for given in told.get("answers") or ())
    if not answers and told.get("multiple_choice_answer"):
        answers = (str(told["multiple_choice_answer"]),)
    types = {"question": told.get("question_type"), "answer": told.get("answer_type")}
    return Example(
        id=text_of(entry.content, "question_id"),
        picture=picture_of(entry.content, "image_id"),
        text=text_of(entry.content, "question"),
        answers=answers,
        types={name: str(value) for name, value in types.items() if value},
        place=entry.place,
    )


def _annotations(questions: Path) -> Path | None:
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
    if not any(_has_annotations(outline) for outline in outlines(named[0])):
        raise DatasetError(f"{named[0]} has no list “annotations”, as VQA v2's annotations do.")
    return named[0]


def _has_annotations(outline: object) -> bool:
    return isinstance(outline, dict) and isinstance(outline.get("annotations"), list)
