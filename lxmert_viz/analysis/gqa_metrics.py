"""GQA's metrics, and GQA-OOD's head and tail. N questions in all functions."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from lxmert_viz.records import RIGHT_FROM

TAIL = 0.2  # GQA-OOD's alpha: how far above its group's mean an answer may be and still be rare
UNCOUNTED = ("exist", "query name", "choose name")  # steps that are no reasoning


def consistency(
    ids: Sequence[str], right: np.ndarray, entailed: Sequence[Sequence[str]]
) -> np.ndarray:
    """(N,) how many of the questions that follow from each are right; NaN where nothing counts.

    right: (N,) 0..1. Only of rightly answered questions, the question itself left out, as GQA has
    it; its metric is the mean of the numbers.
    """
    place = {name: number for number, name in enumerate(ids)}
    found = np.full(len(ids), np.nan)
    for number, names in enumerate(entailed):
        follow = [place[name] for name in names if name in place and name != ids[number]]
        if follow and right[number] >= RIGHT_FROM:
            found[number] = right[follow].mean()
    return found


def distribution(answers: Sequence[str], gold: Sequence[str], groups: Sequence[str]) -> float:
    """How far the answers of each group spread otherwise than the right ones; 0 is alike.

    Chi-square per global group, mean weighted by the group's size, over 100, as GQA has it.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        if group:
            members[group].append(number)
    total = 0.0
    for numbers in members.values():
        expected = Counter(gold[n] for n in numbers)
        observed = Counter(answers[n] for n in numbers)
        chi = sum((observed[answer] - e) ** 2 / e for answer, e in expected.items())
        total += chi * len(numbers)
    return total / sum(map(len, members.values())) / 100


def in_tail(gold: Sequence[str], groups: Sequence[str], alpha: float = TAIL) -> list[bool | None]:
    """(N,) whether the right answer is rare in its local group; None without a group.

    Rare: at most 1 + alpha times as often as the group's answers on average. Source: GQA-OOD.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for answer, group in zip(gold, groups, strict=True):
        counts[group][answer] += 1
    most = {group: (1 + alpha) * c.total() / len(c) for group, c in counts.items()}
    return [
        counts[group][answer] <= most[group] if group else None
        for answer, group in zip(gold, groups, strict=True)
    ]


def steps(operations: Sequence[str]) -> int:
    """GQA's number of reasoning steps: the program without what only reads out its result."""
    return sum(operation not in UNCOUNTED for operation in operations)


def prior_answers(gold: Sequence[str], groups: Sequence[str]) -> list[str]:
    """(N,) the most frequent right answer among the others of each question's group.

    "" in a group of one. Leaving each question out keeps it from being told its own answer.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for answer, group in zip(gold, groups, strict=True):
        counts[group][answer] += 1
    leaders = {group: c.most_common(2) for group, c in counts.items()}
    return [_others_most(leaders[group], own) for own, group in zip(gold, groups, strict=True)]


def _others_most(leaders: list[tuple[str, int]], own: str) -> str:
    """leaders: the two most frequent answers of a group with their counts."""
    left = [(answer, count - (answer == own)) for answer, count in leaders]
    best, count = max(left, key=lambda entry: entry[1])
    return best if count else ""


def rates(values: Mapping[str, Sequence[bool | None]]) -> dict[str, float | None]:
    """The share of True of each, over those that are known; None where none is."""
    known = {name: [v for v in column if v is not None] for name, column in values.items()}
    return {name: sum(column) / len(column) if column else None for name, column in known.items()}
