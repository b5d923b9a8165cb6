"""Regions in a safetensors file: all pictures' regions one after the other, read by memory map.

Beside the arrays of the records there are `starts` (N + 1,), where each picture's regions begin,
`sizes_px` (N, 2), and `texts`, a JSON object with all that is no number. What the detector left out
lies in arrays of the same make; their counts are -1 where a picture's regions do not say it.
Files of version 1 have none of these.
"""

import json
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from safetensors import safe_open

from lxmert_viz.errors import DatasetError
from lxmert_viz.records import LeftOut, Regions
from lxmert_viz.region_files.rows import RegionFile, RegionRow
from lxmert_viz.region_files.table import ARRAYS, LEFT_OUT
from lxmert_viz.whole_files import written_whole

FIRST_MARK, MARK = {"lxmert_viz": "regions 1"}, {"lxmert_viz": "regions 2"}
F32, I64, U8 = np.dtype("<f4"), np.dtype("<i8"), np.dtype("u1")
CODES = {F32: "F32", I64: "I64", U8: "U8"}
KINDS = {
    "starts": I64,
    "sizes_px": I64,
    "object_ids": I64,
    "attribute_ids": I64,
    "names": I64,  # places in the list of different names
    "makers": I64,  # places in the list of pairs of profile and detector
    "missing": I64,
    "left_out_counts": I64,
    "left_out_names": I64,
    "left_out_reasons": I64,  # places in the list of different names
    "left_out_rivals": I64,
    "left_out_boxes_unit": F32,
    "left_out_scores": F32,
    "feats": F32,
    "boxes_unit": F32,
    "boxes_px": F32,
    "scores": F32,
    "attribute_scores": F32,
    "texts": U8,  # last: the others stay aligned
}
LATER = {name for name in KINDS if name == "missing" or name.startswith("left_out_")}
WORDS = ("names", "reasons")  # of what was left out
ALIGNMENT = 8


def write_safetensors(path: Path, rows: Iterable[RegionRow]) -> None:
    """One pass: arrays grow in unnamed files beside the new one and are joined at the end.

    Raises DatasetError for rows with features of different sizes.
    """
    with ExitStack() as stack:
        columns = {
            name: _Column(name, kind, stack.enter_context(tempfile.TemporaryFile(dir=path.parent)))
            for name, kind in KINDS.items()
        }
        _fill(columns, rows)
        unfinished = stack.enter_context(written_whole(path))
        with unfinished.open("wb") as file:
            _join(file, list(columns.values()))


def open_safetensors(path: Path) -> RegionFile:
    """Raises DatasetError for another kind of file."""
    file = safe_open(path, framework="numpy")
    mark = file.metadata() or {}
    if mark not in (MARK, FIRST_MARK):
        raise DatasetError(f"{path} holds tensors, but no regions as this tool writes them.")
    names = KINDS.keys() - (LATER if mark == FIRST_MARK else set())
    arrays = {name: file.get_slice(name) for name in names}
    texts = json.loads(arrays["texts"][:].tobytes())
    starts, sizes_px, makers = (arrays[name][:] for name in ("starts", "sizes_px", "makers"))
    missing = arrays["missing"][:] if mark == MARK else np.zeros(len(makers), np.int64)
    others_at = _left_out_reader(arrays, texts) if mark == MARK else lambda place: None

    def at(place: int) -> RegionRow:
        start, end = (int(edge) for edge in starts[place : place + 2])
        if not 0 <= start <= end:
            raise ValueError(f"its regions would be {start} to {end}")
        own = {n: arrays[n][start:end].copy() for n in (*ARRAYS, "boxes_unit", "boxes_px", "feats")}
        profile, detector = texts["makers"][makers[place]]
        boxes_px = own.pop("boxes_px")
        regions = Regions(
            size_px=(int(sizes_px[place, 0]), int(sizes_px[place, 1])),
            digest=texts["digests"][place],
            names=tuple(texts["names"][name] for name in arrays["names"][start:end]),
            profile=profile,
            detector=detector,
            missing=int(missing[place]),
            left_out=others_at(place),
            **own,
        )
        return RegionRow(texts["pictures"][place], regions, boxes_px)

    return RegionFile(path, "safetensors", texts["pictures"], at)


