"""Regions in HDF5: a group a picture, as VL-T5 writes them, or all pictures in one table of each
part, as bottom-up-attention-vqa and ViLBERT do."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lxmert_viz import pickled
from lxmert_viz.errors import DatasetError, RegionError
from lxmert_viz.region_files.read_only.fields import BOXES, FEATS, MOST_BYTES, UNIT_BOXES, row_of
from lxmert_viz.region_files.rows import Origin, RegionFile, RegionRow

LAYOUT = "hdf5"
IDS = ("image_id", "image_ids", "img_id", "img_ids", "ids")
ENDS = "pos_boxes"  # (N, 2): where each picture's regions begin and end
BESIDE = "_imgid2idx.pkl"  # {picture's number: place}, where the file itself names no pictures
FieldsAt = Callable[[int], dict[str, Any]]


def open_hdf5(path: Path, origin: Origin) -> RegionFile:
    """Features stay on the disk until they are asked for. Raises DatasetError."""
    file = h5py.File(path, "r")
    tables = {name: part for name, part in file.items() if isinstance(part, h5py.Dataset)}
    if any(name in tables for name in FEATS):
        pictures, fields_at = _table_ids(path, tables), _table_reader(tables)
    else:
        pictures = _groups(file, "", set())
        fields_at = partial(_group_fields, file, pictures)
    if not pictures:
        raise DatasetError(
            f"{path} holds no regions as this tool knows them: neither a group a picture nor "
            f"tables with {', '.join(FEATS[:3])}; it has {', '.join(list(file)[:6]) or 'nothing'}."
        )

    def at(place: int) -> RegionRow:
        return row_of(pictures[place], fields_at(place), origin)

    return RegionFile(path, LAYOUT, pictures, at)


def _groups(group: h5py.Group, path: str, seen: set[int]) -> list[str]:
    """Those of pictures, by their path: where one holds features, its neighbours are taken to."""
    address = h5py.h5o.get_info(group.id).addr
    if address in seen:  # a link leads back
        return []
    seen.add(address)
    names = [f"{path}/{name}".lstrip("/") for name in group]
    inner = (group.get(name) for name in group)
    first = next((part for part in inner if isinstance(part, h5py.Group)), None)
    if first is not None and any(name in first for name in FEATS):
        return names
    found: list[str] = []
    for name, part in zip(names, group.values() if first is not None else (), strict=False):
        if isinstance(part, h5py.Group):
            found += _groups(part, name, seen)
    return found


def _group_fields(file: h5py.File, pictures: list[str], place: int) -> dict[str, Any]:
    group = file[pictures[place]]
    if not isinstance(group, h5py.Group):
        raise RegionError("it is no group with features and boxes")
    parts = {name: _read(part) for name, part in group.items() if isinstance(part, h5py.Dataset)}
    return {**dict(group.attrs), **parts}


def _table_ids(path: Path, tables: dict[str, h5py.Dataset]) -> list[str]:
    named = next((tables[name] for name in IDS if name in tables), None)
    if named is not None:
        ids = np.reshape(_read(named), -1).tolist()
        return [i.decode("utf-8", "replace") if isinstance(i, bytes) else str(i) for i in ids]
    beside = path.with_name(f"{path.stem}{BESIDE}")
    if not beside.is_file():
        raise DatasetError(
            f"{path} has its pictures by number and does not name them; {beside.name}, which the "
            "tool that wrote it leaves beside it, would."
        )
    try:
        with beside.open("rb") as file:
            places = pickled.unpickled(file)
        ids = {int(place): str(picture) for picture, place in places.items()}
        return [ids[place] for place in range(len(ids))]
    except (OSError, *pickled.DAMAGE) as error:
        raise DatasetError(
            f"{beside} is no list of pictures with their places: {error}."
        ) from error


def _table_reader(tables: dict[str, h5py.Dataset]) -> FieldsAt:
    ends = _read(tables[ENDS]) if ENDS in tables else None
    per_region = {name for name in (*FEATS, *BOXES, *UNIT_BOXES) if name in tables}

    def at(place: int) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for name, table in tables.items():
            if ends is not None and name in per_region:
                start, end = (int(edge) for edge in ends[place])
                fields[name] = _read(table, start, end)
            elif name != ENDS and len(table.shape) and place < len(table):
                fields[name] = _read(table, place, place + 1)[0]
        return fields | _size_from_shares(fields)

    return at


def _read(table: h5py.Dataset, start: int = 0, end: int | None = None) -> np.ndarray | Any:
    """Rows of a table, or all that it holds. Raises ValueError for more than fits."""
    each = table.nbytes // max(len(table), 1) if table.shape else table.nbytes
    rows = (len(table) if end is None else end - start) if table.shape else 1
    if not 0 <= rows * each <= MOST_BYTES:
        raise ValueError(f"{table.name} would have {rows * each:,} bytes")
    return table[start:end] if table.shape else table[()]


def _size_from_shares(fields: dict[str, Any]) -> dict[str, int]:
    """The picture's size, where boxes are there in pixels and in shares of it."""
    shares = next((fields[name] for name in UNIT_BOXES if name in fields), None)
    boxes = next((fields[name] for name in BOXES if name in fields), None)
    if shares is None or boxes is None or not len(boxes):
        return {}
    far = np.abs(boxes[:, 2:]).argmax(axis=0)  # the widest and the highest are told best
    sides = [boxes[far[i], 2 + i] / shares[far[i], 2 + i] for i in (0, 1)]
    return {"img_w": round(float(sides[0])), "img_h": round(float(sides[1]))}
