"""Intervals that may be watched: they hold at every moment at once, so one may stop when one likes.

An ordinary 95% interval holds at a moment that was chosen before; whoever stops when it looks good
is wrong more often than 5% of the time.
"""

import numpy as np

ALPHA = 0.05
LARGEST_BET = 0.5


def confidence_sequence(
    draws: np.ndarray, low: float, high: float, alpha: float = ALPHA
) -> np.ndarray:
    """(n, ..., 2): after each draw the interval of the mean, all true at once with 1 - alpha.

    draws: (n, ...), independent and alike along the first axis, from low to high.
    Source: Waudby-Smith and Ramdas 2024, theorem 2 (predictable plug-in empirical Bernstein).
    Raises ValueError for a draw that is not between the bounds.
    """
    if not (low < high and np.all((draws >= low) & (draws <= high))):
        raise ValueError(f"draws from {draws.min()} to {draws.max()} are not in {low} to {high}")
    unit = (draws - low) / (high - low)  # (n, ...)
    count = np.arange(1, len(unit) + 1).reshape(-1, *(1,) * (unit.ndim - 1))
    means = (0.5 + np.cumsum(unit, axis=0)) / (count + 1)
    spread = (0.25 + np.cumsum((unit - means) ** 2, axis=0)) / (count + 1)
    mean_before = np.concatenate([np.full_like(unit[:1], 0.5), means[:-1]])
    spread_before = np.concatenate([np.full_like(unit[:1], 0.25), spread[:-1]])
    wish = 2 * np.log(2 / alpha) / (spread_before * count * np.log1p(count))
    bets = np.minimum(np.sqrt(wish), LARGEST_BET)
    cost = (-np.log1p(-bets) - bets) * (unit - mean_before) ** 2
    total = np.cumsum(bets, axis=0)
    middle = np.cumsum(bets * unit, axis=0) / total
    half = (np.log(2 / alpha) + np.cumsum(cost, axis=0)) / total
    # all hold at once, so each may be cut by those before it
    lower = np.maximum.accumulate(np.maximum(middle - half, 0), axis=0)
    upper = np.minimum.accumulate(np.minimum(middle + half, 1), axis=0)
    return low + np.stack([lower, upper], axis=-1) * (high - low)
