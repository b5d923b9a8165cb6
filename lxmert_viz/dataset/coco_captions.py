"""Pictures with the captions that people wrote: COCO's own files, and Karpathy's splits."""

from dataclasses import replace
from typing import Any

from lxmert_viz.dataset.datasets import Dataset, Entry, collected, entries_of
from lxmert_viz.dataset.remarks import Json, JsonFile, picture_of, text_of
from lxmert_viz.records import Example

SEEN = "Published LXMERTs were pre-trained on COCO's captions, except for LXMERT's part “minival”."


def is_coco_captions(content: Any) -> bool:
    first = _first(content, "annotations")
    return "caption" in first and "image_id" in first


def is_karpathy(content: Any) -> bool:
    return isinstance(_first(content, "images").get("sentences"), list)


def read_coco_captions(file: JsonFile) -> Dataset:
    """An example a caption; its id is the annotation's."""
    images = file.content.get("images")
    names = {
        str(image["id"]): str(image["file_name"])
        for image in (images if isinstance(images, list) else ())
        if isinstance(image, dict) and image.get("id") is not None and image.get("file_name")
    }

    def examples_of(entry: Entry) -> list[Example]:
        number = text_of(entry.content, "image_id")
        picture = picture_of({"file_name": names.get(number, number)}, "file_name")
        text = text_of(entry.content, "caption")
        return [Example(entry.key, picture, text, matches=True, place=entry.place)]

    entries = entries_of(file, file.content["annotations"], ("id",))
    read = collected(file.path, "COCO captions", entries, examples_of, file.last_line)
    return replace(read, training_note=SEEN)


def read_karpathy(file: JsonFile) -> Dataset:
    """An example a sentence; its split, such as test or restval, is the question type."""
    entries = entries_of(file, file.content["images"], ("imgid",))
    read = collected(file.path, "Karpathy split", entries, _of_image, file.last_line)
    is_coco = str(file.content.get("dataset", "coco")) == "coco"
    return replace(read, training_note=SEEN if is_coco else "")


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
