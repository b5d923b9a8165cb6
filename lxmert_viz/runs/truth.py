"""Every method of relevance, graded on examples whose causes are known.

An example counts where the model answers right, a region shows each object that the question is
about, and the answer changes when all those regions are left out: only then can its cause be seen.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from lxmert_viz.analysis import faithfulness
from lxmert_viz.analysis.significance import interval_of
from lxmert_viz.checkpoints.contents import TRAINED_PROFILE
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.proof import drops
from lxmert_viz.experiments.relevance import METHODS, Relevance, explain
from lxmert_viz.experiments.removal import Game, Removal
from lxmert_viz.experiments.target import Target
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, Regions, Report
from lxmert_viz.runs.asking import gold_regions
from lxmert_viz.runs.pictures import Looker, Row
from lxmert_viz.runs.preparing import sorted_by_picture

ALL = "all"
RANDOM = "random"  # a map of noise: what a method must do better than
ONE_LESS = "rather than one less"
SHARES = {  # columns that are shares of examples, and get an interval
    "points_right": "the top region is one that the question is about",
    "sign_right": "a region that speaks for another answer has a negative number",
}
MEANS = {  # columns that are means over examples
    "mass": "share of positive relevance on regions that the question is about",
    "rank": "share of those regions among as many top ones",
    "area_positive": "answers kept as the most relevant regions leave first; low is good",
    "area_negative": "answers kept as the least relevant regions leave first; high is good",
    "violations": "share of regions whose sign is not that of their own removal's effect",
    "other_target": "rank correlation with the map for another answer; low is good",
    "other_removal": "rank correlation with the map where features are zeroed; high is good",
    "forwards": "of the network, a map",
    "seconds": "a map",
}


@dataclass
class Graded:
    """What one method did on the examples of one type."""

    count: int = 0
    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, found: dict[str, float]) -> None:
        self.count += 1
        for name, value in found.items():
            self.values.setdefault(name, []).append(value)


@dataclass(frozen=True, slots=True)
class Truth:
    """One example whose cause can be seen."""

    regions: Regions
    text: str
    target: Target
    gold: np.ndarray  # (R,) bool
    competitor: int | None  # a region that shows what `target` is against; None: there is none


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

    rows: examples with what they show, `count` of them. Examples that are left out have rows of
    their own, their method "" and `points_right` empty: why they are is their type.
    """
    graded: dict[tuple[str, str], Graded] = {}
    draw = np.random.default_rng(seed)
    chosen = (*methods, RANDOM)
    for number, (example, seen) in enumerate(rows):
        report(f"grading {number + 1:,} of {count:,} examples", number / count)
        found = truth_of(pipeline, example, seen) if isinstance(seen, Regions) else "no regions"
        if isinstance(found, str):
            graded.setdefault(("", found), Graded()).add({})
            continue
        for kinds, asked in _readings(pipeline, example, found):
            for method in chosen:
                numbers = _judged(pipeline, asked, method, draw)
                for kind in kinds:
                    graded.setdefault((method, kind), Graded()).add(numbers)
    order = {method: place for place, method in enumerate((*chosen, ""))}
    keys = sorted(graded, key=lambda key: (order[key[0]], key[1] != ALL, key[1]))
    return pd.DataFrame([_line(*key, graded[key]) for key in keys])


def _readings(
    pipeline: Pipeline, example: Example, truth: Truth
) -> Iterator[tuple[tuple[str, ...], Truth]]:
    """The example in the rows that it belongs to; a count also rather than one less.

    The runner-up of a count is mostly one more, and what speaks for five rather than six is not
    that there are five.
    """
    kind = example.types.get("detailed", "").partition(":")[0]
    yield (ALL, kind), truth
    if example.right.isdecimal():
        less = str(int(example.right) - 1)
        if less in pipeline.answer_vocabulary:
            asked = targets.answer(pipeline, example.right, less)
            yield (f"{kind}, {ONE_LESS}",), replace(truth, target=asked)


def truth_of(pipeline: Pipeline, example: Example, regions: Regions) -> Truth | str:
    """What is known of an example, or why nothing can be seen of it."""
    gold, missed = gold_regions(example, regions)
    if missed is None or not gold:
        return "nothing is marked" if missed is None else "an object has no region"
    if missed:
        return "an object has no region"
    others = [place for place in range(len(regions)) if place not in gold]
    whole, without = pipeline.score_many(
        [(regions, example.text), (regions.only(others), example.text)]
    )
    first = pipeline.answers(whole, 1)[0].text
    if first != example.right:
        return "answered wrong"
    if pipeline.answers(without, 1)[0].text == first:
        return "the answer stays without its objects"
    marked = np.isin(np.arange(len(regions)), gold)
    competitor, against = _competitor(pipeline, regions, gold, first)
    if competitor is None:
        return Truth(regions, example.text, targets.top_answer(pipeline, whole), marked, None)
    chosen = targets.answer(pipeline, first, against)
    return Truth(regions, example.text, chosen, marked, competitor)


