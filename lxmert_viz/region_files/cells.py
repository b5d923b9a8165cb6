"""The cells of a line of text, by the names of their columns; arrays are raw numbers in base64."""

import base64
import binascii
from collections.abc import Sequence

import numpy as np

from lxmert_viz.errors import RegionError

IDS, NUMBERS = np.dtype("<i8"), np.dtype("<f4")
BYTE_ORDER_MARK = "\ufeff"
WRAPPED = (("b'", "'"), ('b"', '"'), ("\"b'", "'\""), ('"', '"'))
CUT = "the line is cut or damaged; write it anew, or leave it out"
MOST_REGIONS = 100_000


class Cells:
    """One line, taken apart. All methods raise RegionError with the column."""

    def __init__(self, cells: Sequence[str], names: Sequence[str]) -> None:
        if len(cells) != len(names):
            raise RegionError(f"it has {len(cells)} columns, not {len(names)}; {CUT}")
        self._cells = dict(zip(names, cells, strict=True))
        self._numbers = {name: number for number, name in enumerate(names, start=1)}

    def text(self, name: str) -> str:
        return self._cells[name]

    def whole(self, name: str) -> int:
        text = self._cells[name]
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not (number.is_integer() and 0 <= number <= 2**31):
            raise self._wrong(name, f"is {text[:40]!r}, not a whole number of 0 or more; {CUT}")
        return int(number)

    def array(self, name: str, kind: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
        """shape: (R,) or (R, numbers); -1 stands for as many as there are."""
        try:
            return shaped(decoded(self._cells[name].strip(), kind), shape)
        except RegionError as error:
            raise self._wrong(name, f"{error}; {CUT}") from error

    def _wrong(self, name: str, what: str) -> RegionError:
        return RegionError(f"column {self._numbers[name]} ({name}) {what}")


def plain(cell: str) -> str:
    """A cell without the marks that Python 3 writes around bytes, and csv around text."""
    cell = cell.removeprefix(BYTE_ORDER_MARK)
    for start, end in WRAPPED:
        if len(cell) >= len(start + end) and cell.startswith(start) and cell.endswith(end):
            return cell[len(start) : len(cell) - len(end)]
    return cell


def coded(array: np.ndarray, kind: np.dtype) -> str:
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode()


def decoded(text: str | bytes, kind: np.dtype) -> np.ndarray:
    """(N,) Raises RegionError for what is no base64 of such numbers."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:  # ValueError: letters that are not ASCII
        raise RegionError(f"is no base64 text ({str(error).lower()})") from error
    if len(raw) % kind.itemsize:
        raise RegionError(f"holds {len(raw):,} bytes, no whole number of {kind}")
    return np.frombuffer(raw, kind)


def shaped(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A copy in a shape, as of Cells.array. Raises RegionError."""
    count, *others = shape
    if count > MOST_REGIONS:
        raise RegionError(f"would have {count:,} regions, more than {MOST_REGIONS:,}")
    if others == [-1]:
        others = [values.size // max(count, 1)]
    wanted = count * int(np.prod(others, dtype=np.int64))
    if values.size != wanted:
        each = f"{others[0]} for each of {count}" if others else f"one for each of {count}"
        raise RegionError(f"holds {values.size:,} numbers, not {each} regions")
    return values.reshape(count, *others).copy()  # what frombuffer gives is read-only
