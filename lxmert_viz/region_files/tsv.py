"""Region files of one picture a line, of any size: one pass finds where each line begins.

What the pass found is kept in the person's cache, so that the next opening takes no pass.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lxmert_viz.errors import DatasetError
from lxmert_viz.places import cache_folder
from lxmert_viz.region_files.cells import Cells, plain
from lxmert_viz.region_files.rows import Origin, RegionFile, RegionRow
from lxmert_viz.whole_files import written_whole

LONGEST_LINE = 64 << 20  # bytes; 36 regions of 2048 features need 0.4 million
TOLD_BYTES = 1 << 28  # between two reports of the pass
NEWLINES = (b"\r\n", b"\n")


class TsvLayout(NamedTuple):
    """What stands in the columns."""

    name: str
    columns: tuple[str, ...]
    columns_of: Callable[[RegionRow], list[str]]
    row_of: Callable[[Cells, Origin], RegionRow]


class _Index(NamedTuple):
    pictures: list[str]
    starts: np.ndarray  # (N + 1,) int64, bytes; the last one is the end of the file
    lines: np.ndarray  # (N,) int64, from 1: a header and empty lines are none of the rows
    newline: str


def open_tsv(
    path: Path, layout_name: str, layout: TsvLayout, origin: Origin, report: Callable[[float], None]
) -> RegionFile:
    """report hears the share of the file that the pass has read, where a pass is needed."""
    columns = _columns(path, layout)
    index = _kept_index(path) or _new_index(path, report)

    def at(place: int) -> RegionRow:
        with path.open("rb") as file:
            file.seek(index.starts[place])
            line = file.readline(LONGEST_LINE)
        return layout.row_of(Cells(_cells(line), columns), origin)

    def where(place: int) -> str:
        return f"line {index.lines[place]} is not a line of {layout.name}"

    return RegionFile(path, layout_name, index.pictures, at, index.newline, where)


def write_tsv(path: Path, layout: TsvLayout, rows: Iterable[RegionRow], newline: str) -> None:
    with (
        written_whole(path) as unfinished,
        unfinished.open("w", encoding="utf-8", newline="") as file,
    ):
        file.writelines("\t".join(layout.columns_of(row)) + newline for row in rows)


def columns_in_first_line(path: Path) -> int:
    """Of the first that is not empty; 0 in an empty file."""
    return next((line.count(b"\t") + 1 for line in lines(path) if line.strip()), 0)


def lines(path: Path) -> Iterator[bytes]:
    """Each line with what ends it. Raises DatasetError for a line too long to be one."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
                if len(line) == LONGEST_LINE:
                    raise DatasetError(
                        f"{path}, line {number} is longer than {LONGEST_LINE:,} bytes; "
                        "it is no file of regions."
                    )
                yield line
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error


def _new_index(path: Path, report: Callable[[float], None]) -> _Index:
    pictures, starts, numbers, first = [], [], [], b""
    size, end, told = max(path.stat().st_size, 1), 0, 0
    for number, line in enumerate(lines(path), start=1):
        first = first or line
        if line.strip() and (pictures or not _is_header(line)):
            picture = line.partition(b"\t")[0].decode("utf-8", "replace")
            pictures.append(plain(picture.rstrip("\r\n")))
            starts.append(end)
            numbers.append(number)
        end += len(line)
        if end - told > TOLD_BYTES:
            told = end
            report(told / size)
    newline = next((n.decode() for n in NEWLINES if first.endswith(n)), "\n")
    index = _Index(pictures, np.array([*starts, end]), np.array(numbers, np.int64), newline)
    _keep_index(path, index)
    return index


def _columns(path: Path, layout: TsvLayout) -> tuple[str, ...]:
    """As the file names them, else as the layout has them. Raises DatasetError."""
    first = next((line for line in lines(path) if line.strip()), b"")
    if not _is_header(first):
        return layout.columns
    known = {_in_short(name): name for name in layout.columns}
    named = [_in_short(name) for name in _cells(first)]
    if {*named} != {*known} or len(named) != len(known):
        raise DatasetError(
            f"{path} names its columns {', '.join(_cells(first))}; {layout.name} has "
            f"{', '.join(layout.columns)}. Name and order them so, or leave the names out."
        )
    return tuple(known[name] for name in named)


def _in_short(column: str) -> str:
    return column.strip().lower().replace("image_", "img_")


def _cells(line: bytes) -> list[str]:
    return [plain(cell) for cell in line.decode().rstrip("\r\n").split("\t")]


def _is_header(line: bytes) -> bool:
    """Whether the picture's sides are words, in the layouts the second and third column."""
    sides = [side.strip(b"\"' ").replace(b"_", b"") for side in line.split(b"\t", 3)[1:3]]
    return len(sides) == 2 and all(side.isalpha() for side in sides)


def _place(path: Path) -> Path:
    """Of the kept index; a file that changed has another place."""
    state = path.stat()
    key = f"{path.resolve()} {state.st_size} {state.st_mtime_ns}"
    return cache_folder() / "indexes" / f"{hashlib.sha256(key.encode()).hexdigest()}.parquet"


def _keep_index(path: Path, index: _Index) -> None:
    place = _place(path)
    table = pa.table(
        {
            "picture": pa.array(index.pictures, pa.string()),
            "start": index.starts[:-1],
            "line": index.lines,
        },
    ).replace_schema_metadata({"end": str(index.starts[-1]), "newline": index.newline})
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(place) as unfinished:
            pq.write_table(table, unfinished)
    except OSError:
        return  # a full or forbidden cache costs a pass the next time, and nothing else


def _kept_index(path: Path) -> _Index | None:
    try:
        table = pq.read_table(_place(path))
    except (OSError, pa.ArrowInvalid):
        return None
    if "line" not in table.column_names:  # of an earlier version
        return None
    end, newline = (table.schema.metadata[key].decode() for key in (b"end", b"newline"))
    starts = np.append(table["start"].to_numpy(), int(end))
    return _Index(table["picture"].to_pylist(), starts, table["line"].to_numpy(), newline)
