"""NLVR2: is a sentence true of two pictures? Its own JSON lines, or LXMERT's list."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Reading, read_entries
from lxmert_viz.dataset.json_entries import entries_of
from lxmert_viz.dataset.lines import lines_of
from lxmert_viz.dataset.remarks import Entry, Json, picture_name, text_of
from lxmert_viz.records import Example

TRUE, FALSE = "True", "False"
TRUTHS = {"true": TRUE, "1": TRUE, "false": FALSE, "0": FALSE}


def is_nlvr2(content: Any) -> bool:
    """LXMERT's list."""
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and {"img0", "img1", "sent"} <= first.keys()


def is_nlvr2_line(first: Json) -> bool:
    """NLVR2's own files hold an object a line, though their names may end in .json."""
    return {"identifier", "sentence"} <= first.keys()


def read_nlvr2(path: Path) -> Reading:
    return _reading(path, lambda: entries_of(path, ("uid", "identifier")))


def read_nlvr2_lines(path: Path) -> Reading:
    return _reading(path, lambda: lines_of(path))


def _reading(path: Path, entries: Callable[[], Iterator[Entry]]) -> Reading:
    return Reading(
        path.stem, "NLVR2", (path,), lambda told: read_entries(entries(), _example, told)
    )


def _example(entry: Entry) -> list[Example]:
    """An identifier is split-set-pair-sentence; its pictures are called split-set-pair-img0, -1."""
    content: Json = entry.content
    name = text_of(content, "identifier", ("uid",))
    label = str(content.get("label", "")).lower()
    if label and label not in TRUTHS:
        raise ValueError(f"it has the label {content['label']!r}, neither True nor False")
    parts = name.split("-")
    stem = "-".join(parts[:3])
    pictures = [picture_name(str(content.get(f"img{n}") or f"{stem}-img{n}")) for n in (0, 1)]
    made = Example(
        id=name,
        picture=pictures[0],
        second_picture=pictures[1],
        text=text_of(content, "sentence", ("sent",)),
        answers=(TRUTHS[label],) if label else (),
        pair="-".join([*parts[:2], *parts[3:]]) if len(parts) == 4 else "",
        place=entry.place,
    )
    return [made]
