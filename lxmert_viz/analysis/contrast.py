"""What differs inside the network between right and wrong answers, and which examples are alike."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from lxmert_viz.analysis.significance import holm


class Contrast(NamedTuple):
    """One number of every head, right answers against wrong ones. All (K,) for K heads."""

    right: np.ndarray  # mean
    wrong: np.ndarray  # mean
    effect: np.ndarray  # (wrong - right) in standard deviations (Cohen's d); 0 where all are alike
    p: np.ndarray  # Welch's t-test, two-sided, corrected for all heads (Holm)


def contrast(values: np.ndarray, is_right: np.ndarray) -> Contrast:
    """values: (N, K), one statistic of K heads; is_right: (N,) bool, at least two of each."""
    right, wrong = values[is_right].astype(np.float64), values[~is_right].astype(np.float64)
    if min(len(right), len(wrong)) < 2:
        raise ValueError(f"{len(right)} right and {len(wrong)} wrong answers are too few")
    spread = np.sqrt((right.var(axis=0, ddof=1) + wrong.var(axis=0, ddof=1)) / 2)
    gap = wrong.mean(axis=0) - right.mean(axis=0)
    varies = spread > 1e-9
    effect = np.divide(gap, spread, out=np.zeros_like(gap), where=varies)
    p = np.ones_like(gap)
    if varies.any():
        tested = stats.ttest_ind(right[:, varies], wrong[:, varies], equal_var=False)
        p[varies] = tested.pvalue
    return Contrast(right.mean(axis=0), wrong.mean(axis=0), effect, np.array(holm(p)))


def nearest(states: np.ndarray, place: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places and cosine similarities of the examples most like one of them, itself left out.

    states: (N, D). The mean state is taken away first: without that, all are alike.
    """
    centred = states - states.mean(axis=0)
    lengths = np.maximum(np.linalg.norm(centred, axis=1), 1e-12)
    likeness = centred @ centred[place] / (lengths * lengths[place])
    likeness[place] = -np.inf
    best = np.argsort(-likeness, kind="stable")[: min(count, len(states) - 1)]
    return best, likeness[best]
