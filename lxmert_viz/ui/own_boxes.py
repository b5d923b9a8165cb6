"""Boxes of a person's own, as part of how regions are found; so that every page follows them."""

import json
from typing import NamedTuple

import numpy as np
import streamlit as st

MOST = 100
LONGEST_NAME = 60
MARK = " with boxes "
STATE = "boxes.own"


class OwnBox(NamedTuple):
    sides: tuple[float, float, float, float]  # xyxy in 0..1
    name: str  # "": as the detector names it
    detected: int  # the detected region that this is, unchanged but for its name; -1: drawn


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


def use(digest: str, profile: str, boxes: tuple[OwnBox, ...] | None, link: str) -> None:
    """From now on for this picture and profile; None: the detector's regions again.

    link: what the page's address says of them.
    """
    kept = st.session_state.setdefault(STATE, {})
    if boxes is None:
        kept.pop((digest, profile), None)
    else:
        kept[digest, profile] = (boxes, link)


def in_use(digest: str, profile: str) -> tuple[OwnBox, ...] | None:
    return st.session_state.get(STATE, {}).get((digest, profile), (None, ""))[0]


def link(digest: str, profile: str) -> str:
    """ "" where the detector's regions are used, and where the boxes are too many to tell."""
    return st.session_state.get(STATE, {}).get((digest, profile), (None, ""))[1]
