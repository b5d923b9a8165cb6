"""Region files as Hugging Face's LXMERT project writes them: an Arrow stream for `datasets`.

Every picture has the same number of rows; preds_per_image says how many of them are regions, and
the others are zeros. img_id is a number; sizes are height and width; boxes are shares.
"""

import json
import re
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lxmert_viz.box_frames import UNIT
from lxmert_viz.errors import DatasetError
from lxmert_viz.region_files.rows import Origin, RegionFile, RegionRow
from lxmert_viz.whole_files import written_whole

ROWS_TOGETHER = 32
STREAM_START = b"\xff\xff\xff\xff"
FLAT = {
    "attr_ids": "attribute_ids",
    "attr_probs": "attribute_scores",
    "obj_ids": "object_ids",
    "obj_probs": "scores",
}


def write_arrow(path: Path, rows: Iterable[RegionRow]) -> None:
    """The first picture decides how many regions and features all have.

    Raises DatasetError for an id without a number, and for a picture with more.
    """
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        raise DatasetError(f"{path} would be empty; this layout needs at least one picture.")
    shape = first.regions.feats.shape
    remaining = chain([first], remaining)
    with (
        written_whole(path) as unfinished,
        pa.OSFile(str(unfinished), "wb") as file,
        pa.ipc.new_stream(file, _schema(*shape)) as stream,
    ):
        while some := list(islice(remaining, ROWS_TOGETHER)):
            stream.write_batch(_batch(some, shape))


def open_arrow(path: Path, origin: Origin) -> RegionFile:
    """Memory-mapped: features stay on the disk until they are asked for."""
    table = pa.ipc.open_stream(pa.memory_map(str(path))).read_all()
    missing = {*FLAT, "img_id", "boxes", "roi_features", "sizes", "preds_per_image"}.difference(
        table.column_names
    )
    if missing:
        raise DatasetError(f"{path} has no column {', '.join(sorted(missing))}.")
    pictures = [str(number) for number in table["img_id"].to_pylist()]
    return RegionFile(path, "reference", pictures, lambda place: _row(table, place, origin))


def number_of(picture: str) -> int:
    """The digits after the last "_" of an id, as the project takes them. Raises DatasetError."""
    digits = re.search(r"(?:^|_)(\d+)$", picture)
    if digits is None or int(digits[1]) >= 2**31:
        raise DatasetError(
            f"The picture {picture!r} has no number below 2147483648 at its end (“name_123”), "
            "which the Arrow layout keeps as its id; rename it or choose another layout."
        )
    return int(digits[1])


def _row(table: pa.Table, place: int, origin: Origin) -> RegionRow:
    row = table.slice(place, 1)
    row.validate(full=True)  # what points out of a mapped file would end the process
    count = row["preds_per_image"][0].as_py()
    height, width = (int(side) for side in row["sizes"][0].as_py())
    flat = {own: _numbers(row[name][0])[:count] for name, own in FLAT.items()}
    feats, rows = _numbers(row["roi_features"][0]), len(row["roi_features"][0])
    return RegionRow.from_arrays(
        str(row["img_id"][0].as_py()),
        _numbers(row["boxes"][0]).reshape(-1, 4)[:count],
        feats.reshape(rows, feats.size // max(rows, 1))[:count],
        (width, height),
        origin,
        UNIT,
        **flat,
    )


def _numbers(value: pa.Scalar) -> np.ndarray:
    array = value.values
    while not pa.types.is_floating(array.type):
        array = array.flatten()
    return array.to_numpy()


def _batch(rows: list[RegionRow], shape: tuple[int, int]) -> pa.RecordBatch:
    count, width = shape
    columns: dict[str, Any] = {
        "img_id": [number_of(row.picture) for row in rows],
        "sizes": [[float(side) for side in reversed(row.regions.size_px)] for row in rows],
        "preds_per_image": [len(row.regions) for row in rows],
    }
    for name, own in FLAT.items():
        padded = np.stack([_padded(row, own, (count,)) for row in rows])
        columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(padded.ravel()), count)
    for name, own, size in (("boxes", "boxes_unit", 4), ("roi_features", "feats", width)):
        padded = np.stack([_padded(row, own, (count, size)) for row in rows])
        inner = pa.ListArray.from_arrays(
            np.arange(len(rows) * count + 1, dtype=np.int32) * size, pa.array(padded.ravel())
        )
        columns[name] = pa.ListArray.from_arrays(
            np.arange(len(rows) + 1, dtype=np.int32) * count, inner
        )
    schema = _schema(count, width)
    return pa.record_batch([_column(columns[field.name], field) for field in schema], schema=schema)


def _column(values: Any, field: pa.Field) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, field.type)


def _padded(row: RegionRow, name: str, shape: tuple[int, ...]) -> np.ndarray:
    values = getattr(row.regions, name)
    if len(values) > shape[0] or values.shape[1:] != shape[1:]:
        raise DatasetError(
            f"{row.picture} has {values.shape} {name} and the first picture {shape}; the Arrow "
            "layout holds the same number for all. Ask for a fixed number of regions."
        )
    padded = np.zeros(shape, np.float32)
    padded[: len(values)] = values
    return padded


def _schema(count: int, width: int) -> pa.Schema:
    grids = {"boxes": [count, 4], "roi_features": [count, width]}
    features: dict[str, Any] = {}
    fields = []
    names = ("attr_ids", "attr_probs", "boxes", "img_id", "obj_ids", "obj_probs")
    for name in (*names, "roi_features", "sizes", "preds_per_image"):
        if name in grids:
            kind = pa.list_(pa.list_(pa.float32()))
            extension = {
                "ARROW:extension:metadata": json.dumps([grids[name], "float32"]),
                "ARROW:extension:name": "datasets.features.features.Array2DExtensionType",
            }
            fields.append(pa.field(name, kind, metadata=extension))
            features[name] = {"shape": grids[name], "dtype": "float32", "_type": "Array2D"}
        elif name in ("img_id", "preds_per_image"):
            fields.append(pa.field(name, pa.int32()))
            features[name] = {"dtype": "int32", "_type": "Value"}
        else:
            length = 2 if name == "sizes" else count
            fields.append(pa.field(name, pa.list_(pa.float32(), length)))
            value = {"dtype": "float32", "_type": "Value"}
            features[name] = {"feature": value, "length": length, "_type": "List"}
    described = json.dumps({"info": {"features": features}})
    return pa.schema(fields, metadata={"huggingface": described})
