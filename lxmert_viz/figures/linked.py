"""Figures that show the same things: pointed at in one, marked in all; on a page or on their own.

A thing is a word or a region; every figure says where it shows each.
"""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from lxmert_viz.figures import saving
from lxmert_viz.going_out import writable
from lxmert_viz.places import ASSETS

WIDTH_PX = 620  # of a figure on a page of its own
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 84rem; margin: 1.5rem auto; padding: 0 1rem;
  color: #1c2327; background: #fff; }
h1 { font-size: 1.4rem; margin: 0; } p { margin: .2rem 0; }
.figures { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
.linked { position: sticky; top: 0; background: #fff; padding: .5rem 0; z-index: 1; }
"""


class Spot(NamedTuple):
    """Where a figure shows a thing, in numbers of its axes; None: up to the figure's edge."""

    axes: str  # "" or "2": the pair that the numbers are of
    left: float | None
    top: float | None
    right: float | None
    bottom: float | None


@dataclass(frozen=True, slots=True)
class Linked:
    """One of the figures."""

    key: str  # as its class has it: letters, digits and "-"
    figure: go.Figure
    spots: Sequence[Spot | None]  # one a thing; None where the figure does not show it


def payload(
    about: str, labels: Sequence[str], sentences: Sequence[str], figures: Sequence[Linked]
) -> dict[str, Any]:
    """What the script takes. about: things that are locked stay so while it is the same.

    labels, sentences: one a thing; a sentence is what pointing at it tells.
    """
    if any(len(given) != len(labels) for given in (sentences, *(f.spots for f in figures))):
        raise ValueError(f"there are {len(labels)} things, and sentences or spots for others")
    shown = [{"key": one.key, "spots": list(one.spots)} for one in figures]
    return {"about": about, "labels": list(labels), "sentences": list(sentences), "figures": shown}


def script() -> str:
    return f"{saving.script()}\n{(ASSETS / 'linked' / 'linked.js').read_text()}"


def style() -> str:
    return (ASSETS / "linked" / "linked.css").read_text()


def page(
    title: str, lines: Sequence[str], figures: Sequence[Linked], data: Mapping[str, Any]
) -> str:
    """One HTML file that needs no network and no server. data: as `payload` has it."""
    drawn = "".join(_alone(one) for one in figures)
    told = "".join(f"<p>{html.escape(writable(line))}</p>" for line in lines)
    # what stands in a script must not close it
    given = json.dumps(data).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{html.escape(writable(title))}</title><style>{STYLE}{style()}</style>
<script>{get_plotlyjs()}</script></head><body><h1>{html.escape(writable(title))}</h1>{told}
<div class="linked"></div><div class="figures">{drawn}</div>
<script>{script()}
mountLinked(document, {given});</script></body></html>
"""


def _alone(one: Linked) -> str:
    shown = go.Figure(one.figure).update_layout(width=WIDTH_PX, margin_l=36)
    drawn = shown.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False})
    return f'<div class="st-key-{one.key}">{drawn}</div>'
