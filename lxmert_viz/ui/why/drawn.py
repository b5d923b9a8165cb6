"""A map's figures, what they have in common, and all of them as a page of its own.

Things are word pieces, then regions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.experiments.relevance import METHODS, Relevance
from lxmert_viz.experiments.removal import SPECIAL, Removal
from lxmert_viz.figures import linked
from lxmert_viz.figures.linked import Linked
from lxmert_viz.figures.relevance import Scored, map_spots, rank_spots, ranked_bars, relevance_map
from lxmert_viz.records import Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.why.choice import title
from lxmert_viz.ui.why.naming import removal_named, target_named
from lxmert_viz.ui.why.view import View

ROWS = 12  # of a ranked list
OVERLAP = "Where boxes overlap, the largest magnitude is seen."


@dataclass(frozen=True, slots=True)
class Side:
    explained: Relevance
    figures: tuple[Linked, ...]  # none where the map is not what it says it is


def labels(found: Trace) -> list[str]:
    return [f"“{piece}”" for piece in found.tokens.pieces] + numbered_names(found.regions)


def players(found: Trace) -> list[int]:
    """Places of the things that may have a number: all but [CLS] and [SEP]."""
    pieces = found.tokens.pieces
    words = [place for place, piece in enumerate(pieces) if piece not in SPECIAL]
    return words + list(range(len(pieces), len(pieces) + len(found.regions)))


def map_of(view: View, explained: Relevance) -> Linked:
    scored, seen = _scored(view.found, explained), view.found.regions
    low = scored.written(-scored.top) if scored.is_signed else "0"
    statistic = [
        f"{title(explained.method)}, from {low} to {scored.written(scored.top)}",
        *([_removed(explained.removal)] if explained.removal else []),
        f"{'' if explained.removal else 'Nothing is removed. '}{OVERLAP}",
    ]
    named = f"Why {target_named(explained.target, explained.value)}"
    figure = relevance_map(scored, seen.boxes_unit, (view.picture, seen.size_px), named, statistic)
    spots = map_spots(scored, seen.boxes_unit, seen.size_px)
    return Linked(f"why-map-{view.side}", figure, spots)


def ranks_of(view: View, explained: Relevance, shows_all: bool) -> Linked:
    """The largest magnitude on top."""
    values = np.concatenate([explained.words, explained.regions])
    named = labels(view.found)
    ranked = _ranked(view.found, values)
    shown = ranked if shows_all else ranked[:ROWS]
    intervals = None
    if explained.words_interval is not None:
        intervals = np.concatenate([explained.words_interval, explained.regions_interval])[shown]
    method = METHODS[explained.method]
    unit = "logits" if method.unit else "without a unit"
    figure = ranked_bars(
        [named[place] for place in shown],
        values[shown],
        intervals,
        method.is_signed,
        f"{title(explained.method)}, ranked",
        [f"{explained.target.name}, {unit}", _removed(explained.removal)],
    )
    return Linked(f"why-ranks-{view.side}", figure, rank_spots(shown, len(named)))


def linking(about: str, found: Trace, sides: Sequence[Side]) -> dict[str, Any]:
    """What links all figures, as figures.linked takes it."""
    figures = [figure for side in sides for figure in side.figures]
    return linked.payload(about, labels(found), _sentences(found, sides), figures)


def offline(heading: str, found: Trace, sides: Sequence[Side]) -> bytes:
    """One HTML file with every figure that is drawn."""
    figures = [figure for side in sides for figure in side.figures]
    lines = saving.about(found)
    return linked.page(heading, lines, figures, linking(heading, found, sides)).encode()


def _sentences(found: Trace, sides: Sequence[Side]) -> list[str]:
    """Of every thing its number and rank under each method."""
    named = labels(found)
    told: list[list[str]] = [[] for _ in named]
    for side in sides:
        explained = side.explained
        values = np.concatenate([explained.words, explained.regions])
        ranked, written = _ranked(found, values), _scored(found, explained).written
        for rank, place in enumerate(ranked, start=1):
            number = f"{written(values[place])} (rank {rank} of {len(ranked)})"
            told[place].append(f"{title(explained.method)} {number}")
    return [
        f"{name}: {', '.join(own) or 'it always stays, and has no number'}"
        for name, own in zip(named, told, strict=True)
    ]


def _ranked(found: Trace, values: np.ndarray) -> list[int]:
    """Places of the players, the largest magnitude first."""
    own = players(found)
    order = np.argsort(-np.abs(values[own]), kind="stable")
    return [own[place] for place in order]


def _scored(found: Trace, explained: Relevance) -> Scored:
    method = METHODS[explained.method]
    names = numbered_names(found.regions)
    pieces, words, regions = found.tokens.pieces, explained.words, explained.regions
    return Scored(pieces, words, names, regions, method.is_signed, method.unit)


def _removed(removal: Removal | None) -> str:
    return f"Removed: {removal_named(removal)}" if removal else "Nothing is removed."
