"""Captions and their foils: VALSE's layout, or a list of captions that are true or not."""

from pathlib import PurePosixPath
from typing import Any

from lxmert_viz.dataset.datasets import Dataset, without_duplicates
from lxmert_viz.dataset.remarks import JsonFile, Remark, text_of
from lxmert_viz.records import Example

PICTURE_NAMES = ("image", "img_id", "imageId", "image_id", "picture")


def is_captions(content: Any) -> bool:
    return any(isinstance(entry, dict) and "caption" in entry for _, entry in _entries(content)[:1])


def read_captions(file: JsonFile) -> Dataset:
    """A pair becomes two examples, ID:caption and ID:foil; a foil may be a list of foils."""
    examples, remarks = [], []
    for key, entry in _entries(file.content):
        try:
            examples += _examples(key, entry, file.place(key))
        except (ValueError, TypeError, AttributeError) as error:
            remarks.append(file.remark("broken", key, f"{key}: {error}."))
    remarks += [
        Remark("no answer", file.path.name, 0, f"{example.id} is neither true nor false.")
        for example in examples
        if example.matches is None
    ]
    kept, twice = without_duplicates(examples, file.last_line)
    return Dataset(
        name=file.path.stem,
        layout="captions and foils",
        files=(file.path,),
        examples=kept,
        remarks=(*remarks, *twice),
    )


def _entries(content: Any) -> list[tuple[str, Any]]:
    if isinstance(content, dict):
        return list(content.items())
    if not isinstance(content, list):
        return []
    return [
        (str(entry.get("id", number)) if isinstance(entry, dict) else str(number), entry)
        for number, entry in enumerate(content, start=1)
    ]


def _examples(key: str, entry: dict[str, Any], place: str) -> list[Example]:
    picture = PurePosixPath(text_of(entry, "image_file", PICTURE_NAMES)).name
    kind = entry.get("linguistic_phenomena") or entry.get("type")
    types = {"question": str(kind)} if kind else {}
    caption = text_of(entry, "caption")
    foils = entry.get("foil", entry.get("foils"))
    if foils is None:
        told = entry.get("matches")
        truth = told if isinstance(told, bool) else None
        return [Example(key, picture, caption, matches=truth, types=types, place=place)]
    foils = [foils] if isinstance(foils, str) else list(foils)
    names = ["foil"] if len(foils) == 1 else [f"foil {n}" for n in range(1, len(foils) + 1)]
    texts = [
        ("caption", caption, True),
        *((n, f, False) for n, f in zip(names, foils, strict=True)),
    ]
    return [
        Example(f"{key}:{n}", picture, str(t), matches=m, pair=key, types=types, place=place)
        for n, t, m in texts
    ]
