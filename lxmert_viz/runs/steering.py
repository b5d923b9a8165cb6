"""Does an answer follow where a model's heads are made to look? Measured over many questions.

Half of the pictures finds the heads, the other half measures. Source of the question: Gandikota and
Bau 2026 (gaze heads).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lxmert_viz.analysis.significance import interval_of
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.experiments import steering
from lxmert_viz.experiments.head_slots import Slot
from lxmert_viz.experiments.steering import DRAWS, SHARE, Aim
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Report
from lxmert_viz.runs.causes import Answered, answered_right

SIZES = 5  # of sets of gaze heads, from as many as are allowed to all
FEWEST = 4  # questions, below which no half is one


@dataclass(frozen=True, slots=True)
class Case:
    """A question that can be steered, and where to."""

    asked: Answered
    aims: list[Aim]


@dataclass(frozen=True, slots=True)
class Steered:
    """What a set measured."""

    gaze: np.ndarray  # (G,) mean correlation of every head with the asked region
    heads: list[Slot]  # at most SHARE of the cross heads
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
    heads = steering.gaze_heads(pipeline, gaze)
    rows = []
    for name, chosen in _sets(pipeline, gaze, seed, draws):
        report(f"forcing {name}", len(rows) / (len(gaze) + draws))
        rows.append((name, len(chosen), *_shares(pipeline, measuring, chosen)))
    columns = ["heads", "number", "aims", "steered", "low", "high", "unmoved"]
    table = _with_band(pd.DataFrame(rows, columns=columns), draws)
    aims = sum(len(case.aims) for case in measuring)
    return Steered(gaze, heads, table, len(finding), len(measuring), aims)


def _sets(
    pipeline: Pipeline, gaze: np.ndarray, seed: int, draws: int
) -> list[tuple[str, list[Slot]]]:
    """The gaze heads, more and more of them up to all, and as many random ones."""
    heads = steering.gaze_heads(pipeline, gaze)
    order = np.argsort(-gaze, kind="stable").tolist()
    sizes = sorted(set(np.linspace(len(heads), len(order), SIZES).astype(int).tolist()))[1:]
    sets = [(f"gaze heads, at most {SHARE:.0%} of cross heads", heads)]
    sets += [
        (
            "all heads of words read regions" if n == len(order) else f"the first {n} by gaze",
            steering.slots_at(pipeline, order[:n]),
        )
        for n in sizes
    ]
    draw = np.random.default_rng(seed)
    return sets + [
        (f"random {number + 1}", steering.random_heads(pipeline, len(heads), draw))
        for number in range(draws)
    ]


def _with_band(table: pd.DataFrame, draws: int) -> pd.DataFrame:
    """Random sets as one row: the mean, and the lowest and highest of them."""
    is_random = table["heads"].str.startswith("random ")
    drawn = table[is_random]
    low, high = drawn["steered"].min(), drawn["steered"].max()
    row = {
        "heads": f"as many random heads, {draws} draws",
        "number": drawn["number"].iloc[0],
        "aims": drawn["aims"].iloc[0],
        "steered": drawn["steered"].mean(),
        "low": low,
        "high": high,
        "unmoved": drawn["unmoved"].mean(),
    }
    return pd.concat([table[~is_random], pd.DataFrame([row])], ignore_index=True)


def _shares(
    pipeline: Pipeline, cases: Sequence[Case], heads: Sequence[Slot]
) -> tuple[int, float, float, float, float]:
    """How many aims, the share that the answer follows with its interval, and that it ignores."""
    follows, stays = [], []
    for case in cases:
        asked = case.asked
        scores = steering.steered(pipeline, asked.regions, asked.example.text, heads)
        for aim in case.aims:
            top = pipeline.answers(scores[aim.region], 1)[0].text
            follows.append(top == aim.answer)
            stays.append(top == asked.example.right)
    share = interval_of(float(np.mean(follows)), len(follows))
    return len(follows), *share, float(np.mean(stays))


def _gaze(pipeline: Pipeline, case: Case) -> np.ndarray:
    trace = pipeline.ask(case.asked.regions, case.asked.example.text)
    return steering.gaze(trace.attention[steering.FAMILY], case.asked.gold)


def _aims(asked: Answered) -> list[Aim]:
    valid = asked.example.valid or ()
    return steering.aims(asked.regions, asked.gold, asked.example.right, valid)
