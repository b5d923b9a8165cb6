"""Rankings of heads, judged by keeping and by removing their top ones.

A ranking is an order of K units, the most important first.
"""

import numpy as np

GRID = (1, 2, 4, 8, 16, 32, 64, 128, 256)  # sizes of sets, then all


def sizes_of(units: int) -> list[int]:
    """How many of the top ones are kept or removed; 0 and all are among them."""
    return [0, *(size for size in GRID if size < units), units]


def order_of(scores: np.ndarray) -> np.ndarray:
    """Places by falling score, equal ones in their own order; what speaks against comes last."""
    return np.argsort(-scores, kind="stable")


def kept(order: np.ndarray, sizes: list[int]) -> np.ndarray:
    """(S, K) bool, which units are there when the top ones of each size alone are."""
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return places < np.array(sizes)[:, None]


def recovered(values: np.ndarray, nothing: float, everything: float) -> np.ndarray:
    """0 where no unit is kept, 1 where all are. values: (S,) of the target."""
    whole = everything - nothing
    if not whole:
        raise ValueError("the target is the same with all heads and with none")
    return (values - nothing) / whole


def cpr(shares: np.ndarray, recovery: np.ndarray) -> float:
    """Area under what is recovered over the share of units kept: high is good.

    Source: MIB (Mueller et al. 2025), circuit performance ratio.
    """
    return float(np.trapezoid(recovery, shares))


def cmd(shares: np.ndarray, recovery: np.ndarray) -> float:
    """Area of the distance from 1: 0 is best. Source: MIB, circuit-model distance."""
    return float(np.trapezoid(np.abs(1 - recovery), shares))


def recall(estimate: np.ndarray, exact: np.ndarray, top: int) -> float:
    """Share of the strongest `top` cells that an estimate has among its own strongest."""
    if not 1 <= top <= exact.size:
        raise ValueError(f"top is {top} and there are {exact.size} cells")
    strongest, guessed = (order_of(np.abs(cells).ravel())[:top] for cells in (exact, estimate))
    return float(np.isin(strongest, guessed).mean())
