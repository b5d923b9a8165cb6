"""Whether a difference is more than chance, and what remains of many that were looked at."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

RESAMPLES = 2000
LEVEL = 0.95


class Interval(NamedTuple):
    mean: float
    low: float
    high: float


def mean_interval(score: np.ndarray) -> Interval:
    """Mean with its 95% interval by the normal approximation, cut to 0..1. score: (N,)."""
    mean = float(score.mean())
    half = 1.96 * float(score.std()) / np.sqrt(len(score))
    return Interval(mean, max(0.0, mean - half), min(1.0, mean + half))


def difference(inside: np.ndarray, outside: np.ndarray) -> float:
    """p that two groups of scores differ in the mean by chance: Welch's t-test, two-sided.

    1 where a group has fewer than two members or nothing varies.
    """
    if min(len(inside), len(outside)) < 2:
        return 1.0
    if inside.var() == 0 == outside.var():
        return 1.0 if inside[0] == outside[0] else 0.0
    return float(stats.ttest_ind(inside, outside, equal_var=False).pvalue)


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


def paired_interval(before: np.ndarray, after: np.ndarray, seed: int = 0) -> Interval:
    """Mean of after - before with its 95% interval by bootstrap over examples. Both (N,)."""
    gain = after - before
    values, counts = np.unique(gain, return_counts=True)  # few values: draw their counts
    drawn = np.random.default_rng(seed).multinomial(len(gain), counts / len(gain), RESAMPLES)
    means = drawn @ values / len(gain)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(gain.mean()), float(low), float(high))
