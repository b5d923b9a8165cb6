"""Groups of examples that are answered worse than the rest. N examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from lxmert_viz.analysis.significance import difference_of, holm

FEWEST = 15  # examples of a group that is looked at
LEVEL = 0.05
MOST_VALUES = 60  # of a column; one with more, like an id, makes no groups


@dataclass(frozen=True, slots=True)
class Slice:
    """A group against all other examples."""

    terms: tuple[tuple[str, object], ...]  # column and value, all of which hold
    rows: int
    score: float  # mean
    rest: float  # mean of all others
    p: float  # Student's t-test, two-sided, corrected for all that were looked at (Holm)
    same: tuple[tuple[tuple[str, object], ...], ...] = ()  # other terms that hold the same rows

    @property
    def lost(self) -> float:
        """How many examples more would be right if the group were like the rest."""
        return self.rows * (self.rest - self.score)


def suggest(columns: pd.DataFrame, score: np.ndarray) -> list[Slice]:
    """Groups of one or two columns' values that are worse than the rest, the costliest first.

    columns: N rows. score: (N,) 0..1. A pair is left out where it is no worse than either of its
    values alone. Terms that hold the same rows are one group, told by the fewest of them.
    """
    coded = {name: _codes(values) for name, values in columns.items()}
    coded = {name: code for name, code in coded.items() if 1 < len(code[1]) <= MOST_VALUES}
    singles = [s for name in coded for s in _slices((name,), coded, score)]
    alone = {s.terms: s.score for s in singles}
    pairs = [s for names in combinations(coded, 2) for s in _slices(names, coded, score)]
    looked_at = singles + pairs  # all of them, because the scores say which are left out
    corrected = holm([s.p for s in looked_at])
    found = [
        Slice(s.terms, s.rows, s.score, s.rest, p)
        for s, p in zip(looked_at, corrected, strict=True)
        if s.score < s.rest and p < LEVEL and _is_news(s, alone)
    ]
    return sorted(_merged(found, coded), key=lambda s: -s.lost)


def _merged(
    found: Sequence[Slice], coded: Mapping[str, tuple[np.ndarray, list[object]]]
) -> list[Slice]:
    """One slice a set of rows, the first of each."""
    by_rows: dict[bytes, list[Slice]] = {}
    for one in found:
        parts = [coded[name][0] == coded[name][1].index(value) for name, value in one.terms]
        by_rows.setdefault(np.packbits(np.all(parts, axis=0)).tobytes(), []).append(one)
    return [
        replace(first, same=tuple(other.terms for other in others))
        for first, *others in by_rows.values()
    ]


def _is_news(found: Slice, alone: Mapping[tuple, float]) -> bool:
    """Whether a pair is worse than each of its values alone; one value always is."""
    singles = [(term,) for term in found.terms] if len(found.terms) > 1 else []
    return all(found.score < alone.get(single, 1.0) - 1e-9 for single in singles)


def _codes(values: pd.Series) -> tuple[np.ndarray, list[object]]:
    """(N,) which value each is, -1 where there is none; and the values."""
    codes, known = values.factorize(sort=True)
    return codes, known.tolist()


def _slices(
    names: tuple[str, ...],
    coded: Mapping[str, tuple[np.ndarray, list[object]]],
    score: np.ndarray,
) -> list[Slice]:
    sizes = [len(coded[name][1]) for name in names]
    parts = [coded[name][0] for name in names]
    there = np.all([part >= 0 for part in parts], axis=0)
    joint = np.ravel_multi_index([part[there] for part in parts], sizes)
    length, kept = int(np.prod(sizes)), score[there].astype(np.float64)
    counts = np.bincount(joint, minlength=length)
    sums = np.bincount(joint, kept, minlength=length)
    squares = np.bincount(joint, kept**2, minlength=length)
    total, total_sum, total_squares = len(score), float(score.sum()), float((score**2).sum())
    made = []
    for group in np.flatnonzero((counts >= FEWEST) & (total - counts >= FEWEST)):
        rows, inside = int(counts[group]), sums[group] / counts[group]
        others = total - rows
        rest = (total_sum - sums[group]) / others
        spread = [
            _deviation(squares[group], inside, rows),
            _deviation(total_squares - squares[group], rest, others),
        ]
        p = difference_of((inside, spread[0], rows), (rest, spread[1], others))
        places = np.unravel_index(group, sizes)
        terms = tuple((n, coded[n][1][i]) for n, i in zip(names, places, strict=True))
        made.append(Slice(terms, rows, float(inside), float(rest), p))
    return made


def _deviation(squares: float, mean: float, count: int) -> float:
    return float(np.sqrt(max(squares - count * mean**2, 0.0) / (count - 1)))
