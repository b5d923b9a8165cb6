"""Why an answer was given, kept for all sessions. Keys are contents."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import pandas as pd
import streamlit as st

from lxmert_viz.checkpoints.folder import find
from lxmert_viz.experiments import direct_effects as effects
from lxmert_viz.experiments import interactions, relevance
from lxmert_viz.experiments.direct_effects import DirectEffects
from lxmert_viz.experiments.edits import edited
from lxmert_viz.experiments.interactions import Interaction
from lxmert_viz.experiments.proof import Proof, prove
from lxmert_viz.experiments.relevance import METHODS, PAIRS, Relevance
from lxmert_viz.experiments.removal import USUAL, Game, Removal
from lxmert_viz.experiments.target import Target
from lxmert_viz.records import Regions, Report
from lxmert_viz.runs.grades import GRADES, read_grades
from lxmert_viz.ui.server.answers import BY_CONTENT, regions_of
from lxmert_viz.ui.server.models import pipeline
from lxmert_viz.ui.server.variant import Variant

MOST_PAIRS = 64  # of orders


@dataclass(frozen=True, slots=True)
class Asked:
    """What a map is asked for."""

    method: str  # of METHODS
    target: Target
    removal: Removal = USUAL  # of the map where its method removes, and of its proof
    pairs: int = PAIRS  # of orders, where the method draws them
    stable: float = 0.0  # logits: it stops where every interval is narrower


class Steps:
    """Shapley values as orders are drawn. What was drawn stays, whoever stops or goes on."""

    def __init__(self, steps: Iterator[Relevance]) -> None:
        self._steps = steps
        self._found: list[Relevance] = []
        self._lock = Lock()

    def after(self, pairs: int, of: int, report: Report) -> Relevance:
        """The values after so many pairs of orders; exact ones where there are few players.

        of: how many are wanted in all.
        """
        with self._lock:
            while len(self._found) < pairs:
                done = len(self._found)
                report(f"orders {2 * done + 1} and {2 * done + 2} of {2 * of}", done / of)
                step = next(self._steps, None)
                if step is None:
                    break
                self._found.append(step)
            return self._found[min(pairs, len(self._found)) - 1]

    def so_far(self, pairs: int) -> Relevance | None:
        """After so many pairs or those that there are; None before the first."""
        found = self._found[:pairs]
        return found[-1] if found else None


def explained(variant: Variant, asked: Asked, report: Report) -> Relevance:
    """Raises CheckpointError for a head that is missing."""
    if asked.method == "shapley":
        return drawn(variant, asked, asked.pairs, report)
    removal = asked.removal if METHODS[asked.method].removes else USUAL
    return _explained(variant, asked.method, asked.target, removal, report)


def drawn(variant: Variant, asked: Asked, pairs: int, report: Report) -> Relevance:
    """Shapley values after so many pairs of orders, of those that are asked for."""
    steps = _steps(variant, asked.target, asked.removal, report)
    return steps.after(pairs, asked.pairs, report)


def drawn_so_far(variant: Variant, asked: Asked, report: Report) -> Relevance | None:
    return _steps(variant, asked.target, asked.removal, report).so_far(asked.pairs)


def grades(model: str) -> pd.DataFrame | None:
    """How the methods do on this checkpoint where causes are known; None: nobody graded them.

    Raises CheckpointError for a file that is no such table.
    """
    path = find(model) / GRADES
    return _grades(path, path.stat().st_mtime_ns) if path.is_file() else None


@st.cache_data(max_entries=8, show_spinner=False)
def _grades(path: Path, written: int) -> pd.DataFrame:
    return read_grades(path)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_CONTENT)
def _explained(
    variant: Variant, method: str, target: Target, removal: Removal, _report: Report
) -> Relevance:
    seen = _regions(variant, _report)
    return relevance.explain(
        pipeline(variant.model), seen, variant.text, method, target, removal=removal, report=_report
    )


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=BY_CONTENT)
def _steps(variant: Variant, target: Target, removal: Removal, _report: Report) -> Steps:
    opened, seen = pipeline(variant.model), _regions(variant, _report)
    game = Game(opened, seen, variant.text, target, removal)
    return Steps(relevance.shapley_steps(game, MOST_PAIRS))


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def proof(variant: Variant, asked: Asked, _report: Report) -> Proof:
    return prove(
        pipeline(variant.model),
        _regions(variant, _report),
        variant.text,
        explained(variant, asked, _report),
        asked.removal,
        pairs=asked.pairs,
        report=_report,
    )


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def interaction(
    variant: Variant, target: Target, removal: Removal, places: tuple[int, int], _report: Report
) -> Interaction:
    """places: of a word piece and of a region."""
    game = Game(pipeline(variant.model), _regions(variant, _report), variant.text, target, removal)
    word = game.word_places.index(places[0])
    region = len(game.word_places) + game.region_places.index(places[1])
    return interactions.interaction(game, word, region, report=_report)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def direct_effects(variant: Variant, target: Target, _report: Report) -> DirectEffects:
    """Raises OptionError for a target that is read from a region."""
    seen = _regions(variant, _report)
    return effects.direct_effects(pipeline(variant.model), seen, variant.text, target)


def _regions(variant: Variant, report: Report) -> Regions:
    return edited(regions_of(variant, report), variant.edit)
