"""Examples whose cause can be seen: what a map must point at, and what must speak against.

An example counts where the model answers right, a region shows each object that the question is
about, and the answer changes when all those regions are left out: only then can its cause be seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.target import Target
from lxmert_viz.miniature.world.questions import CONTENDED
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, Regions, Scores
from lxmert_viz.runs.asking import gold_regions

ALL = "all"
ONE_LESS = "rather than one less"
STAYS = "the answer stays without its objects"
NO_OTHER = "no other answer comes up without the object"


@dataclass(frozen=True, slots=True)
class Truth:
    """One example whose cause can be seen."""

    regions: Regions
    text: str
    target: Target
    gold: np.ndarray  # (R,) bool
    competitor: int | None = None  # a region that speaks for what `target` is against


def kind_of(example: Example) -> str:
    """The type of its question; "" where the files have none."""
    return example.types.get("detailed", "").partition(":")[0]


def truth_of(pipeline: Pipeline, example: Example, regions: Regions) -> Truth | str:
    """What is known of an example, or why nothing can be seen of it."""
    gold, missed = gold_regions(example, regions)
    if missed is None:
        return "nothing is marked"
    if missed:
        return "an object has no region"
    whole = pipeline.score_many([(regions, example.text)])[0]
    first = pipeline.answers(whole, 1)[0].text
    if first != example.right:
        return "answered wrong"
    if pipeline.answers(_without(pipeline, example, regions, gold), 1)[0].text == first:
        return STAYS
    marked = np.isin(np.arange(len(regions)), gold)
    return Truth(regions, example.text, targets.top_answer(pipeline, whole), marked)


def readings(
    pipeline: Pipeline, example: Example, truth: Truth
) -> Iterator[tuple[tuple[str, ...], Truth | str]]:
    """The example with the rows that it belongs to, or why it does not.

    A count is read rather than one less too: its runner-up is mostly one more, and what speaks for
    five rather than six is not that there are five.
    """
    kind = kind_of(example)
    if kind != CONTENDED:
        yield (ALL, kind), truth
    if example.right.isdecimal():
        less = str(int(example.right) - 1)
        if less in pipeline.answer_vocabulary:
            asked = targets.answer(pipeline, example.right, less)
            yield (f"{kind}, {ONE_LESS}",), replace(truth, target=asked)
    contest = _contest(pipeline, example, truth)
    if contest is not None:
        yield (CONTENDED,), contest
    elif kind == CONTENDED:
        yield (CONTENDED,), NO_OTHER


def _contest(pipeline: Pipeline, example: Example, truth: Truth) -> Truth | None:
    """The answer rather than what one other region alone speaks for.

    Which is seen by this: without the region that holds the answer the model says what the other
    one shows, and without both it does so less. A region holds an answer that is in its name:
    "gray" of "large gray matte cube", whose rival is another cube.
    """
    names, answer = truth.regions.names, example.right
    holding = [place for place in np.flatnonzero(truth.gold) if answer in names[place].split()]
    if len(holding) != 1:
        return None
    own = int(holding[0])
    left = _without(pipeline, example, truth.regions, [own])
    instead = pipeline.answers(left, 1)[0].text
    rivals = [place for place in range(len(names)) if _is_rival(names, own, place, answer, instead)]
    if len(rivals) != 1:
        return None
    asked = targets.answer(pipeline, answer, instead)
    neither = _without(pipeline, example, truth.regions, [own, *rivals])
    if _margin(neither, asked) <= _margin(left, asked):
        return None
    return replace(truth, target=asked, competitor=rivals[0])


def _is_rival(names: tuple[str, ...], own: int, place: int, answer: str, instead: str) -> bool:
    """Whether a region is the same thing with the other value in the answer's place."""
    words, wanted = names[place].split(), names[own].split()
    slot = wanted.index(answer)
    alike = len(words) == len(wanted) and words[-1] == wanted[-1] and slot < len(wanted) - 1
    return alike and words[slot] == instead != answer


def _margin(scores: Scores, asked: Target) -> float:
    return float(scores.answer_logits[asked.label] - scores.answer_logits[asked.against])


def _without(pipeline: Pipeline, example: Example, regions: Regions, gone: list[int]) -> Scores:
    left = [place for place in range(len(regions)) if place not in gone]
    return pipeline.score_many([(regions.only(left), example.text)])[0]
