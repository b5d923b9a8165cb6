"""The view in which a person draws boxes; what it sends back is checked here."""

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from lxmert_viz.figures.theme import BOX_COLOURS
from lxmert_viz.places import ASSETS
from lxmert_viz.records import LeftOut, Regions
from lxmert_viz.ui.server.variant import LONGEST_NAME, MOST, OwnBox, of_regions, snapped

PLACE = '<div class="box-frame"><div class="box-editor"></div></div>'
MOUNT = """
const EDITORS = new WeakMap(); // place: the editor there, and what it was made of
export default ({ data, parentElement, setTriggerValue }) => {
  const place = parentElement.querySelector(".box-editor");
  const { told, ...rest } = JSON.parse(data);
  const made = JSON.stringify(rest);
  const before = EDITORS.get(place);
  if (before?.made === made) { before.editor.tell(told); return; } // changes in hand stay
  const apply = (boxes) => setTriggerValue("boxes", boxes);
  EDITORS.set(place, { made, editor: new BoxEditor(place, { ...rest, told }, apply) });
};
"""
SOURCES = ("stage/elements.js", "boxes/box.js", "boxes/draft.js", "boxes/editor.js")


def script() -> str:
    return "\n".join((ASSETS / source).read_text() for source in SOURCES)


_component = st.components.v2.component(
    "lxmert_viz.boxes",
    html=PLACE,
    css=(ASSETS / "boxes" / "boxes.css").read_text(),
    js=script() + MOUNT,
)


class Told(NamedTuple):
    """What the model says with some boxes, as the editor shows it beside the picture."""

    title: str
    answer: str
    rest: str = ""


def show(
    picture: str,
    detected: Regions,
    in_use: tuple[OwnBox, ...],
    told: Sequence[Told],
    key: str,
) -> tuple[OwnBox, ...] | None:
    """Boxes that the person wants to be used from now on; None while there are none.

    picture: its address. in_use: what the editor begins with.
    """
    data = {
        "picture": picture,
        "size_px": detected.size_px,
        "boxes": [_as_json(box) for box in in_use],
        "detected": [_as_json(box) for box in of_regions(detected)],
        "others": _others(detected.left_out) if detected.left_out else [],
        "colours": BOX_COLOURS,
        "most": MOST,
        "told": [one._asdict() for one in told],
    }
    result = _component(data=json.dumps(data), key=key, on_boxes_change=lambda: None)
    return read(result.boxes, len(detected)) if result.boxes else None


def read(text: str, detected: int) -> tuple[OwnBox, ...]:
    """What the browser sent. Raises ValueError for what the editor never sends.

    detected: how many regions there are that a box may stand for.
    """
    values = json.loads(text)
    if not isinstance(values, list) or len(values) > MOST:
        raise ValueError(f"boxes are not a list of at most {MOST}: {text:.60}")
    return tuple(_box(value, detected) for value in values)


def _box(value: Any, detected: int) -> OwnBox:
    try:
        left, top, right, bottom = (float(side) for side in value["box"])
        name, place = str(value["name"])[:LONGEST_NAME].strip(), int(value["detected"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this is not a box: {value!r:.80}") from error
    sides = (left, top, right, bottom)
    inside = all(math.isfinite(side) and -1e-6 <= side <= 1 + 1e-6 for side in sides)
    if not inside or left > right or top > bottom or not -1 <= place < detected:
        raise ValueError(f"this is not a box in the picture: {value!r:.80}")
    kept = tuple(min(max(side, 0.0), 1.0) for side in sides)
    return OwnBox(kept if place >= 0 else snapped(kept), name, place)


def _as_json(box: OwnBox) -> dict[str, Any]:
    return {"box": box.sides, "name": box.name, "detected": box.detected}


def _others(left_out: LeftOut) -> list[dict[str, Any]]:
    return [
        {"box": box, "name": name, "score": score, "reason": reason, "rival": rival}
        for box, name, score, reason, rival in zip(
            left_out.boxes_unit.tolist(),
            left_out.names,
            left_out.scores.tolist(),
            left_out.reasons,
            left_out.rivals.tolist(),
            strict=True,
        )
    ]
