"""NLVR2: is a sentence true of two pictures? Its own JSON lines, or LXMERT's list."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Dataset, without_duplicates
from lxmert_viz.dataset.remarks import JsonFile, Remark, text_of
from lxmert_viz.records import Example

TRUE, FALSE = "True", "False"
TRUTHS = {"true": TRUE, "1": TRUE, "false": FALSE, "0": FALSE}


def is_nlvr2(content: Any) -> bool:
    """LXMERT's list."""
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and {"img0", "img1", "sent"} <= first.keys()


def is_nlvr2_lines(path: Path) -> bool:
    """NLVR2's own files hold an object a line, though their names may end in .json."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        try:
            first = json.loads(file.readline())
        except json.JSONDecodeError:
            return False
    return isinstance(first, dict) and {"identifier", "sentence"} <= first.keys()


def read_nlvr2(file: JsonFile) -> Dataset:
    entries = (
        (file.place(str(entry.get("uid") or entry.get("identifier"))), entry)
        for entry in file.content
        if isinstance(entry, dict)
    )
    return _dataset(file.path, entries, [])


def read_nlvr2_lines(path: Path) -> Dataset:
    entries, remarks = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        try:
            entry = json.loads(line) if line.strip() else None
        except json.JSONDecodeError as error:
            remarks.append(Remark("broken", path.name, number, f"This is not JSON: {error.msg}."))
            continue
        if entry is not None:
            entries.append((f"{path.name}:{number}", entry))
    return _dataset(path, entries, remarks)


def _dataset(path: Path, entries: Iterable[tuple[str, Any]], remarks: list[Remark]) -> Dataset:
    examples = []
    for place, entry in entries:
        line = int(place.rpartition(":")[2])
        try:
            example = _example(entry, place)
        except (ValueError, AttributeError) as error:
            remarks.append(Remark("broken", path.name, line, f"{error}."))
            continue
        examples.append(example)
        if not example.answers:
            what = f"{example.id} is neither true nor false."
            remarks.append(Remark("no answer", path.name, line, what))
    kept, twice = without_duplicates(examples)
    return Dataset(path.stem, "NLVR2", (path,), kept, remarks=(*remarks, *twice))


def _example(entry: dict[str, Any], place: str) -> Example:
    """An identifier is split-set-pair-sentence; its pictures are called split-set-pair-img0, -1."""
    name = text_of(entry, "identifier", ("uid",))
    label = str(entry.get("label", "")).lower()
    if label and label not in TRUTHS:
        raise ValueError(f"{name} has the label {entry['label']!r}, neither True nor False")
    parts = name.split("-")
    stem = "-".join(parts[:3])
    return Example(
        id=name,
        picture=str(entry.get("img0") or f"{stem}-img0"),
        second_picture=str(entry.get("img1") or f"{stem}-img1"),
        text=text_of(entry, "sentence", ("sent",)),
        answers=(TRUTHS[label],) if label else (),
        pair="-".join([*parts[:2], *parts[3:]]) if len(parts) == 4 else "",
        place=place,
    )
