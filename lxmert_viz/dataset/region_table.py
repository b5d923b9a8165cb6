"""Rows of regions as a table of our own: everything that a record holds, and boxes in pixels.

Arrays lie flat in lists; boxes are four numbers a region, features `feature_size` a region.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa

from lxmert_viz.dataset.region_rows import RegionRow
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Regions

NUMBERS, LABELS = pa.list_(pa.float32()), pa.list_(pa.int64())
VERSION = b"regions 1"
SCHEMA = pa.schema(
    [
        ("picture", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("digest", pa.string()),
        ("profile", pa.string()),
        ("detector", pa.string()),
        ("names", pa.list_(pa.string())),
        ("object_ids", LABELS),
        ("attribute_ids", LABELS),
        ("scores", NUMBERS),
        ("attribute_scores", NUMBERS),
        ("boxes_unit", NUMBERS),
        ("boxes_px", NUMBERS),
        ("feature_size", pa.int32()),
        ("feats", NUMBERS),
    ],
    metadata={"lxmert_viz": VERSION},
)
ARRAYS = ("object_ids", "attribute_ids", "scores", "attribute_scores")


def batch_of(row: RegionRow) -> pa.RecordBatch:
    """One row."""
    regions = row.regions
    width, height = regions.size_px
    values = {
        "picture": row.picture,
        "width": width,
        "height": height,
        "digest": regions.digest,
        "profile": regions.profile,
        "detector": regions.detector,
        "names": list(regions.names),
        **{name: getattr(regions, name) for name in ARRAYS},
        "boxes_unit": regions.boxes_unit,
        "boxes_px": row.boxes_px,
        "feature_size": regions.feats.shape[1],
        "feats": regions.feats,
    }
    return pa.record_batch([_column(field, values[field.name]) for field in SCHEMA], schema=SCHEMA)


def row_of(table: pa.RecordBatch | pa.Table, place: int) -> RegionRow:
    row = {name: table.column(name)[place] for name in table.schema.names}
    text = {name: row[name].as_py() for name in ("picture", "digest", "profile", "detector")}
    numbers = {
        name: row[name].values.to_numpy(zero_copy_only=False).copy()
        for name in (*ARRAYS, "boxes_unit", "boxes_px", "feats")
    }
    picture, feats = text.pop("picture"), numbers.pop("feats")
    boxes_px, boxes_unit = (numbers.pop(f"boxes_{kind}").reshape(-1, 4) for kind in ("px", "unit"))
    regions = Regions(
        size_px=(row["width"].as_py(), row["height"].as_py()),
        boxes_unit=boxes_unit,
        feats=feats.reshape(len(boxes_unit), row["feature_size"].as_py()),
        names=tuple(row["names"].as_py()),
        **text,
        **numbers,
    )
    return RegionRow(picture, regions, boxes_px)


def check_schema(path: Path, schema: pa.Schema) -> None:
    if not schema.equals(SCHEMA) or (schema.metadata or {}).get(b"lxmert_viz") != VERSION:
        raise DatasetError(
            f"{path} is not a table of regions that this tool wrote; "
            f"its columns are {', '.join(schema.names[:6])}."
        )


def _column(field: pa.Field, value: object) -> pa.Array:
    if isinstance(value, np.ndarray):
        flat = pa.array(value.ravel(), field.type.value_type)
        return pa.ListArray.from_arrays(pa.array([0, len(flat)], pa.int32()), flat)
    return pa.array([value], field.type)
