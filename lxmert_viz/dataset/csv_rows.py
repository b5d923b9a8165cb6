"""Rows of a CSV file: by columns where many neighbours are as they should be, else one by one."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple, TextIO

from lxmert_viz.errors import DatasetError

DELIMITERS = (",", ";", "\t")  # of a .csv: the one that its header has most of
LINES = 4096  # that are parsed at once


class Row(NamedTuple):
    line: int  # from 1; the header is the first
    cells: dict[str, Any]  # a broken row's have no content, and those of a broken object no names
    fault: str = ""  # why it cannot be read


class Block(NamedTuple):
    """Rows of a line each, all with as many cells as the header."""

    line: int  # of the first one
    columns: dict[str, tuple[str, ...]]
    count: int

    def rows(self) -> Iterator[Row]:
        for number, cells in enumerate(zip(*self.columns.values(), strict=True)):
            yield Row(self.line + number, dict(zip(self.columns, cells, strict=True)))


def csv_rows(file: TextIO, name: str, delimiter: str = "") -> Iterator[Row]:
    """As `csv_pieces`, a row at a time."""
    for piece in csv_pieces(file, name, delimiter):
        yield from piece.rows() if isinstance(piece, Block) else (piece,)


def csv_pieces(file: TextIO, name: str, delimiter: str = "") -> Iterator[Block | Row]:
    """Cells by the header's names; what csv cannot read ends one row, and not the table.

    name: of the file, for sentences. delimiter: else the one of DELIMITERS that the header has
    most of. Raises DatasetError for a header that is none.
    """
    first = file.readline()
    file.seek(0)
    delimiter = delimiter or max(DELIMITERS, key=first.count)
    lines = iter(file)
    head = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = next(head, [])
    except csv.Error as error:
        raise DatasetError(f"{name} has a header that is not read: {error}.") from error
    twice = [column for column, times in Counter(header).items() if column and times > 1]
    if twice:
        raise DatasetError(f"{name} has the column {twice[0]!r} twice: rename one.")
    yield from _pieces(header, lines, delimiter, head.line_num)


def _pieces(
    header: list[str], lines: Iterator[str], delimiter: str, before: int
) -> Iterator[Block | Row]:
    """before: lines that were read already."""
    while some := list(islice(lines, LINES)):
        rows = _regular(some, len(header), delimiter)
        if rows is not None:
            columns = dict(zip(header, zip(*rows, strict=True), strict=True))
            yield Block(before + 1, columns, len(rows))
            before += len(some)
            continue
        reader = csv.reader(chain(some, lines), delimiter=delimiter, strict=True)
        while reader.line_num < len(some):  # the last row may go on after them
            yield from _row(header, reader, before)
        before += reader.line_num


def _regular(lines: Sequence[str], width: int, delimiter: str) -> list[list[str]] | None:
    """A row a line, each with so many cells; None where it is otherwise."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    is_regular = len(rows) == len(lines) and all(len(row) == width for row in rows)
    return rows if is_regular else None


def _row(header: list[str], rows: Any, before: int) -> Iterator[Row]:
    """The next one, unless its line is empty."""
    line = before + rows.line_num + 1
    try:
        row = next(rows, [])
    except csv.Error as error:
        last = before + rows.line_num
        lines = f", up to line {last}" if last > line else ""
        fault = f"it cannot be read{lines} ({error}); a quote may never be closed"
        yield Row(line, dict.fromkeys(header), fault)
        return
    if len(row) == len(header):
        yield Row(line, dict(zip(header, row, strict=True)))
    elif row:
        fault = f"it has {len(row)} cells, and the header {len(header)}"
        yield Row(line, dict.fromkeys(header), fault)
