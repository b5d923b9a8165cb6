"""Every method of relevance, graded on examples whose causes are known."""

import time
from collections.abc import Iterable
from contextlib import closing

import numpy as np
import pandas as pd

from lxmert_viz.analysis import faithfulness
from lxmert_viz.checkpoints.contents import TRAINED_PROFILE
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.proof import drops
from lxmert_viz.experiments.randomised import with_random_head
from lxmert_viz.experiments.relevance import METHODS, PAIRS, explain_game
from lxmert_viz.experiments.removal import Game, Removal
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Report
from lxmert_viz.runs.grades import COLUMNS, RANDOM, SIGN_PAIRS, Graded, line_of
from lxmert_viz.runs.known_causes import (
    ALL,
    CONTENDED,
    STAYS,
    Truth,
    kind_of,
    readings,
    truth_of,
)
from lxmert_viz.runs.pictures import Looker, Row
from lxmert_viz.runs.preparing import sorted_by_picture


def grade_dataset(
    pipeline: Pipeline, dataset: Dataset, report: Report = lambda stage, share: None
) -> pd.DataFrame:
    """As `grade`, of every example; regions are stored ones, or the model's detector looks."""
    examples = sorted_by_picture(dataset.examples)
    looker = Looker(pipeline, dataset, TRAINED_PROFILE, pipeline.region_names.of)
    looker.check()
    with closing(looker.shown(examples)) as rows:
        return grade(pipeline, rows, len(examples), report=report)


def grade(
    pipeline: Pipeline,
    rows: Iterable[Row],
    count: int,
    methods: Iterable[str] = METHODS,
    report: Report = lambda stage, share: None,
    seed: int = 0,
) -> pd.DataFrame:
    """A row a method and type of question, "all" first; columns of SHARES and MEANS with counts.

    rows: examples with what they show, `count` of them. `seen`: of the examples of this type that
    are answered right and whose objects have regions, the share whose cause can be seen. Examples
    that are left out have rows of their own, with the reason in place of a method.
    """
    graded: dict[tuple[str, str], Graded] = {}
    left_out: dict[tuple[str, str], int] = {}
    draw = np.random.default_rng(seed)
    chosen = (*methods, RANDOM)
    for number, (example, seen) in enumerate(rows):
        report(f"grading {number + 1:,} of {count:,} examples", number / count)
        found = truth_of(pipeline, example, seen) if isinstance(seen, Regions) else "no regions"
        each = [((kind_of(example),), found)]
        for kinds, asked in each if isinstance(found, str) else readings(pipeline, example, found):
            if isinstance(asked, str):
                key = asked, kinds[-1]
                left_out[key] = left_out.get(key, 0) + 1
                continue
            judge = Game(pipeline, asked.regions, asked.text, asked.target)
            for method in chosen:
                numbers = _judged(pipeline, asked, method, draw, judge)
                for kind in kinds:
                    graded.setdefault((method, kind), Graded()).add(numbers)
    order = {method: place for place, method in enumerate(chosen)}
    keys = sorted(graded, key=lambda key: (order[key[0]], key[1] != ALL, key[1]))
    lines = [line_of(*key, graded[key], _seen(graded[key].count, key[1], left_out)) for key in keys]
    lines += [
        {"method": "", "left_out": reason, "type": kind, "examples": number}
        for (reason, kind), number in sorted(left_out.items())
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def _seen(count: int, kind: str, left_out: dict[tuple[str, str], int]) -> float:
    own = kind.partition(",")[0]  # counts are read twice
    hidden = sum(
        number
        for (reason, other), number in left_out.items()
        if reason == STAYS and (other == own or (kind == ALL and other != CONTENDED))
    )
    return count / (count + hidden)


def _judged(
    pipeline: Pipeline, truth: Truth, method: str, draw: np.random.Generator, judge: Game
) -> dict[str, float]:
    """judge: a game of what is asked, that knows what methods before had to be held against."""
    if method == RANDOM:
        scores = draw.normal(size=len(truth.regions))
        return _compared(judge, truth, scores, is_signed=True)
    game = Game(pipeline, truth.regions, truth.text, truth.target)
    pairs = PAIRS if truth.competitor is None else SIGN_PAIRS
    began = time.process_time()
    found = explain_game(game, method, pairs=pairs)
    seconds = time.process_time() - began
    numbers = _compared(judge, truth, found.regions, METHODS[method].is_signed)
    numbers |= {"forwards": found.forwards, "seconds": seconds}
    changed = {"random_head": game.about(truth.target, with_random_head(pipeline, truth.target, 0))}
    other = targets.another(pipeline, truth.target)
    if other is not None:
        changed["other_target"] = game.about(other)
    if METHODS[method].removes:
        zero = Removal("zero")
        changed["other_removal"] = Game(pipeline, truth.regions, truth.text, truth.target, zero)
    maps = {name: explain_game(own, method, pairs=pairs).regions for name, own in changed.items()}
    return numbers | {
        name: faithfulness.similarity(found.regions, regions) for name, regions in maps.items()
    }


def _compared(judge: Game, truth: Truth, scores: np.ndarray, is_signed: bool) -> dict[str, float]:
    """A map's regions (R,) held against the truth, and against what leaving them out does."""
    numbers = {
        "points_right": faithfulness.points_right(scores, truth.gold),
        "mass": faithfulness.relevance_mass(scores, truth.gold),
        "rank": faithfulness.relevance_rank(scores, truth.gold),
        "area_positive": _kept(judge, faithfulness.removal_order(scores)),
        "area_negative": _kept(judge, faithfulness.removal_order(scores, True)),
    }
    if is_signed:
        seen = np.arange(len(judge.word_places), judge.players)
        numbers["violations"] = faithfulness.sign_violations(scores, drops(judge, seen))
    if is_signed and truth.competitor is not None:
        numbers["sign_right"] = float(scores[truth.competitor] < 0)
    return numbers


def _kept(judge: Game, order: np.ndarray) -> float:
    """Area under the share of answers kept, 0 or 1 each, as regions leave in this order."""
    there = np.ones((len(order) + 1, judge.players), bool)
    for gone in range(len(order)):
        there[gone + 1 :, len(judge.word_places) + order[gone]] = False
    shares = np.linspace(0, 1, len(there))
    kept = judge.answered(there) == judge.target.label
    return faithfulness.area(shares, kept.astype(float))
