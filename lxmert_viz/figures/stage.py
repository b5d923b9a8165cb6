"""The stage: a trace as one binary payload, and the script and style that draw it in a browser.

A payload is, in this order, with every number little-endian:

    4 bytes    "LXST"
    4 bytes    length of the header, a multiple of 4, as uint32
    header     JSON in UTF-8, filled up with spaces
    arrays     float32, one after the other; the header has each one's first element and shape
    picture    an encoded picture, to the end

Letters: L layers, H heads, Q queries, K keys.
"""

import json
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lxmert_viz.places import ASSETS
from lxmert_viz.records import FAMILIES, THINGS, HeadStatistic, Trace

MAGIC = b"LXST"
LONGEST = 64  # word pieces that are sent
SHOWN_ANSWERS = 3
FILES = (
    "elements",
    "payload",
    "selection",
    "maps",
    "scales",
    "pairs",
    "colours",
    "sentences",
    "model_view",
    "legend_view",
    "menu",
    "pair_view",
    "words_view",
    "picture_view",
    "links_view",
    "matrix_view",
    "table_view",
    "state_view",
    "controls",
    "vector",
    "saving",
    "peers",
    "stage",
    "mounting",
)


class Compared(NamedTuple):
    """Another trace, of which the stage draws the difference."""

    name: str  # what the person calls it
    trace: Trace
    rollout: dict[str, np.ndarray]  # family -> (L, Q, K)
    norms: dict[str, np.ndarray]  # family -> (L, H, K)


def payload(
    trace: Trace,
    picture: bytes,
    names: list[str],
    statistics: tuple[HeadStatistic, ...],
    rollout: dict[str, np.ndarray],
    *,
    places: Sequence[int] | None = None,
    norms: dict[str, np.ndarray] | None = None,
    other: Compared | None = None,
) -> bytes:
    """Everything that the stage draws.

    picture: encoded as a browser reads it. names: R. places: R, where the regions stood before some
    were left out; they keep their numbers. rollout: family -> (L, Q, K). norms: family ->
    (L, H, K), the lengths of the values.
    other: sent for the families whose rows and columns are the same words and regions.
    Of longer texts the first 64 word pieces are sent, with the weights as they are.
    """
    if len(names) != len(trace.regions):
        raise ValueError(f"there are {len(names)} names for {len(trace.regions)} regions")
    arrays = _Arrays()
    header = {
        **_about(trace),
        "names": names,
        "numbers": [1 + place for place in (range(len(names)) if places is None else places)],
        "boxes": trace.regions.boxes_unit.round(5).tolist(),
        "families": {
            name: _family(name, trace.attention[name], rollout[name], norms, arrays)
            for name in FAMILIES
        },
        "other": _other(trace, other, arrays) if other else None,
        "statistics": [_statistic(statistic, arrays) for statistic in statistics],
        "floats": 0,
    }
    header["floats"] = arrays.count
    encoded = json.dumps(header, ensure_ascii=False).encode()
    encoded += b" " * (-len(encoded) % 4)
    return b"".join([MAGIC, struct.pack("<I", len(encoded)), encoded, *arrays.parts, picture])


def script() -> str:
    """The stage's declarations as one text; none is exported and nothing runs yet."""
    return "\n".join((ASSETS / "stage" / f"{name}.js").read_text() for name in FILES)


def style() -> str:
    return (ASSETS / "stage" / "stage.css").read_text()


def page_style() -> str:
    """Of the page around a stage that stands alone."""
    return (ASSETS / "stage" / "page.css").read_text()


class _Arrays:
    """Arrays in the order in which they are sent."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.count = 0

    def add(self, values: np.ndarray) -> int:
        """The place of the array's first element."""
        first = self.count
        self.parts.append(np.ascontiguousarray(values, dtype="<f4").tobytes())
        self.count += values.size
        return first


def _about(trace: Trace) -> dict[str, Any]:
    tokens = trace.tokens
    return {
        "model": trace.model,
        "text": tokens.text,
        "digest": trace.regions.digest,
        "size_px": list(trace.regions.size_px),
        "answers": [list(answer) for answer in trace.answers[:SHOWN_ANSWERS]],
        "match": trace.match,
        "pieces": list(tokens.pieces[:LONGEST]),
        "word_ids": list(tokens.word_ids[:LONGEST]),
        "left_out": max(len(tokens.pieces) - LONGEST, 0),
    }


def _family(
    name: str,
    maps: np.ndarray,
    rolled_out: np.ndarray,
    norms: dict[str, np.ndarray] | None,
    arrays: _Arrays,
) -> dict[str, Any]:
    family = FAMILIES[name]
    rows = LONGEST if family.queries == "lang" else None
    columns = LONGEST if family.keys == "lang" else None
    maps, rolled_out = maps[..., :rows, :columns], rolled_out[..., :rows, :columns]
    return {
        "title": family.title,
        "stage": family.stage,
        "queries": THINGS[family.queries],
        "keys": THINGS[family.keys],
        "shape": list(maps.shape),  # (L, H, Q, K)
        "maps": arrays.add(maps),
        "rollout": arrays.add(rolled_out),
        "norms": arrays.add(norms[name][..., :columns]) if norms else None,
    }


def _other(trace: Trace, other: Compared, arrays: _Arrays) -> dict[str, Any]:
    return {
        "name": other.name,
        "families": {
            name: _family(name, maps, other.rollout[name], other.norms, arrays)
            for name, maps in other.trace.attention.items()
            if same_axes(trace, other.trace, name)
        },
    }


def same_axes(one: Trace, other: Trace, family: str) -> bool:
    """Whether both have the same words or regions in the rows and columns of a family's maps."""
    same = {
        "lang": one.tokens.pieces == other.tokens.pieces,
        "vision": one.regions.digest == other.regions.digest
        and np.array_equal(one.regions.boxes_unit, other.regions.boxes_unit),
    }
    sides = FAMILIES[family]
    has_shape = one.attention[family].shape == other.attention[family].shape
    return has_shape and same[sides.queries] and same[sides.keys]


def _statistic(statistic: HeadStatistic, arrays: _Arrays) -> dict[str, Any]:
    return {
        "name": statistic.name,
        "title": statistic.title,
        "sentence": statistic.sentence,
        "families": {
            family: {
                "values": arrays.add(values),  # (L, H)
                "top": statistic.tops.get(family, 1.0),
                "unit": statistic.units.get(family, ""),
            }
            for family, values in statistic.values.items()
        },
    }