def _competitor(
    pipeline: Pipeline, regions: Regions, gold: list[int], answer: str
) -> tuple[int | None, str]:
    """A region of the same thing that would have another answer, and that answer.

    Only where one region's name holds the answer: "gray" of "large gray matte cube", of which
    another is "small red matte cube" and not what the question is about.
    """
    holding = [place for place in gold if answer in regions.names[place].split()]
    if len(holding) != 1:
        return None, ""
    own = regions.names[holding[0]].split()
    slot = own.index(answer)
    for place, name in enumerate(regions.names):
        words = name.split()
        alike = len(words) == len(own) and words[-1] == own[-1] and slot < len(words) - 1
        differs = alike and words[slot] != answer and words[slot] in pipeline.answer_vocabulary
        if place not in gold and differs:
            return place, words[slot]
    return None, ""


def _judged(
    pipeline: Pipeline, truth: Truth, method: str, draw: np.random.Generator
) -> dict[str, float]:
    began = time.process_time()
    found = None if method == RANDOM else _explained(pipeline, truth, method, Removal())
    seconds = time.process_time() - began
    scores = draw.normal(size=len(truth.regions)) if found is None else found.regions
    game = Game(pipeline, truth.regions, truth.text, truth.target)
    numbers = {
        "points_right": faithfulness.points_right(scores, truth.gold),
        "mass": faithfulness.relevance_mass(scores, truth.gold),
        "rank": faithfulness.relevance_rank(scores, truth.gold),
        "area_positive": _kept(pipeline, truth, faithfulness.removal_order(scores)),
        "area_negative": _kept(pipeline, truth, faithfulness.removal_order(scores, True)),
    }
    is_signed = found is None or METHODS[method].is_signed
    if is_signed:
        seen = np.arange(len(game.word_places), game.players)
        numbers["violations"] = faithfulness.sign_violations(scores, drops(game, seen))
    if truth.competitor is not None:
        numbers["sign_right"] = float(scores[truth.competitor] < 0)
    if found is not None:
        numbers |= {"forwards": found.forwards, "seconds": seconds}
        other = targets.another(pipeline, truth.target)
        if other is not None:
            changed = _explained(pipeline, truth, method, Removal(), other)
            numbers["other_target"] = faithfulness.similarity(scores, changed.regions)
        if METHODS[method].removes:
            zeroed = _explained(pipeline, truth, method, Removal("zero"))
            numbers["other_removal"] = faithfulness.similarity(scores, zeroed.regions)
    return numbers


def _explained(
    pipeline: Pipeline, truth: Truth, method: str, removal: Removal, target: Target | None = None
) -> Relevance:
    asked = target or truth.target
    return explain(pipeline, truth.regions, truth.text, method, asked, removal=removal)


def _kept(pipeline: Pipeline, truth: Truth, order: np.ndarray) -> float:
    """Area under the share of answers kept, 0 or 1 each, as regions leave in this order."""
    left = [truth.regions.only(np.sort(order[gone:])) for gone in range(len(order) + 1)]
    scores = pipeline.score_many([(regions, truth.text) for regions in left])
    tops = np.array([int(score.answer_logits.argmax()) for score in scores])
    shares = np.linspace(0, 1, len(order) + 1)
    return faithfulness.area(shares, (tops == truth.target.label).astype(float))


def _line(method: str, kind: str, graded: Graded) -> dict[str, object]:
    line: dict[str, object] = {"method": method, "type": kind, "examples": graded.count}
    for name in SHARES:
        values = graded.values.get(name, [])
        line[f"{name}_of"] = len(values)
        found = interval_of(float(np.mean(values)), len(values)) if values else (np.nan,) * 3
        line |= zip((name, f"{name}_low", f"{name}_high"), found, strict=True)
    for name in MEANS:
        values = graded.values.get(name, [])
        line[name] = float(np.mean(values)) if values else np.nan
    return line


def lines_of(table: pd.DataFrame) -> Iterator[str]:
    """The table as a person reads it on a terminal: a line a method, then what was left out."""
    yield f"{'method':<22}{'examples':>9}{'points right':>26}{'sign right':>22}{'mass':>7}"
    graded = table[table.method != ""]
    for row in graded[graded.type == ALL].itertuples():
        right = _share(row.points_right, row.points_right_low, row.points_right_high)
        sign = _share(row.sign_right, row.sign_right_low, row.sign_right_high)
        yield f"{row.method:<22}{row.examples:>9}{right:>26}{sign:>22}{row.mass:>7.2f}"
    left_out = table[table.method == ""]
    for row in left_out.itertuples():
        yield f"left out: {row.type} ({row.examples})"


def _share(share: float, low: float, high: float) -> str:
    return "-" if np.isnan(share) else f"{share:.1%} ({low:.0%} to {high:.0%})"
