"""Lists of captions as a person types, pastes or hands them over; what is odd stays as a row."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import PurePath
from typing import Any

from lxmert_viz.dataset.remarks import HALF_LETTER
from lxmert_viz.errors import DatasetError

ENDINGS = (".txt", ".csv", ".tsv", ".json", ".jsonl")
CAPTIONS = ("caption", "text", "sentence")
FOILS = ("foil", "negative_caption", "false_caption")
TAB = "\t"
NO_CAPTION = "There is no caption."


@dataclass(frozen=True, slots=True)
class CaptionRow:
    """A caption with its foil, "" where it has none; or why it cannot be asked."""

    number: int  # from 1
    caption: str
    foil: str = ""
    error: str = ""


def typed(text: str) -> list[CaptionRow]:
    """A caption a line; a foil may follow a tab. Empty lines are no rows."""
    lines = [line for line in text.splitlines() if line.strip()]
    return _rows(tuple((line.split(TAB) + [""])[:2]) for line in lines)


def in_file(name: str, content: bytes) -> list[CaptionRow]:
    """Raises DatasetError for a file that is not read at all."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{name} is not UTF-8 text: save it as such.") from error
    ending = PurePath(name).suffix.lower()
    if ending == ".txt":
        return _rows(tuple((line.split(TAB) + [""])[:2]) for line in text.splitlines())
    if ending in (".csv", ".tsv"):
        return _rows(_of_table(text, TAB if ending == ".tsv" else ","))
    if ending in (".json", ".jsonl"):
        return _rows(map(_of_entry, _entries(name, text, ending)))
    raise DatasetError(f"{name} is not read; use {', '.join(ENDINGS)}.")


def written(rows: Iterable[CaptionRow]) -> str:
    """What `typed` reads."""
    return "\n".join(f"{r.caption}{TAB}{r.foil}" if r.foil else r.caption for r in rows)


def _rows(pairs: Iterable[tuple[str, str] | csv.Error]) -> list[CaptionRow]:
    found = []
    for number, pair in enumerate(pairs, start=1):
        if isinstance(pair, csv.Error):
            fault = f"It cannot be read ({pair}); a quote may never be closed."
            found.append(CaptionRow(number, "", "", fault))
            continue
        caption, foil = (_whole_letters(text.strip()) for text in pair)
        error = "" if caption else NO_CAPTION
        if caption and " ".join(caption.split()).casefold() == " ".join(foil.split()).casefold():
            error = "Caption and foil are the same sentence."
        if (caption, foil) != tuple(text.strip() for text in pair):
            error = f"{HALF_LETTER[0].upper()}{HALF_LETTER[1:]}."
        found.append(CaptionRow(number, caption, foil, error))
    return found


def _whole_letters(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _lines(text: str, separator: str) -> Iterator[list[str] | csv.Error]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator)
    while True:
        try:
            if cells := next(reader):
                yield cells
        except StopIteration:
            return
        except csv.Error as error:
            yield error


def _of_table(text: str, separator: str) -> Iterator[tuple[str, str] | csv.Error]:
    """With a line of names where one of them is known; else the first two columns."""
    lines = list(_lines(text, separator))
    first = lines[0] if lines and isinstance(lines[0], list) else []
    names = [cell.strip().lower() for cell in first]
    caption = next((names.index(name) for name in CAPTIONS if name in names), None)
    foil = next((names.index(name) for name in FOILS if name in names), None)
    if caption is None:
        caption, foil, body = 0, 1, lines
    else:
        body = lines[1:]
    for cells in body:
        is_read = isinstance(cells, list)
        yield (_cell(cells, caption), _cell(cells, foil)) if is_read else cells


def _cell(cells: list[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


def _entries(name: str, text: str, ending: str) -> list[Any]:
    try:
        if ending == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{name} is not JSON: {error}.") from error
    if isinstance(found, dict):
        return list(found.values())
    return found if isinstance(found, list) else [found]


def _of_entry(entry: Any) -> tuple[str, str]:
    if isinstance(entry, dict):
        return _field(entry, CAPTIONS), _field(entry, FOILS)
    return (entry if isinstance(entry, str) else ""), ""


def _field(entry: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((entry[n] for n in names if isinstance(entry.get(n), str)), "")
