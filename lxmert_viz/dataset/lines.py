"""Files with a JSON object a line."""

import json
from collections.abc import Iterator
from pathlib import Path

from lxmert_viz.dataset.remarks import (
    HALF,
    HALF_LETTER,
    UNREADABLE,
    Entry,
    Json,
    is_whole,
    reading,
    why,
)

LONGEST_LINE = 1 << 24  # letters; a longer one is a whole file


def json_lines(path: Path) -> Iterator[tuple[int, Json, str]]:
    """Lines from 1, each with its object, or the reason why it is none; empty ones are left out."""
    with reading(path), path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
            except UNREADABLE as error:
                yield number, {}, why(error)
                continue
            if not isinstance(entry, dict):
                yield number, {}, "it is no JSON object"
            elif HALF.search(line) and not is_whole(entry):
                yield number, {}, HALF_LETTER
            else:
                yield number, entry, ""


def first_object(path: Path) -> Json | None:
    """Of a file with an object a line; None for any other, such as one of JSON as a whole."""
    with reading(path), path.open(encoding="utf-8-sig", errors="replace") as file:
        line = file.readline(LONGEST_LINE)
        if not line.endswith("\n") and file.read(1):
            return None
    try:
        first = json.loads(line)
    except UNREADABLE:
        return None
    return first if isinstance(first, dict) else None


def lines_of(path: Path) -> Iterator[Entry]:
    """An entry a line, which its number is the key of."""
    name = path.name
    for number, content, fault in json_lines(path):
        yield Entry(str(number), f"{name}:{number}", content, fault)
