"""The steps of What if? as bytes for the server's store, so that a reload finds them again.

Pictures are named by their digests; each is found where it is kept already.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import asdict
from typing import NamedTuple

from lxmert_viz.experiments.edits import OPERATORS, PictureEdit
from lxmert_viz.forms import check_words
from lxmert_viz.picture import Picture
from lxmert_viz.ui.server.variant import MOST, OwnBox, RegionsAsked, Stored, Variant
from lxmert_viz.ui.what_if.history import LONGEST, History, Step


class Kept(NamedTuple):
    steps: list[Step]
    now: int  # number of the step in use; 0 where there are no steps
    before: int
    lost: int  # steps whose picture or model is not here


def written(steps: History) -> bytes:
    return json.dumps(
        {
            "now": steps.now,
            "before": steps.before,
            "steps": [_step(step) for step in steps.steps],
        }
    ).encode()


def read(kept: bytes, picture_of: Callable[[str], Picture | None], models: Collection[str]) -> Kept:
    """Where the step in use is lost, the last one takes its place.

    Raises ValueError for what `written` never gives: anybody can keep anything in the store.
    """
    try:
        told = json.loads(kept)
        found = [_read_step(entry, picture_of, models) for entry in told["steps"]]
        told["now"], told["before"]
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"these are no steps: {error!r}") from error
    steps = [step for step in found if step is not None]
    numbers = [step.number for step in steps]
    if len({*numbers}) < len(numbers) or len(numbers) > LONGEST:
        raise ValueError(f"steps are numbered {numbers}")
    now = told["now"] if told["now"] in numbers else max(numbers, default=0)
    before = told["before"] if told["before"] in numbers else now
    return Kept(steps, now, before, len(found) - len(steps))


def names(kept: bytes) -> list[str]:
    """What the steps are called. Raises ValueError as `read` does."""
    try:
        return [str(entry["name"]) for entry in json.loads(kept)["steps"]]
    except (LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"these are no steps: {error!r}") from error


def _step(step: Step) -> dict[str, object]:
    told = asdict(step.variant) | {"picture": step.variant.picture.digest}
    return {"number": step.number, "name": step.name, "variant": told}


def _read_step(
    told: dict, picture_of: Callable[[str], Picture | None], models: Collection[str]
) -> Step | None:
    variant = told["variant"]
    picture = picture_of(variant["picture"])
    if picture is None or variant["model"] not in models:
        return None
    edit = variant["edit"]
    own = {
        "asked": _read_asked(variant["asked"]),
        "picture": picture,
        "edit": PictureEdit(**edit | {"off": tuple(edit["off"])}),
    }
    step = Step(told["number"], told["name"], Variant(**variant | own))
    boxes = own["asked"].boxes or ()
    for record in (step, step.variant, own["asked"], own["edit"], *boxes):
        check_words(record)
    if own["edit"].operator not in OPERATORS or own["edit"].seed < 0 or len(boxes) > MOST:
        raise ValueError(f"{own['edit']} with {len(boxes)} boxes is no step")
    return step


def _read_asked(told: dict) -> RegionsAsked:
    boxes = told["boxes"]
    if boxes is not None:
        boxes = tuple(OwnBox(tuple(sides), *others) for sides, *others in boxes)
    numbers = tuple((name, number) for name, number in told["numbers"])
    stored = told.get("stored")
    return RegionsAsked(told["profile"], numbers, boxes, stored and Stored(*stored))
