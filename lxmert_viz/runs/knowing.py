"""Knowing and using, layer by layer: what a probe reads in states, and what patching them moves.

The property is what questions ask of one marked object: its colour. Two states are looked at, the
asked region's and the first word's. In the corrupted run the asked region has the features of a
region with another value, and the target is the right answer less that value.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lxmert_viz.analysis.probes import train
from lxmert_viz.analysis.significance import Z, interval_of
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError, OptionError
from lxmert_viz.experiments import patching, steering
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.edits import with_features
from lxmert_viz.experiments.kept_run import Kept
from lxmert_viz.model.interventions import Key
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Report
from lxmert_viz.runs.causes import Answered, answered_right

FEWEST = 12  # questions
PARTS = 8  # of the pictures; a probe is tested on one of them and trained on the others
KNOWING = "knowing.csv"  # beside a checkpoint's weights: what was measured there
COLUMNS = ["place", "depth", "examples", "probe", "probe_low", "probe_high", "majority"]
COLUMNS += ["effect", "effect_low", "effect_high", "control"]
PLACES = {"vision": "asked region", "lang": "first word"}


@dataclass(frozen=True, slots=True)
class Case:
    """What one question gives. Letters: P depths."""

    picture: str
    value: str  # of the property
    states: dict[str, np.ndarray]  # of PLACES -> (P, D)
    effects: dict[str, np.ndarray]  # (P,) of patching that state
    controls: dict[str, np.ndarray]  # (P,) mean of patching any other region, or word


def measure(
    pipeline: Pipeline, dataset: Dataset, report: Report = lambda stage, share: None
) -> pd.DataFrame:
    """A row a place and depth. Raises DatasetError where too few questions ask one property."""
    asked = [one for one in answered_right(pipeline, dataset, report) if _aim(one) is not None]
    common = Counter(tuple(one.example.valid) for one in asked).most_common(1)
    chosen = [one for one in asked if common and tuple(one.example.valid) == common[0][0]]
    cases = []
    for number, one in enumerate(chosen):
        report(f"patching {number + 1:,} of {len(chosen):,}", number / len(chosen))
        case = _case(pipeline, one)
        if case is not None:
            cases.append(case)
    if len(cases) < FEWEST:
        raise DatasetError(
            f"Only {len(cases)} questions ask one property of one marked object and are answered "
            f"right; {FEWEST} are needed: bring more scenes (make-scenes N)."
        )
    depths = depth_names(pipeline)
    rows = [row for stream in PLACES for row in _rows(cases, stream, depths)]
    return pd.DataFrame(rows, columns=COLUMNS)


def depth_names(pipeline: Pipeline) -> list[str]:
    """What both streams have: what goes in, what enters crossing, and each crossing's end."""
    layers = pipeline.network.config.x_layers
    return ["embeddings", "enters crossing", *(f"cross layer {n + 1}" for n in range(layers))]


def _depths(kept: Kept, stream: str) -> list[Key]:
    places = kept.places(stream)
    own = [key for key in places if key[0] == stream]
    return [own[0], own[-1], *(key for key in places if key[0] != stream)]


def _case(pipeline: Pipeline, one: Answered) -> Case | None:
    """None where the other features do not move the target."""
    seen, text, (gold,), aim = one.regions, one.example.text, one.gold, _aim(one)
    other = with_features(seen, gold, aim.region)
    target = targets.answer(pipeline, one.example.right, aim.answer)
    try:
        both = patching.pair(pipeline, (seen, text), (other, text), target)
    except OptionError:
        return None
    states, effects, controls = {}, {}, {}
    for stream, place in (("vision", gold), ("lang", 0)):
        keys = _depths(both.clean, stream)
        lines = [both.clean.places(stream).index(key) for key in keys]
        grid = patching.grid(both, "state", stream).effects[lines]
        own = [both.clean.state(*key)[0, place].float().cpu().numpy() for key in keys]
        states[stream], effects[stream] = np.stack(own), grid[:, place]
        controls[stream] = np.delete(grid, place, axis=1).mean(axis=1)
    return Case(one.example.picture, one.example.right, states, effects, controls)


def _rows(cases: Sequence[Case], stream: str, depths: Sequence[str]) -> list[tuple]:
    values = sorted({case.value for case in cases})
    labels = np.array([values.index(case.value) for case in cases])
    pictures = [case.picture for case in cases]
    effects = np.stack([case.effects[stream] for case in cases])  # (n, P)
    controls = np.stack([case.controls[stream] for case in cases]).mean(axis=0)
    majority = float(np.bincount(labels).max() / len(labels))
    half = Z * effects.std(axis=0, ddof=1) / np.sqrt(len(cases))
    rows = []
    for place, depth in enumerate(depths):
        states = np.stack([case.states[stream][place] for case in cases])
        told = *interval_of(_read_right(states, labels, pictures), len(cases)), majority
        mean = float(effects[:, place].mean())
        moved = (mean, mean - half[place], mean + half[place], float(controls[place]))
        rows.append((PLACES[stream], depth, len(cases), *told, *moved))
    return rows


def _read_right(states: np.ndarray, labels: np.ndarray, pictures: Sequence[str]) -> float:
    """Accuracy of probes, each on the part of the pictures that it was not trained on."""
    names = sorted(set(pictures))
    order = np.random.default_rng(0).permutation(len(names)) % min(PARTS, len(names))
    part = np.array([dict(zip(names, order.tolist(), strict=True))[name] for name in pictures])
    right = np.zeros(len(labels), bool)
    for number in range(order.max() + 1):
        own, others = part == number, part != number
        groups = [name for name, is_other in zip(pictures, others, strict=True) if is_other]
        model = train(states[others], labels[others], groups, "linear", 0)
        right[own] = model.predict(states[own]) == labels[own]
    return float(right.mean())


def _aim(one: Answered) -> steering.Aim | None:
    """Another region that has another value."""
    if len(one.gold) != 1 or not one.example.valid:
        return None
    found = steering.aims(one.regions, one.gold, one.example.right, one.example.valid)
    return found[0] if found else None
