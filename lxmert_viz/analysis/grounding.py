"""Which heads look at what a text is about, and is the best of many better than a lucky one?

Letters: n examples, K heads, R regions of an example.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

SHUFFLES = 200
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Grounding:
    """0.5 is chance, 1 always looks at what the text is about most."""

    scores: np.ndarray  # (K,) mean over examples, of all of them
    best: int  # the head that is best on one half of the groups
    held_out: float  # its score on the other half
    lucky: float  # what the best of K heads reaches in 95 % of shuffles, on the first half


def scores_of(weights: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """(K,) AUROC of the true regions among all, ranked by weight; equal ones count half.

    weights: (K, R); gold: (R,) bool. Raises ValueError where all regions are true, or none.
    """
    true, count = int(gold.sum()), len(gold)
    if not 0 < true < count:
        raise ValueError(f"{true} of {count} regions are true, so none can be told apart")
    ranks = rankdata(weights, axis=1)[:, gold].sum(axis=1)
    return (ranks - true * (true + 1) / 2) / (true * (count - true))


def grounding(
    weights: Sequence[np.ndarray], gold: Sequence[np.ndarray], groups: np.ndarray, seed: int = 0
) -> Grounding:
    """weights: (K, R) and gold: (R,) bool of each example; groups: (n,), mostly the picture.

    In a shuffle other regions of the same picture, as many, stand for the true ones: whatever the
    best head does then is luck. Raises ValueError for fewer than two groups.
    """
    draw = np.random.default_rng(seed)
    names = draw.permutation(np.unique(groups))
    if len(names) < 2:
        raise ValueError("one half of the pictures chooses the head and the other judges it")
    chosen = np.isin(groups, names[: len(names) // 2])
    found = np.stack([scores_of(w, g) for w, g in zip(weights, gold, strict=True)])  # (n, K)
    best = int(found[chosen].mean(axis=0).argmax())
    first = np.flatnonzero(chosen)
    reached = [
        np.mean([scores_of(weights[i], draw.permutation(gold[i])) for i in first], axis=0).max()
        for _ in range(SHUFFLES)
    ]
    return Grounding(
        found.mean(axis=0),
        best,
        float(found[~chosen][:, best].mean()),
        float(np.quantile(reached, LEVEL)),
    )
