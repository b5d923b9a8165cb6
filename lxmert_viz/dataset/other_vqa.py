"""Questions with people's answers in one file: VizWiz, TextVQA, Visual Genome's questions."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from lxmert_viz.dataset.datasets import Dataset, Entry, collected, entries_of, kind_of_ids
from lxmert_viz.dataset.remarks import Json, JsonFile, picture_of, text_of
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


def read_vizwiz(file: JsonFile) -> Dataset:
    """A picture has one question, which is called like it."""
    read = collected(file.path, "VizWiz", _by_picture(file), _example, file.last_line)
    return replace(read, ids=kind_of_ids(_id_of(entry, IDS) for entry in file.content))


def read_textvqa(file: JsonFile) -> Dataset:
    asked = file.content["data"]
    entries = entries_of(file, asked, IDS)
    read = collected(file.path, "TextVQA", entries, _example, file.last_line)
    return replace(read, ids=kind_of_ids(_id_of(entry, IDS) for entry in asked))


def read_visual_genome(file: JsonFile) -> Dataset:
    asked = [
        {"image_id": image.get("id", image.get("image_id")), **question}
        for image in file.content
        if isinstance(image, dict) and isinstance(image.get("qas"), list)
        for question in image["qas"]
        if isinstance(question, dict)
    ]
    entries = entries_of(file, asked, ("qa_id",))
    read = collected(file.path, "Visual Genome QA", entries, _example, file.last_line)
    ids = kind_of_ids(_id_of(question, ("qa_id",)) for question in asked)
    return replace(read, training_note=SEEN, ids=ids)


def _id_of(entry: Any, names: Sequence[str]) -> object:
    found = (entry.get(name) for name in names) if isinstance(entry, dict) else ()
    return next((value for value in found if value is not None), None)


def _by_picture(file: JsonFile) -> Iterator[Entry]:
    """Called like the picture where the file gives no id; its second question is numbered."""
    seen: Counter[str] = Counter()
    for entry in entries_of(file, file.content, IDS):
        picture = entry.content.get("image") if isinstance(entry.content, dict) else None
        if not isinstance(picture, str) or any(entry.content.get(k) is not None for k in IDS):
            yield entry
            continue
        seen[picture] += 1
        number = f":{seen[picture]}" if seen[picture] > 1 else ""
        yield Entry(f"{picture}{number}", entry.place, entry.content)


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
