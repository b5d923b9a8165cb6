"""Pictures with the captions that people wrote: COCO's own files, and Karpathy's splits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Reading, Told, read_entries
from lxmert_viz.dataset.json_entries import JsonEntries, entries_from, entries_of
from lxmert_viz.dataset.remarks import Entry, Json, picture_of, text_of
from lxmert_viz.records import Example

SEEN = "Published LXMERTs were pre-trained on COCO's captions, except for LXMERT's part “minival”."


def is_coco_captions(content: Any) -> bool:
    first = _first(content, "annotations")
    return "caption" in first and "image_id" in first


def is_foil_it(content: Any) -> bool:
    return is_coco_captions(content) and "foil" in _first(content, "annotations")


def is_karpathy(content: Any) -> bool:
    return isinstance(_first(content, "images").get("sentences"), list)


def read_coco_captions(path: Path) -> Reading:
    """An example a caption; its id is the annotation's."""

    def examples(told: Told) -> Iterator[Example]:
        names = _files(path)

        def examples_of(entry: Entry) -> list[Example]:
            number = text_of(entry.content, "image_id")
            picture = picture_of({"file_name": names.get(number, number)}, "file_name")
            text = text_of(entry.content, "caption")
            return [Example(entry.key, picture, text, matches=True, place=entry.place)]

        yield from read_entries(entries_of(path, ("id",), "annotations"), examples_of, told)

    return Reading(path.stem, "COCO captions", (path,), examples, SEEN)


def read_foil_it(path: Path) -> Reading:
    """FOIL-it: captions of COCO and the same with one word changed; both have one id."""

    def examples(told: Told) -> Iterator[Example]:
        names = _files(path)

        def examples_of(entry: Entry) -> list[Example]:
            content: Json = entry.content
            number, key = text_of(content, "image_id"), text_of(content, "id")
            is_foil = content["foil"]
            if not isinstance(is_foil, bool):
                raise ValueError(f"its “foil” is {is_foil!r}, neither true nor false")
            word = content.get("target_word") if is_foil else None
            made = Example(
                id=f"{key}:foil {content.get('foil_id', '')}".strip() if is_foil else key,
                picture=picture_of({"file_name": names.get(number, number)}, "file_name"),
                text=text_of(content, "caption"),
                matches=not is_foil,
                pair=key,
                types={"question": str(word)} if word else {},
                place=entry.place,
            )
            return [made]

        yield from read_entries(entries_of(path, (), "annotations"), examples_of, told)

    return Reading(path.stem, "FOIL-it", (path,), examples, SEEN)


def _files(path: Path) -> dict[str, str]:
    """Id of a picture -> its file."""
    images = (found.content for found in JsonEntries(path, "images"))
    return {
        str(image["id"]): str(image["file_name"])
        for image in images
        if isinstance(image, dict) and image.get("id") is not None and image.get("file_name")
    }


def read_karpathy(path: Path) -> Reading:
    """An example a sentence; its split, such as test or restval, is the question type."""

    def examples(told: Told) -> Iterator[Example]:
        found = JsonEntries(path, "images")
        yield from read_entries(entries_from(found, path.name, ("imgid",)), _of_image, told)
        if str(found.beside.get("dataset", "coco")) == "coco":
            told.training_note = SEEN

    return Reading(path.stem, "Karpathy split", (path,), examples)


def _of_image(entry: Entry) -> list[Example]:
    image: Json = entry.content
    folder, name = image.get("filepath"), picture_of(image, "filename")
    split = image.get("split")
    return [
        Example(
            id=text_of(sentence, "sentid"),
            picture=f"{folder}/{name}" if folder else name,
            text=text_of(sentence, "raw"),
            matches=True,
            types={"question": str(split)} if split else {},
            place=entry.place,
        )
        for sentence in image["sentences"]
    ]


def _first(content: Any, name: str) -> Json:
    listed = content.get(name) if isinstance(content, dict) else None
    first = listed[0] if isinstance(listed, list) and listed else None
    return first if isinstance(first, dict) else {}
