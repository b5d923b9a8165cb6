"""Regions in numpy's files, one picture a file: .npz as bottom-up-attention.pytorch writes them,
.npy with NAME_info.npy beside it as mmf does, .npy of one dictionary as ViLBERT does."""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from lxmert_viz import pickled
from lxmert_viz.errors import RegionError
from lxmert_viz.region_files.picture_ids import files_below
from lxmert_viz.region_files.read_only.fields import IDS_OF, INFO, LABELS, MOST_BYTES, row_of
from lxmert_viz.region_files.rows import Origin, RegionFile, RegionRow

NPZ, NPY = "npz", "npy"
INFO_ENDING = "_info.npy"


def open_numpy(path: Path, layout: str, origin: Origin) -> RegionFile:
    """A folder of such files, or one. Nothing of them is read yet."""
    ending = f".{layout}"
    files = files_below(path, (ending,)) if path.is_dir() else {path.stem: path}
    files = {name: file for name, file in files.items() if not file.name.endswith(INFO_ENDING)}
    pictures = list(files)
    fields_of = _npz_fields if layout == NPZ else _npy_fields

    def at(place: int) -> RegionRow:
        picture = pictures[place]
        return row_of(picture, fields_of(files[picture]), origin)

    def where(place: int) -> str:
        return f"file {files[pictures[place]].name}"

    return RegionFile(path, layout, pictures, at, where=where)


def _npz_fields(path: Path) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                with archive.open(name) as member:
                    fields[name.removesuffix(".npy")] = _value(member)
    info = fields.pop(INFO, None)
    if isinstance(info, Mapping):
        fields |= {name: v for name, v in _plain(info).items() if name not in fields}
        _count_from_first_label(fields)
    return fields


def _npy_fields(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        value = _value(file)
    if isinstance(value, Mapping):
        return _plain(value)
    beside = path.with_name(f"{path.stem}{INFO_ENDING}")
    if not beside.is_file():
        raise RegionError(f"its boxes would be in {beside.name} beside it, which is not there")
    with beside.open("rb") as file:
        info = _value(file)
    if not isinstance(info, Mapping):
        raise RegionError(f"{beside.name} holds no dictionary")
    return {**_plain(info), "features": value}


def _count_from_first_label(fields: dict[str, Any]) -> None:
    """These labels count the background as 0, all other files the first object."""
    for name in IDS_OF:
        for spelling in LABELS[name]:
            if isinstance(fields.get(spelling), np.ndarray):
                fields[spelling] = fields[spelling].astype(np.int64) - 1


def _plain(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): pickled.plain(value) for name, value in values.items()}


def _value(file: BinaryIO | Any) -> Any:
    """What an .npy holds: an array of numbers, or what was pickled. Raises DAMAGE."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"an array has more than {MOST_BYTES:,} bytes")
    stream = BytesIO(content)
    version = npy.read_magic(stream)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, by_columns, kind = read_header(stream)
    if kind.hasobject:
        return pickled.plain(pickled.unpickled(stream))
    values = np.frombuffer(content[stream.tell() :], kind)
    return values.reshape(shape, order="F" if by_columns else "C")
