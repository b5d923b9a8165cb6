"""Boxes of a person's own as a short text for the page's address, and back.

Boxes stand between commas. A detected region is its place, several in a row are the first and the
last of them ("0-11"). A drawn box is 11 letters: four sides of 16 bits, base64 for addresses. A
name that a person gave follows after a colon.
"""

import base64
import binascii
from collections.abc import Sequence
from urllib.parse import quote, unquote

import numpy as np

from lxmert_viz.ui.frame import address
from lxmert_viz.ui.server.variant import LONGEST_NAME, MOST, STEPS, OwnBox

DRAWN_LETTERS = 11
LONGEST = 4000  # letters; longer addresses do not pass everywhere


def encoded(boxes: Sequence[OwnBox], detected: Sequence[OwnBox]) -> str:
    """ "" where the text would be too long. detected: all that the detector found."""
    parts: list[str] = []
    run: list[int] = []  # detected regions in a row, with the detector's names
    for box in boxes:
        is_own = box.detected < 0 or box.name != detected[box.detected].name
        if run and (is_own or box.detected != run[-1] + 1):
            parts.append(_run(run))
            run = []
        if not is_own:
            run.append(box.detected)
            continue
        name = f":{quote(box.name, safe='')}" if box.name else ""
        parts.append((str(box.detected) if box.detected >= 0 else _drawn(box.sides)) + name)
    if run:
        parts.append(_run(run))
    text = ",".join(parts) or "none"
    return text if len(text) <= LONGEST else ""


def decoded(text: str, detected: Sequence[OwnBox]) -> tuple[OwnBox, ...]:
    """Raises ValueError for a text that `encoded` never gives, and for regions not here."""
    boxes: list[OwnBox] = []
    for part in text.split(",") if text != "none" else ():
        place, colon, name = part.partition(":")
        named = unquote(name)[:LONGEST_NAME]
        if len(place) == DRAWN_LETTERS:
            boxes.append(OwnBox(_sides(place), named, -1))
        else:
            of_run = [detected[at] for at in _places(place, len(detected))]
            boxes += [box._replace(name=named) if colon else box for box in of_run]
    if len(boxes) > MOST:
        raise ValueError(f"{len(boxes)} boxes are more than {MOST}")
    return tuple(boxes)


def _run(places: list[int]) -> str:
    return str(places[0]) if len(places) == 1 else f"{places[0]}-{places[-1]}"


def _places(text: str, count: int) -> range:
    start, dash, end = text.partition("-")
    first, last = address.number(start), address.number(end if dash else start)
    if first is None or last is None:
        raise ValueError(f"{text[:LONGEST_NAME]!r} is neither a region nor a box")
    if not first <= last < count:
        raise ValueError(f"there are {count} regions and not {text!r}")
    return range(first, last + 1)


def _drawn(sides: tuple[float, ...]) -> str:
    steps = np.rint(np.array(sides) * STEPS).astype(">u2")
    return base64.urlsafe_b64encode(steps.tobytes()).decode().rstrip("=")


def _sides(text: str) -> tuple[float, ...]:
    try:
        steps = np.frombuffer(base64.urlsafe_b64decode(f"{text}="), ">u2")
    except binascii.Error as error:
        raise ValueError(f"{text!r} is not a box") from error
    left, top, right, bottom = (step / STEPS for step in steps.tolist())
    if left > right or top > bottom:
        raise ValueError(f"{text!r} is a box that is turned inside out")
    return left, top, right, bottom
