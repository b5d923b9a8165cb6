"""Does an answer follow where a model's heads are made to look? Measured over many questions.

Half of the pictures chooses the heads, the other half measures. Heads are chosen one after the
other, each time the one with which the answers of the regions that are looked at become most
probable. Source of the question: Gandikota and Bau 2026 (gaze heads), who choose heads by how their
attention follows what is asked about; such heads stand beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lxmert_viz.analysis.significance import Z
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.experiments import steering
from lxmert_viz.experiments.head_slots import Slot
from lxmert_viz.experiments.steering import DRAWS, SHARE, Aim
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Report, Scores
from lxmert_viz.runs.causes import Answered, answered_right

STEERED = "steering.csv"  # beside a checkpoint's weights: what was measured there
COUNTED = ["found_on", "measured_on", "aims"]  # questions, others, and regions to look at
COLUMNS = ["heads", "number", "which", "steered", "low", "high", "unmoved", *COUNTED]
FEWEST = 4  # questions, below which no half is one
CHOSEN = f"heads chosen by their effect, {SHARE:.0%} of cross heads at most"
GAZING = "as many that follow the asked object"
EVERY = "all heads of words read regions"
RANDOM = "as many random heads"


@dataclass(frozen=True, slots=True)
class Case:
    """A question that can be steered, and where to."""

    asked: Answered
    aims: list[Aim]


@dataclass(frozen=True, slots=True)
class Steered:
    """What a set measured."""

    gaze: np.ndarray  # (G,) mean correlation of every head with the asked region
    heads: list[Slot]  # chosen by their effect, at most SHARE of the cross heads
    table: pd.DataFrame  # a row a set of heads
    found_on: int  # questions
    measured_on: int
    aims: int


def measure(
    pipeline: Pipeline,
    dataset: Dataset,
    seed: int = 0,
    draws: int = DRAWS,
    report: Report = lambda stage, share: None,
) -> Steered:
    """Raises DatasetError where too few questions are about one marked object."""
    cases = [
        Case(asked, aims)
        for asked in answered_right(pipeline, dataset, report)
        if (aims := _aims(asked)) and len(asked.gold) == 1
    ]
    pictures = sorted({case.asked.example.picture for case in cases})
    first = set(pictures[: len(pictures) // 2])
    finding = [case for case in cases if case.asked.example.picture in first]
    measuring = [case for case in cases if case.asked.example.picture not in first]
    if min(len(finding), len(measuring)) < FEWEST:
        raise DatasetError(
            f"Only {len(cases)} questions are answered right, about one marked object, and have "
            "another answer to be steered to: bring more scenes (make-scenes N)."
        )
    gaze = np.mean([_gaze(pipeline, case) for case in finding], axis=0)
    heads = choose(pipeline, finding, report)
    every = steering.slots_at(pipeline, range(len(gaze)))
    sets = {CHOSEN: heads, GAZING: steering.gaze_heads(pipeline, gaze), EVERY: every}
    draw = np.random.default_rng(seed)
    drawn = [steering.random_heads(pipeline, len(heads), draw) for _ in range(draws)]
    report("measuring", 0)
    told = [_followed(pipeline, case, [*sets.values(), *drawn]) for case in measuring]
    rows = [
        (name, len(chosen), _named(chosen), *share([(f[:, n], s[:, n]) for f, s in told]))
        for n, (name, chosen) in enumerate(sets.items())
    ]
    rows.append(_band([(f[:, len(sets) :], s[:, len(sets) :]) for f, s in told], len(heads)))
    table = pd.DataFrame(rows, columns=COLUMNS[: -len(COUNTED)])
    aims = sum(len(case.aims) for case in measuring)
    counts = dict(zip(COUNTED, (len(finding), len(measuring), aims), strict=True))
    return Steered(gaze, heads, table.assign(**counts), **counts)


def choose(
    pipeline: Pipeline, cases: Sequence[Case], report: Report = lambda stage, share: None
) -> list[Slot]:
    """As many heads as may be forced, each the best one beside those before it."""
    count, chosen = steering.most_heads(pipeline), []
    config = pipeline.network.config
    every = steering.slots_at(pipeline, range(config.x_layers * config.num_attention_heads))
    while len(chosen) < min(count, len(every)):
        report(f"choosing head {len(chosen) + 1} of {count}", len(chosen) / count)
        others = [slot for slot in every if slot not in chosen]
        told = [
            _probabilities(pipeline, case, [[*chosen, slot] for slot in others]) for case in cases
        ]
        chosen.append(others[int(np.concatenate(told).mean(axis=0).argmax())])
    return chosen


def _probabilities(pipeline: Pipeline, case: Case, sets: Sequence[Sequence[Slot]]) -> np.ndarray:
    """(aims, sets) of each aim's own answer, where its region is looked at."""
    known = {text: place for place, text in enumerate(pipeline.answer_vocabulary)}
    return np.array(
        [
            [
                pipeline.answer_shares(scores)[known[aim.answer]]
                for scores, aim in zip(found, case.aims, strict=True)
            ]
            for found in _steered(pipeline, case, sets)
        ]
    ).T


