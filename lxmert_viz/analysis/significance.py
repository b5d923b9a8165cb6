"""Whether a difference is more than chance, and what remains of many that were looked at."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

Z = 1.96  # standard deviations on each side that hold 95% of a normal distribution


class Interval(NamedTuple):
    mean: float
    low: float
    high: float


def mean_interval(score: np.ndarray) -> Interval:
    """Mean with its 95% interval. score: (N,) 0..1."""
    return interval_of(float(score.mean()), len(score))


def interval_of(mean: float, count: int) -> Interval:
    """The same from mean and number of the scores, 0..1: Wilson's interval.

    It stays wide where few scores are all alike. Soft scores vary less than right and wrong do, so
    for them it is rather too wide than too narrow.
    """
    share = Z**2 / count
    middle = (mean + share / 2) / (1 + share)
    half = Z * np.sqrt(mean * (1 - mean) / count + share / (4 * count)) / (1 + share)
    return Interval(mean, float(min(mean, middle - half)), float(max(mean, middle + half)))


def interval_of_groups(values: np.ndarray, groups: np.ndarray) -> Interval:
    """Mean of numbers without bounds with its 95% interval, where those of one group are alike.

    values, groups: (N,), two groups at least. Groups are what was drawn: the spread is that of
    their sums. Source: Liang and Zeger 1986 for a mean; Student's t for few groups.
    """
    mean = float(values.mean())
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group, weights=values - mean)
    count = len(sums)
    if count < 2:
        raise ValueError(f"{count} group has no spread")
    error = np.sqrt((sums**2).sum() * count / (count - 1)) / len(values)
    half = float(stats.t.ppf(0.975, count - 1) * error)
    return Interval(mean, mean - half, mean + half)


def difference(inside: np.ndarray, outside: np.ndarray) -> float:
    """p that two groups of scores differ in the mean by chance: Student's t-test, two-sided.

    1 where a group has fewer than two members or nothing varies.
    """
    if min(len(inside), len(outside)) < 2:
        return 1.0
    return difference_of(
        *((float(s.mean()), float(s.std(ddof=1)), len(s)) for s in (inside, outside))
    )


def difference_of(one: tuple[float, float, int], other: tuple[float, float, int]) -> float:
    """The same from mean, sample standard deviation and size of each group, two at least.

    The spread is that of both groups together: a small group that happens to have none of its own
    (three answers, all wrong) would otherwise seem certain. Where neither has any, the exact
    chance of such a split.
    """
    if one[1] == 0 == other[1]:
        apart = one[0] != other[0]
        return float(stats.fisher_exact([[one[2], 0], [0, other[2]]]).pvalue) if apart else 1.0
    return float(stats.ttest_ind_from_stats(*one, *other).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """p values corrected for how many were looked at (Holm 1979), in the order given."""
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(len(p_values))
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = largest
    return corrected.tolist()


def mcnemar(fixed: int, broken: int) -> float:
    """p that as many were fixed as broken but for chance: exact binomial, two-sided."""
    return float(stats.binomtest(fixed, fixed + broken).pvalue) if fixed + broken else 1.0


def paired_interval(before: np.ndarray, after: np.ndarray) -> Interval:
    """Mean of after - before with its 95% interval. Both (N,) 0..1.

    Half an example more in each cell of the table right x wrong keeps the interval wide where few
    examples all gain alike. Source: Agresti & Min 2005, adjusted Wald interval.
    """
    gain = after - before
    count, total = len(gain) + 2, gain.sum()
    middle = total / count
    half = Z * np.sqrt((gain**2).sum() + 1 - total * middle) / count
    mean = float(gain.mean())
    low, high = max(-1, min(mean, middle - half)), min(1, max(mean, middle + half))
    return Interval(mean, float(low), float(high))
