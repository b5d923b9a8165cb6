"""Plain tables, CSV, TSV or JSONL, whose columns a person maps."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from lxmert_viz.dataset.datasets import Reading, read_entries
from lxmert_viz.dataset.lines import json_lines
from lxmert_viz.dataset.remarks import Entry, picture_name, reading
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson")
TYPED = ENDINGS[2:]  # these tell a number from a text
DELIMITERS = (",", ";", "\t")  # of a .csv: the one that its header has most of
NEEDED = ("picture", "text")
COLUMNS = {  # what a column can hold: names that it often has
    "picture": ("picture", "image", "image_id", "imageid", "img_id", "image_file", "file", "path"),
    "text": ("text", "question", "sent", "sentence", "caption"),
    "id": ("id", "question_id", "questionid", "qid"),
    "answer": ("answer", "answers", "label", "gold", "multiple_choice_answer"),
    "matches": ("matches", "match", "is_true"),
    "question": ("question_type", "type", "category"),
    "answer_type": ("answer_type",),
}
BETWEEN_ANSWERS = "|"  # several people's answers in one cell
TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Row(NamedTuple):
    line: int  # from 1; the header is the first
    cells: dict[str, Any]  # a broken row's have no content, and those of a broken object no names
    fault: str = ""  # why it cannot be read


def columns_of(path: Path) -> tuple[str, ...]:
    """The columns of a table, from its header or first object. Raises DatasetError."""
    fault = ""
    for row in rows_of(path):
        if row.cells:
            return tuple(name for name in row.cells if name)
        fault = fault or f": in line {row.line}, {row.fault}"
    raise DatasetError(f"{path} has no rows that can be read{fault}.")


def guessed(columns: tuple[str, ...]) -> dict[str, str]:
    """What each column probably holds: kind -> column, only those that are plain from the name."""
    by_name = {name.strip().lower(): name for name in reversed(columns)}
    found = {k: next((by_name[n] for n in ns if n in by_name), "") for k, ns in COLUMNS.items()}
    return {kind: column for kind, column in found.items() if column}


def read_table(path: Path, mapping: Mapping[str, str] | None = None) -> Reading:
    """mapping: kind of COLUMNS -> column; guessed without it. Raises DatasetError."""
    columns = columns_of(path)
    chosen = dict(mapping) if mapping is not None else guessed(columns)
    _check(path, columns, chosen)

    def entries() -> Iterator[Entry]:
        name = path.name  # once, and not for each of millions of rows
        for line, row, fault in rows_of(path):
            cells = {kind: row.get(column) for kind, column in chosen.items()}
            yield Entry("", f"{name}:{line}", cells, fault, cells.get("id"))

    return Reading(
        name=path.stem,
        layout=f"table ({path.suffix.lstrip('.').upper()})",
        files=(path,),
        examples=lambda told: read_entries(entries(), _example, told),
        ids=None if path.suffix.lower() in TYPED else "",
    )


def _example(entry: Entry) -> list[Example]:
    cells = entry.content
    picture, text = _text(cells["picture"]), _text(cells["text"])
    if not picture or not text:
        empty = [kind for kind, value in zip(NEEDED, (picture, text), strict=True) if not value]
        raise ValueError(f"it has no {' and no '.join(empty)}")
    given = cells.get("answer")
    answers = given if isinstance(given, list) else _text(given).split(BETWEEN_ANSWERS)
    types = {"question": _text(cells.get("question")), "answer": _text(cells.get("answer_type"))}
    made = Example(
        id=_text(cells.get("id")) or f"row {entry.place.rpartition(':')[2]}",
        picture=picture_name(picture),
        text=text,
        answers=tuple(text for answer in answers if (text := _text(answer))),
        matches=TRUTHS.get(_text(cells.get("matches")).lower()),
        types={name: value for name, value in types.items() if value},
        place=entry.place,
    )
    return [made]


def _check(path: Path, columns: tuple[str, ...], chosen: Mapping[str, str]) -> None:
    unknown = sorted({*chosen} - {*COLUMNS})
    absent = sorted({*chosen.values()} - {*columns})
    missing = [kind for kind in NEEDED if kind not in chosen]
    if unknown:
        raise DatasetError(f"{unknown[0]!r} is nothing to map; choose from {', '.join(COLUMNS)}.")
    if absent:
        raise DatasetError(f"{path} has no column {absent[0]!r}; it has {', '.join(columns)}.")
    if missing:
        raise DatasetError(
            f"{path} has the columns {', '.join(columns)}: say which holds the {missing[0]}."
        )


def rows_of(path: Path) -> Iterator[Row]:
    """The rows of a table after its header, with its columns. Raises DatasetError."""
    if path.suffix.lower() in TYPED:
        yield from (Row(*line) for line in json_lines(path))
        return
    with reading(path), path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv_rows(file, str(path), "\t" if path.suffix.lower() == ".tsv" else "")


def csv_rows(file: TextIO, name: str, delimiter: str = "") -> Iterator[Row]:
    """Cells by the header's names; what csv cannot read ends one row, and not the table.

    name: of the file, for sentences. delimiter: else the one of DELIMITERS that the header has
    most of. Raises DatasetError for a header that is none.
    """
    first = file.readline()
    file.seek(0)
    delimiter = delimiter or max(DELIMITERS, key=first.count)
    rows = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        header = next(rows, [])
    except csv.Error as error:
        raise DatasetError(f"{name} has a header that is not read: {error}.") from error
    twice = [column for column, times in Counter(header).items() if column and times > 1]
    if twice:
        raise DatasetError(f"{name} has the column {twice[0]!r} twice: rename one.")
    yield from _cells(header, rows)


def _cells(header: list[str], rows: Any) -> Iterator[Row]:
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            lines = f", up to line {rows.line_num}" if rows.line_num > line else ""
            fault = f"it cannot be read{lines} ({error}); a quote may never be closed"
            yield Row(line, dict.fromkeys(header), fault)
            continue
        if row is None:
            return
        if len(row) == len(header):
            yield Row(line, dict(zip(header, row, strict=True)))
        elif row:
            fault = f"it has {len(row)} cells, and the header {len(header)}"
            yield Row(line, dict.fromkeys(header), fault)


def _text(value: Any) -> str:
    return value.strip() if type(value) is str else "" if value is None else str(value).strip()