def _left_out_reader(
    arrays: dict[str, Any], texts: dict[str, Any]
) -> Callable[[int], LeftOut | None]:
    """What was left out of the regions of a place."""
    counts = arrays["left_out_counts"][:]
    ends = np.maximum(counts, 0).cumsum()

    def at(place: int) -> LeftOut | None:
        if counts[place] < 0:
            return None
        start, end = int(ends[place] - counts[place]), int(ends[place])
        own = {name: arrays[f"left_out_{name}"][start:end].copy() for name in LEFT_OUT}
        words = {name: tuple(texts["names"][n] for n in own.pop(name)) for name in WORDS}
        return LeftOut(**own, **words)

    return at


class _Column:
    """One growing array on the disk."""

    def __init__(self, name: str, kind: np.dtype, file: BinaryIO) -> None:
        self.name = name
        self._kind = kind
        self._file = file
        self._count = 0
        self._rest: tuple[int, ...] | None = None  # shape without the first axis

    def add(self, values: np.ndarray) -> None:
        if len(values) and self._rest not in (None, values.shape[1:]):
            raise DatasetError(
                f"Regions have {self.name} of {self._rest} and of {values.shape[1:]}; they come "
                "from different detectors and cannot stand in one file."
            )
        if len(values):
            self._rest = values.shape[1:]
        self._count += len(values)
        self._file.write(np.ascontiguousarray(values, self._kind).tobytes())

    @property
    def size(self) -> int:
        return self._file.tell()

    def entry(self, start: int, end: int) -> dict[str, Any]:
        shape = [self._count, *(self._rest or ())]
        return {"dtype": CODES[self._kind], "shape": shape, "data_offsets": [start, end]}

    def copy_to(self, file: BinaryIO) -> None:
        self._file.seek(0)
        shutil.copyfileobj(self._file, file, 1 << 20)


def _fill(columns: dict[str, _Column], rows: Iterable[RegionRow]) -> None:
    texts: dict[str, Any] = {"pictures": [], "digests": []}
    names: dict[str, int] = {}
    makers: dict[tuple[str, str], int] = {}
    start = 0
    columns["starts"].add(np.array([0]))
    for row in rows:
        regions = row.regions
        start += len(regions)
        texts["pictures"].append(row.picture)
        texts["digests"].append(regions.digest)
        maker = makers.setdefault((regions.profile, regions.detector), len(makers))
        columns["makers"].add(np.array([maker]))
        columns["starts"].add(np.array([start]))
        columns["sizes_px"].add(np.array([regions.size_px]))
        columns["missing"].add(np.array([regions.missing]))
        columns["names"].add(_places(names, regions.names))
        columns["boxes_px"].add(row.boxes_px)
        for name in (*ARRAYS, "boxes_unit", "feats"):
            columns[name].add(getattr(regions, name))
        _fill_left_out(columns, names, regions.left_out)
    texts |= {"names": list(names), "makers": list(makers)}
    columns["texts"].add(np.frombuffer(json.dumps(texts, ensure_ascii=False).encode(), np.uint8))


def _fill_left_out(
    columns: dict[str, _Column], names: dict[str, int], left_out: LeftOut | None
) -> None:
    count = -1 if left_out is None else len(left_out.names)
    columns["left_out_counts"].add(np.array([count]))
    for name in LEFT_OUT if left_out is not None else ():
        values = getattr(left_out, name)
        columns[f"left_out_{name}"].add(_places(names, values) if name in WORDS else values)


def _places(names: dict[str, int], words: tuple[str, ...]) -> np.ndarray:
    """Where words stand in the list of different ones, which grows."""
    return np.array([names.setdefault(word, len(names)) for word in words], np.int64)


def _join(file: BinaryIO, columns: list[_Column]) -> None:
    edges = list(accumulate((column.size for column in columns), initial=0))
    header: dict[str, Any] = {"__metadata__": MARK}
    for column, start, end in zip(columns, edges, edges[1:], strict=False):
        header[column.name] = column.entry(start, end)
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % ALIGNMENT)
    file.write(struct.pack("<Q", len(encoded)) + encoded)
    for column in columns:
        column.copy_to(file)
