"""Questions with people's answers in one file: VizWiz, TextVQA, Visual Genome's questions."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Reading, read_entries
from lxmert_viz.dataset.json_entries import entries_of
from lxmert_viz.dataset.remarks import Entry, Json, picture_of, text_of
from lxmert_viz.records import Example

IDS = ("question_id", "id")
SEEN = "Published LXMERTs were pre-trained on pictures and questions of Visual Genome."


def is_vizwiz(content: Any) -> bool:
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and {"image", "question"} <= first.keys()


def is_textvqa(content: Any) -> bool:
    listed = content.get("data") if isinstance(content, dict) else None
    first = listed[0] if isinstance(listed, list) and listed else None
    return isinstance(first, dict) and {"question", "image_id"} <= first.keys()


def is_visual_genome(content: Any) -> bool:
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and isinstance(first.get("qas"), list)


def read_vizwiz(path: Path) -> Reading:
    """A picture has one question, which is called like it."""
    return _reading(path, "VizWiz", lambda: _by_picture(entries_of(path, IDS)))


def read_textvqa(path: Path) -> Reading:
    return _reading(path, "TextVQA", lambda: entries_of(path, IDS, "data"))


def read_visual_genome(path: Path) -> Reading:
    return _reading(path, "Visual Genome QA", lambda: _of_pictures(path), SEEN)


def _reading(
    path: Path, layout: str, entries: Callable[[], Iterator[Entry]], training_note: str = ""
) -> Reading:
    return Reading(
        name=path.stem,
        layout=layout,
        files=(path,),
        examples=lambda told: read_entries(entries(), _example, told),
        ids=None,
        training_note=training_note,
    )


def _of_pictures(path: Path) -> Iterator[Entry]:
    """The questions that Visual Genome lists by picture."""
    count = 0
    for entry in entries_of(path):
        image = entry.content
        if entry.fault or not isinstance(image, dict) or not isinstance(image.get("qas"), list):
            yield entry._replace(fault=entry.fault or "it has no list of questions, 'qas'")
            continue
        named = {"image_id": image.get("id", image.get("image_id"))}
        for question in image["qas"]:
            count += 1
            is_record = isinstance(question, dict)
            number = question.get("qa_id") if is_record else None
            key = str(count if number is None else number)
            content = named | question if is_record else question
            yield Entry(key, entry.place, content, given=number)


def _by_picture(entries: Iterator[Entry]) -> Iterator[Entry]:
    """Called like the picture where the file gives no id; its second question is numbered."""
    seen: Counter[str] = Counter()
    for entry in entries:
        picture = entry.content.get("image") if isinstance(entry.content, dict) else None
        if not isinstance(picture, str) or entry.given is not None:
            yield entry
            continue
        seen[picture] += 1
        number = f":{seen[picture]}" if seen[picture] > 1 else ""
        yield entry._replace(key=f"{picture}{number}")


def _example(entry: Entry) -> list[Example]:
    question: Json = entry.content
    kind = question.get("answer_type")
    made = Example(
        id=entry.key,
        picture=picture_of(question, "image", ("image_id",)),
        text=text_of(question, "question"),
        answers=tuple(_answers(question)),
        types={"answer": str(kind)} if kind else {},
        place=entry.place,
    )
    return [made]


def _answers(question: Json) -> Iterator[str]:
    """A list of texts or of records with the field "answer"; or one answer."""
    one = question.get("answer")
    given = question.get("answers") or ([] if one is None else [one])
    for answer in given:
        yield text_of(answer if isinstance(answer, dict) else {"answer": answer}, "answer")