def _followed(
    pipeline: Pipeline, case: Case, sets: Sequence[Sequence[Slot]]
) -> tuple[np.ndarray, np.ndarray]:
    """Twice (aims, sets) bool: the answer is the region's, and the answer is what it was."""
    tops = [
        [pipeline.answers(scores, 1)[0].text for scores in found]
        for found in _steered(pipeline, case, sets)
    ]
    follows = [[t == aim.answer for t, aim in zip(row, case.aims, strict=True)] for row in tops]
    stays = [[t == case.asked.example.right for t in row] for row in tops]
    return np.array(follows).T, np.array(stays).T


def _steered(pipeline: Pipeline, case: Case, sets: Sequence[Sequence[Slot]]) -> list[list[Scores]]:
    places = [aim.region for aim in case.aims]
    asked = case.asked
    return steering.steered_by(pipeline, asked.regions, asked.example.text, sets, places)


def share(told: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float, float, float]:
    """Share that follows with its 95% interval, and share that stays. told: (aims,) a question.

    Aims of one question are alike, so that questions are what is counted: the interval is that of
    a ratio of sums (Cochran 1977, section 6.4).
    """
    follows = [own for own, _ in told]
    every = np.concatenate(follows)
    mean = float(every.mean())
    apart = np.array([own.sum() - mean * len(own) for own in follows])
    half = Z * np.sqrt(len(told) * apart.var(ddof=1)) / len(every)
    low, high = max(mean - half, 0.0), min(mean + half, 1.0)
    return mean, low, high, float(np.concatenate([own for _, own in told]).mean())


def _band(told: Sequence[tuple[np.ndarray, np.ndarray]], count: int) -> tuple:
    """Random sets as one row: their mean, and the lowest and the highest of them."""
    follows = np.concatenate([own for own, _ in told]).mean(axis=0)  # (draws,)
    stays = np.concatenate([own for _, own in told]).mean()
    name = f"{RANDOM}, {len(follows)} draws"
    return name, count, "", follows.mean(), follows.min(), follows.max(), stays


def _named(heads: Sequence[Slot]) -> str:
    """As the page's address has them."""
    return ",".join(f"{slot.family}.{slot.layer + 1}.{slot.head + 1}" for slot in heads)


def _gaze(pipeline: Pipeline, case: Case) -> np.ndarray:
    trace = pipeline.ask(case.asked.regions, case.asked.example.text)
    return steering.gaze(trace.attention[steering.FAMILY], case.asked.gold)


def _aims(asked: Answered) -> list[Aim]:
    valid = asked.example.valid or ()
    return steering.aims(asked.regions, asked.gold, asked.example.right, valid)
