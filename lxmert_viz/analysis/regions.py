"""Regions in words: numbered names, captions and a table."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lxmert_viz.records import OWN_BOXES, Regions

COVERED_FROM = 0.5  # intersection over union from which a region counts as an object's
OVERLAP_FROM = 0.5  # of the smaller box, from which two boxes show the same place
COLUMNS = ("boxes_unit", "feats", "object_ids", "attribute_ids", "scores", "attribute_scores")


def mixed(
    detected: Regions, drawn: Regions, places: Sequence[int], names: Sequence[str]
) -> Regions:
    """Detected and drawn regions of one picture as one record, in the order of `places`.

    places: the detected region at each place; -1 is the next drawn one. names: "" keeps the
    detector's name.
    """
    count = len(detected)
    following = iter(range(count, count + len(drawn)))
    rows = np.array([p if p >= 0 else next(following) for p in places], np.int64)
    own = (*detected.names, *drawn.names)
    columns = {
        name: np.concatenate([getattr(detected, name), getattr(drawn, name)])[rows]
        for name in COLUMNS
    }
    return replace(
        detected,
        **columns,
        names=tuple(name or own[row] for name, row in zip(names, rows, strict=True)),
        profile=OWN_BOXES,
        left_out=None,
    )


def numbered_names(regions: Regions, places: Sequence[int] | None = None) -> list[str]:
    """R names, unlike even where two regions show the same: "3 red cube"; numbers begin at 1.

    places: R, where the regions stood before some were left out; they keep their numbers.
    """
    places = range(len(regions)) if places is None else places
    return [f"{place + 1} {name}" for place, name in zip(places, regions.names, strict=True)]


def boxes_px(regions: Regions) -> np.ndarray:
    """(R, 4) xyxy in whole pixels of the upright picture."""
    width, height = regions.size_px
    return np.rint(regions.boxes_unit * [width, height, width, height]).astype(int)


def captions(regions: Regions, places: Sequence[int] | None = None) -> list[str]:
    """R lines with a region's number, name, score and place. places: as for the names."""
    return [
        f"{name} · score {score:.2f} · x {left} to {right}, y {top} to {bottom} px"
        for name, score, (left, top, right, bottom) in zip(
            numbered_names(regions, places), regions.scores, boxes_px(regions), strict=True
        )
    ]


def covered(boxes_unit: np.ndarray, box_unit: Sequence[float]) -> np.ndarray:
    """(R,) which boxes cover one box: intersection over union of at least COVERED_FROM.

    boxes_unit: (R, 4) xyxy in the same units as box_unit.
    """
    box = np.asarray(box_unit, np.float32)
    low = np.maximum(boxes_unit[:, :2], box[:2])
    high = np.minimum(boxes_unit[:, 2:], box[2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)  # (R,)
    sizes = (boxes_unit[:, 2:] - boxes_unit[:, :2]).prod(axis=1)
    union = sizes + (box[2:] - box[:2]).prod() - shared
    return shared >= COVERED_FROM * union


def overlapping(boxes_unit: np.ndarray) -> np.ndarray:
    """(R, R) which boxes show the same place: half of the smaller one lies in the other."""
    low = np.maximum(boxes_unit[:, None, :2], boxes_unit[None, :, :2])
    high = np.minimum(boxes_unit[:, None, 2:], boxes_unit[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=-1)  # (R, R)
    sizes = (boxes_unit[:, 2:] - boxes_unit[:, :2]).prod(axis=1)
    same = np.eye(len(boxes_unit), dtype=bool)  # a box without area is on its own place
    return same | (shared >= OVERLAP_FROM * np.maximum(np.minimum(sizes[:, None], sizes), 1e-12))
