"""What one trace is made from: checkpoint, picture, how its regions are found, text, edits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from lxmert_viz.detector.profiles import joined
from lxmert_viz.experiments.edits import UNEDITED, PictureEdit
from lxmert_viz.picture import Picture
from lxmert_viz.records import Regions
from lxmert_viz.ui.server.models import pipeline

MOST = 100  # boxes of a person's own
LONGEST_NAME = 60
STEPS = 65535  # from one side of the picture to the other


class OwnBox(NamedTuple):
    sides: tuple[float, float, float, float]  # xyxy in 0..1
    name: str  # "": as the detector names it
    detected: int  # the detected region that this is, unchanged but for its name; -1: drawn


class Stored(NamedTuple):
    """Where the regions of a picture are stored."""

    file: str
    picture: str  # its id there
    written: int  # when, in nanoseconds: a file that is made anew holds others


@dataclass(frozen=True, slots=True)
class RegionsAsked:
    """How the regions of a picture are found."""

    profile: str  # of the detector; "" where the regions are stored
    numbers: tuple[tuple[str, float], ...] = ()  # a person's own, of detector.profiles.OPTIONS
    boxes: tuple[OwnBox, ...] | None = None  # a person's own; None: the detector's regions
    stored: Stored | None = None  # None: the detector looks

    @classmethod
    def of(cls, profile: str, numbers: Mapping[str, float]) -> Self:
        return cls(profile, tuple(numbers.items()))

    @property
    def text(self) -> str:
        """Profile and numbers, as the page's address and the detector take them."""
        if self.stored is not None:
            return f"stored in {Path(self.stored.file).name}"
        return joined(self.profile, dict(self.numbers))

    @property
    def detected(self) -> Self:
        """The same without boxes of a person's own."""
        return replace(self, boxes=None)


@dataclass(frozen=True, slots=True)
class Variant:
    """What one trace is made from."""

    model: str
    asked: RegionsAsked
    picture: Picture
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


def key_of(variant: Variant) -> str:
    """Tells a variant from others; a checkpoint by its content now, whatever it was before."""
    content, picture = pipeline(variant.model).digest, variant.picture.digest
    return f"{variant.model} {content} {picture} {variant.asked} {variant.text!r} {variant.edit}"


def with_model(variant: Variant, model: str) -> Variant:
    """The same for another checkpoint, whose detector may see other regions.

    Then none stay off, and neither numbers nor boxes of a person's own are kept.
    """
    if variant.asked.stored is not None:  # the same regions, whoever reads them
        return replace(variant, model=model)
    other = pipeline(model)
    if not other.has_detector:  # what is asked of it says what to do
        return replace(variant, model=model)
    if pipeline(variant.model).detector_digest == other.detector_digest:
        return replace(variant, model=model)
    name = variant.asked.profile
    asked = RegionsAsked(name if name in other.profiles else other.profiles[0])
    return replace(variant, model=model, asked=asked, edit=UNEDITED)


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
