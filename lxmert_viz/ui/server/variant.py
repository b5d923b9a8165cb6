"""What one trace is made from: checkpoint, picture, regions, text, edits."""

import json
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from lxmert_viz.experiments.edits import UNEDITED, PictureEdit
from lxmert_viz.records import Regions
from lxmert_viz.ui.server.models import detector_content, pipeline

MOST = 100  # boxes of a person's own
LONGEST_NAME = 60
MARK = " with boxes "
STEPS = 65535  # from one side of the picture to the other


class OwnBox(NamedTuple):
    sides: tuple[float, float, float, float]  # xyxy in 0..1
    name: str  # "": as the detector names it
    detected: int  # the detected region that this is, unchanged but for its name; -1: drawn


@dataclass(frozen=True, slots=True)
class Variant:
    """What one trace is made from."""

    model: str
    profile: str
    picture: bytes
    text: str
    edit: PictureEdit = UNEDITED


@dataclass(frozen=True, slots=True)
class Place:
    """One head and who reads; all counted from 0."""

    family: str
    layer: int
    head: int
    query: int
    key: int | None  # None: whatever is read most


def with_boxes(profile: str, boxes: tuple[OwnBox, ...]) -> str:
    """A profile's name that says the boxes too."""
    return f"{profile}{MARK}{json.dumps(boxes)}"


def apart(profile: str) -> tuple[str, tuple[OwnBox, ...] | None]:
    """The profile, and its boxes; None where the detector's regions are used."""
    name, mark, boxes = profile.partition(MARK)
    if not mark:
        return name, None
    return name, tuple(OwnBox(tuple(sides), *others) for sides, *others in json.loads(boxes))


def drawn_sides(boxes: tuple[OwnBox, ...]) -> np.ndarray:
    """(N, 4) of those that are no detected regions."""
    sides = [box.sides for box in boxes if box.detected < 0]
    return np.array(sides, np.float32).reshape(-1, 4)


def of_regions(detected: Regions) -> tuple[OwnBox, ...]:
    """Every region as it was detected."""
    boxes = [tuple(box) for box in detected.boxes_unit.tolist()]
    return tuple(
        OwnBox(box, name, place)
        for place, (box, name) in enumerate(zip(boxes, detected.names, strict=True))
    )


def named(boxes: tuple[OwnBox, ...], seen: Regions) -> tuple[OwnBox, ...]:
    """Boxes with the names that they have now, the detector's included."""
    return tuple(box._replace(name=name) for box, name in zip(boxes, seen.names, strict=True))


def snapped(sides: tuple[float, ...]) -> tuple[float, ...]:
    """Sides as an address can tell them, at most 1/131070 of the picture away."""
    return tuple(round(side * STEPS) / STEPS for side in sides)


def with_model(variant: Variant, model: str) -> Variant:
    """The same for another checkpoint, whose detector may see other regions.

    Then none stay off, and neither numbers nor boxes of a person's own are kept.
    """
    if detector_content(variant.model) == detector_content(model):
        return replace(variant, model=model)
    profiles = pipeline(model).profiles
    name = apart(variant.profile)[0].partition(",")[0]
    profile = name if name in profiles else profiles[0]
    return replace(variant, model=model, profile=profile, edit=UNEDITED)
