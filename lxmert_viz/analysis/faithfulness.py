"""Does a ranking of words and regions say what the model rests on? Numbers that judge one map.

scores are one map's, (N,), of the players that may be removed; drops are v(all) - v(all but one).
Names are those of the literature, so that they are recognised.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)  # of ERASER, DeYoung et al. 2020, section 4.2


class Agreement(NamedTuple):
    """Of two maps' k strongest players; each 0..1. Source: Krishna et al. 2022, section 3."""

    feature: float  # share that both have
    rank: float  # share at the same place in both
    sign: float  # share that both have with the same sign
    signed_rank: float  # share at the same place with the same sign


def removal_order(scores: np.ndarray, least_first: bool = False) -> np.ndarray:
    """Players by falling score, or by rising score; equal ones in their own order."""
    return np.argsort(scores if least_first else -scores, kind="stable")


def area(shares: np.ndarray, values: np.ndarray) -> float:
    """Under a curve over the share removed, 0..1, by trapezoids. values: (steps,)."""
    return float(np.trapezoid(values, shares))


def counts_of(players: int, shares: tuple[float, ...] = SHARES) -> list[int]:
    """How many players each share is: at least one where there are any."""
    return [min(max(round(share * players), 1), players) for share in shares]


def comprehensiveness(whole: float, without_top: np.ndarray) -> float:
    """Mean fall when the top players are removed; a good ranking has much. without_top: (q,)."""
    return float(np.mean(whole - without_top))


def sufficiency(whole: float, top_alone: np.ndarray) -> float:
    """Mean fall when the top players alone are left; a good ranking has little. top_alone: (q,)."""
    return float(np.mean(whole - top_alone))


def sign_violations(scores: np.ndarray, drops: np.ndarray, top: int | None = None) -> float:
    """Share of the strongest players whose sign is not that of their own removal's effect.

    top: how many; None: all. Source: Liu et al. 2022, faithfulness violation.
    """
    strongest = removal_order(np.abs(scores))[:top]
    if not len(strongest):
        return 0.0
    return float((np.sign(scores[strongest]) * np.sign(drops[strongest]) < 0).mean())


def agreement(one: np.ndarray, other: np.ndarray, k: int) -> Agreement:
    """Of the k players with the largest magnitude in each map. Raises ValueError for k < 1."""
    if not 1 <= k <= len(one):
        raise ValueError(f"k is {k} and there are {len(one)} players")
    first, second = removal_order(np.abs(one))[:k], removal_order(np.abs(other))[:k]
    alike = np.sign(one) == np.sign(other)
    shared = np.intersect1d(first, second)
    same_place = first == second
    return Agreement(
        len(shared) / k,
        float(same_place.mean()),
        float(alike[shared].sum() / k),
        float((same_place & alike[first]).mean()),
    )


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation of two maps, -1..1; 0 where one of them is all alike."""
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(stats.spearmanr(one, other).statistic)


def relevance_mass(scores: np.ndarray, truth: np.ndarray) -> float:
    """Share of all positive relevance that lies on the true players; 0 where there is none.

    truth: (N,) bool. Source: Arras et al. 2022, relevance mass accuracy.
    """
    positive = np.maximum(scores, 0)
    return float(positive[truth].sum() / positive.sum()) if positive.any() else 0.0


def relevance_rank(scores: np.ndarray, truth: np.ndarray) -> float:
    """Share of the true players among as many top ones. Source: Arras et al. 2022."""
    count = int(truth.sum())
    if not count:
        raise ValueError("no player is true, so there is no rank accuracy")
    return float(truth[removal_order(scores)[:count]].mean())


def points_right(scores: np.ndarray, truth: np.ndarray) -> float:
    """Whether the top player is a true one: the chance of it, where several share the top."""
    return float(truth[scores == scores.max()].mean())


def complexity(scores: np.ndarray) -> float:
    """Entropy of the shares of magnitude, in units of log N: 0 one player, 1 all alike.

    Source: Bhatt et al. 2020, section 3.3.
    """
    sizes = np.abs(scores)
    if len(sizes) < 2 or not sizes.any():
        return 0.0
    return float(stats.entropy(sizes) / np.log(len(sizes)))


def sparseness(scores: np.ndarray) -> float:
    """Gini index of magnitudes: 0 all alike, towards 1 one player. Source: Hurley et al. 2009."""
    sizes, count = np.sort(np.abs(scores)), len(scores)
    if not sizes.any():
        return 0.0
    ranks = np.arange(1, count + 1)
    return float((2 * ranks - count - 1) @ sizes / (count * sizes.sum()))


def sensitivity(scores: np.ndarray, edited: np.ndarray) -> float:
    """The largest relative change of a map over small edits. edited: (edits, N).

    Source: Yeh et al. 2019, max-sensitivity.
    """
    length = np.linalg.norm(scores)
    if not length:
        raise ValueError("the map is zero everywhere, so there is no relative change")
    return float(np.linalg.norm(edited - scores, axis=1).max() / length)
