"""Rows of regions as a table of our own: everything that a record holds, and boxes in pixels.

Arrays lie flat in lists; boxes are four numbers a region, features `feature_size` a region. What
the detector left out is null where a row does not say it. Tables of version 1 have no such columns.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa

from lxmert_viz.errors import DatasetError
from lxmert_viz.records import LeftOut, Regions
from lxmert_viz.region_files.rows import RegionRow

NUMBERS, LABELS, TEXTS = pa.list_(pa.float32()), pa.list_(pa.int64()), pa.list_(pa.string())
FIRST_SCHEMA = pa.schema(
    [
        ("picture", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("digest", pa.string()),
        ("profile", pa.string()),
        ("detector", pa.string()),
        ("names", TEXTS),
        ("object_ids", LABELS),
        ("attribute_ids", LABELS),
        ("scores", NUMBERS),
        ("attribute_scores", NUMBERS),
        ("boxes_unit", NUMBERS),
        ("boxes_px", NUMBERS),
        ("feature_size", pa.int32()),
        ("feats", NUMBERS),
    ],
    metadata={"lxmert_viz": b"regions 1"},
)
LEFT_OUT = {
    "boxes_unit": NUMBERS,
    "names": TEXTS,
    "scores": NUMBERS,
    "reasons": TEXTS,
    "rivals": LABELS,
}
SCHEMA = pa.schema(
    [
        *FIRST_SCHEMA,
        ("missing", pa.int32()),
        *((f"left_out_{name}", kind) for name, kind in LEFT_OUT.items()),
    ],
    metadata={"lxmert_viz": b"regions 2"},
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
        "missing": regions.missing,
        **_left_out_values(regions.left_out),
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
        missing=row["missing"].as_py() if "missing" in row else 0,
        left_out=_left_out_of(row),
        **text,
        **numbers,
    )
    return RegionRow(picture, regions, boxes_px)


def check_schema(path: Path, schema: pa.Schema) -> None:
    version = (schema.metadata or {}).get(b"lxmert_viz")
    known = (SCHEMA, FIRST_SCHEMA)
    if not any(schema.equals(s) and version == s.metadata[b"lxmert_viz"] for s in known):
        raise DatasetError(
            f"{path} is not a table of regions that this tool wrote; "
            f"its columns are {', '.join(schema.names[:6])}."
        )


def _left_out_values(left_out: LeftOut | None) -> dict[str, object]:
    values = {name: getattr(left_out, name, None) for name in LEFT_OUT}
    return {
        f"left_out_{name}": list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
    }


def _left_out_of(row: dict[str, pa.Scalar]) -> LeftOut | None:
    own = {name: row.get(f"left_out_{name}") for name in LEFT_OUT}
    if any(value is None or not value.is_valid for value in own.values()):
        return None
    numbers = {
        name: own[name].values.to_numpy(zero_copy_only=False).copy()
        for name in ("boxes_unit", "scores", "rivals")
    }
    numbers["boxes_unit"] = numbers["boxes_unit"].reshape(-1, 4)
    return LeftOut(**numbers, **{name: tuple(own[name].as_py()) for name in ("names", "reasons")})


def _column(field: pa.Field, value: object) -> pa.Array:
    if isinstance(value, np.ndarray):
        flat = pa.array(value.ravel(), field.type.value_type)
        return pa.ListArray.from_arrays(pa.array([0, len(flat)], pa.int32()), flat)
    return pa.array([value], field.type)
