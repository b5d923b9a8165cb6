"""One picture's regions under the names that tools give their parts, as a row.

Known: bottom-up-attention.pytorch, mmf, ViLBERT, VOLTA, VL-T5, bottom-up-attention-vqa.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lxmert_viz.box_frames import checked_size
from lxmert_viz.errors import RegionError
from lxmert_viz.region_files.cells import IDS, NUMBERS, decoded
from lxmert_viz.region_files.rows import Origin, RegionRow

FEATS = ("features", "x", "feats", "feature", "image_features", "image_feature", "image_feat")
BOXES = ("boxes", "bbox", "bboxes", "image_bb", "image_bboxes")
UNIT_BOXES = ("spatial_features",)  # x0, y0, x1, y1, width, height in 0..1
WIDTH = ("img_w", "image_w", "image_width", "width")
HEIGHT = ("img_h", "image_h", "image_height", "height")
COUNT = ("num_boxes", "num_bbox")
LABELS = {
    "object_ids": ("objects_id", "obj_id", "objects", "object_ids"),
    "attribute_ids": ("attrs_id", "attr_id", "attribute_ids"),
    "scores": ("objects_conf", "obj_conf", "object_scores"),
    "attribute_scores": ("attrs_conf", "attr_conf", "attribute_scores"),
}
IDS_OF = ("object_ids", "attribute_ids")
INFO = "info"  # more of the same, in a dictionary of its own
MOST_BYTES = 1 << 28  # of one array; 100 regions of 2048 features have 0.8 million
Fields = Mapping[str, Any]


def row_of(picture: str, fields: Fields, origin: Origin) -> RegionRow:
    """Arrays, or base64 of them, by the names above. Raises RegionError with what is missing."""
    boxes = _boxes(fields)
    feats = _feats(fields, len(boxes))
    count = _count(fields, len(boxes))
    labels = {}
    for name, spellings in LABELS.items():
        values = _array(fields, spellings, IDS if name in IDS_OF else NUMBERS)
        if values is not None and values.ndim == 1 and len(values) >= count:
            labels[name] = values[:count]
    if not {*IDS_OF} <= {*labels}:
        labels = {}
    size_px = _size(picture, fields, origin)
    return RegionRow.from_arrays(picture, boxes[:count], feats[:count], size_px, origin, **labels)


def _boxes(fields: Fields) -> np.ndarray:
    boxes = _array(fields, BOXES, NUMBERS)
    if boxes is None:
        raise RegionError(f"it has no boxes; {_names(BOXES)} {_holds(fields)}")
    if boxes.ndim == 1:
        if boxes.size % 4:
            raise RegionError(f"its boxes are {boxes.size} numbers, not 4 for each region")
        boxes = boxes.reshape(-1, 4)
    return boxes


def _feats(fields: Fields, count: int) -> np.ndarray:
    """(R, F) for R boxes; some tools keep (F, R)."""
    feats = _array(fields, FEATS, NUMBERS)
    if feats is None:
        raise RegionError(f"it has no features; {_names(FEATS)} {_holds(fields)}")
    if feats.ndim == 1 and count:
        if feats.size % count:
            raise RegionError(f"its features are {feats.size:,} numbers for {count} boxes")
        feats = feats.reshape(count, -1)
    if feats.ndim == 2 and len(feats) != count and feats.shape[1] == count:
        feats = feats.T
    return feats


def _count(fields: Fields, rows: int) -> int:
    """How many rows are regions; the others are padding."""
    stated = _number(fields, COUNT)
    if stated is None:
        return rows
    if not 0 <= stated <= rows:
        raise RegionError(f"it says {stated} boxes and holds {rows}")
    return stated


def _size(picture: str, fields: Fields, origin: Origin) -> tuple[int, int]:
    width, height = _number(fields, WIDTH), _number(fields, HEIGHT)
    if width is not None and height is not None:
        return checked_size(width, height)
    if origin.size_of is not None:
        return origin.size_of(picture)
    raise RegionError(
        "it does not say the picture's size, without which boxes have no place: "
        f"{_names(WIDTH)} and {_names(HEIGHT)} would; else name the pictures, --pictures FOLDER"
    )


def _array(fields: Fields, names: Sequence[str], kind: np.dtype) -> np.ndarray | None:
    name = _known(fields, names)
    if name is None:
        return None
    value = fields[name]
    try:
        array = decoded(value, kind) if isinstance(value, str | bytes) else np.asarray(value)
    except (RegionError, ValueError) as error:
        raise RegionError(f"{name} {error}") from error
    if array.dtype.kind not in "biuf":
        raise RegionError(f"{name} holds {array.dtype}, not numbers")
    return array[0] if array.ndim == 3 and len(array) == 1 else array


def _number(fields: Fields, names: Sequence[str]) -> int | None:
    name = _known(fields, names)
    if name is None:
        return None
    try:
        number = float(np.asarray(fields[name]).reshape(-1)[0])
        if not number.is_integer():
            raise ValueError(number)
    except (ValueError, TypeError, IndexError) as error:
        raise RegionError(f"{name} is {fields[name]!r:.40}, not a whole number") from error
    return int(number)


def _known(fields: Fields, names: Sequence[str]) -> str | None:
    return next((name for name in names if fields.get(name) is not None), None)


def _names(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _holds(fields: Fields) -> str:
    held = ", ".join(sorted(map(str, fields))[:8]) or "nothing"
    return f"would name them, and it has {held}"
