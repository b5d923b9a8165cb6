"""The guided walk: its stations as JSON, and the script and style that present them."""

import json
from collections.abc import Sequence
from typing import Any

from lxmert_viz.figures import saving
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Trace


def payload(trace: Trace, stations: Sequence[Any], names: Sequence[str], picture: str) -> str:
    """stations: named tuples of analysis/walk.py. names: R. picture: an address for an <img>."""
    if len(names) != len(trace.regions):
        raise ValueError(f"there are {len(names)} names for {len(trace.regions)} regions")
    return json.dumps(
        {
            "text": trace.tokens.text,
            "model": trace.model,
            "pieces": trace.tokens.pieces,
            "names": list(names),
            "boxes": trace.regions.boxes_unit.round(5).tolist(),
            "size_px": trace.regions.size_px,
            "picture": picture,
            "stations": [
                station._asdict() | {"bars": [bar._asdict() for bar in station.bars]}
                for station in stations
            ],
        }
    )


def script() -> str:
    return f"{saving.script()}\n{(ASSETS / 'walk' / 'walk.js').read_text()}"


def style() -> str:
    return f"{(ASSETS / 'walk' / 'walk.css').read_text()}\n{saving.style()}"
