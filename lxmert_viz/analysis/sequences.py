"""Intervals that may be watched: they hold at every moment at once, so one may stop when one likes.

An ordinary 95% interval holds at a moment that was chosen before; whoever stops when it looks good
is wrong more often than 5% of the time.
"""

import numpy as np

ALPHA = 0.05
LARGEST_BET = 0.9  # share of the capital that one draw can lose
CELLS = 256  # of the range: how finely an interval's ends are told, rounded outward
ENOUGH = 1e100  # capital beyond which nobody counts


class Bets:
    """Two gamblers bet on every mean that might be: one that draws are above it, one below.

    Where one of them becomes rich the mean is refused, and stays so. Draws are fed one after the
    other, so that a picture that is shown while it gets better costs no more at its end.
    Source: Waudby-Smith and Ramdas 2024, theorem 3 (hedged capital, predictable plug-in).
    """

    def __init__(
        self, shape: tuple[int, ...], low: float, high: float, alpha: float = ALPHA
    ) -> None:
        if not low < high:
            raise ValueError(f"the bounds are {low} and {high}")
        self._low, self._high, self._rich = low, high, 2 / alpha
        self._means = np.arange(1, CELLS) / CELLS  # without the ends, which are never refused
        self._above, self._below = (np.ones((*shape, CELLS - 1)) for _ in range(2))
        self._lower, self._upper = np.zeros(shape), np.ones(shape)
        self._count, self._total, self._spread = 0, np.full(shape, 0.5), np.full(shape, 0.25)

    def add(self, draw: np.ndarray) -> np.ndarray:
        """(..., 2): the interval after one more draw (...). Raises ValueError beyond the bounds."""
        if not np.all((draw >= self._low) & (draw <= self._high)):
            raise ValueError(
                f"draws from {np.min(draw)} to {np.max(draw)} are not in {self._low} to "
                f"{self._high}"
            )
        unit = (draw - self._low) / (self._high - self._low)
        size, away = self._size_of_bet()[..., None], unit[..., None] - self._means
        # the first gambler's capital falls with the mean that it bets on, the other's rises
        refused = self._bet(self._above, np.minimum(size, LARGEST_BET / self._means) * away)
        self._lower = np.maximum(self._lower, refused)
        refused = self._bet(self._below, np.maximum(-size, LARGEST_BET / (self._means - 1)) * away)
        self._upper = np.minimum(self._upper, 1 - refused)
        self._learn(unit)
        both = np.stack([self._lower, self._upper], axis=-1)
        return self._low + both * (self._high - self._low)

    def _bet(self, capital: np.ndarray, gain: np.ndarray) -> np.ndarray:
        """(...): the share of means that this gambler refuses."""
        capital *= 1 + gain
        np.minimum(capital, ENOUGH, out=capital)
        return (capital >= self._rich).sum(axis=-1) / CELLS

    def _size_of_bet(self) -> np.ndarray:
        """From what was drawn before alone."""
        number = self._count + 1
        spread = self._spread / number
        return np.sqrt(2 * np.log(self._rich) / (spread * number * np.log1p(number)))

    def _learn(self, unit: np.ndarray) -> None:
        self._count += 1
        self._total = self._total + unit
        self._spread = self._spread + (unit - self._total / (self._count + 1)) ** 2


def confidence_sequence(
    draws: np.ndarray, low: float, high: float, alpha: float = ALPHA
) -> np.ndarray:
    """(n, ..., 2): after each draw the interval of the mean, all true at once with 1 - alpha.

    draws: (n, ...), independent and alike along the first axis, from low to high.
    Raises ValueError for a draw that is not between the bounds.
    """
    bets = Bets(draws.shape[1:], low, high, alpha)
    return np.stack([bets.add(draw) for draw in draws])
