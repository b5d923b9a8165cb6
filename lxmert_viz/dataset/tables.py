"""Plain tables, CSV, TSV or JSONL, whose columns a person maps."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from lxmert_viz.dataset import example_table
from lxmert_viz.dataset.block_table import table_of_block
from lxmert_viz.dataset.csv_rows import Block, Row, csv_pieces
from lxmert_viz.dataset.datasets import Reading, Told, read_entries
from lxmert_viz.dataset.lines import json_lines
from lxmert_viz.dataset.remarks import Entry, picture_name, reading
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson")
TYPED = ENDINGS[2:]  # these tell a number from a text
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

    def examples(told: Told) -> Iterator[Example]:
        return _examples(rows_of(path), path.name, chosen, told)

    def tables(told: Told) -> Iterator[pa.Table]:
        return _tables(_pieces_of(path), path.name, chosen, told)

    return Reading(
        name=path.stem,
        layout=f"table ({path.suffix.lstrip('.').upper()})",
        files=(path,),
        examples=examples,
        ids=None if path.suffix.lower() in TYPED else "",
        tables=tables,
    )


def _examples(
    rows: Iterable[Row], name: str, chosen: Mapping[str, str], told: Told
) -> Iterator[Example]:
    """name: of the file. chosen: kind of COLUMNS -> column."""

    def entries() -> Iterator[Entry]:
        for line, row, fault in rows:
            cells = {kind: row.get(column) for kind, column in chosen.items()}
            yield Entry("", f"{name}:{line}", cells, fault, cells.get("id"))

    return read_entries(entries(), _example, told)


def _tables(
    pieces: Iterable[Block | Row], name: str, chosen: Mapping[str, str], told: Told
) -> Iterator[pa.Table]:
    """The examples of `_examples` as tables of example_table.SCHEMA."""
    first = 0
    for rows in _rows_together(pieces):
        table = None
        if isinstance(rows, Block):
            table = table_of_block(rows, name, chosen, first, _answers, _truth)
            rows = rows.rows()
        made = example_table.tables_of(_examples(rows, name, chosen, told), first)
        for one in made if table is None else (table,):
            yield one
            first += one.num_rows


def _rows_together(pieces: Iterable[Block | Row]) -> Iterator[Block | Iterable[Row]]:
    for is_block, some in groupby(pieces, lambda piece: isinstance(piece, Block)):
        if is_block:
            yield from some
        else:
            yield some


def _example(entry: Entry) -> list[Example]:
    cells = entry.content
    picture, text = _text(cells["picture"]), _text(cells["text"])
    if not picture or not text:
        empty = [kind for kind, value in zip(NEEDED, (picture, text), strict=True) if not value]
        raise ValueError(f"it has no {' and no '.join(empty)}")
    given = cells.get("answer")
    types = {"question": _text(cells.get("question")), "answer": _text(cells.get("answer_type"))}
    made = Example(
        id=_text(cells.get("id")) or f"row {entry.place.rpartition(':')[2]}",
        picture=picture_name(picture),
        text=text,
        answers=_answers(given if isinstance(given, list) else _text(given)),
        matches=_truth(_text(cells.get("matches"))),
        types={name: value for name, value in types.items() if value},
        place=entry.place,
    )
    return [made]


def _answers(given: str | list[Any]) -> tuple[str, ...]:
    each = given if isinstance(given, list) else given.split(BETWEEN_ANSWERS)
    return tuple(text for answer in each if (text := _text(answer)))


def _truth(text: str) -> bool | None:
    return TRUTHS.get(text.lower())


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
    for piece in _pieces_of(path):
        yield from piece.rows() if isinstance(piece, Block) else (piece,)


def _pieces_of(path: Path) -> Iterator[Block | Row]:
    if path.suffix.lower() in TYPED:
        yield from (Row(*line) for line in json_lines(path))
        return
    with reading(path), path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv_pieces(file, str(path), "\t" if path.suffix.lower() == ".tsv" else "")


def _text(value: Any) -> str:
    return value.strip() if type(value) is str else "" if value is None else str(value).strip()
