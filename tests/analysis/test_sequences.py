import numpy as np
import pytest

from lxmert_viz.analysis.sequences import confidence_sequence

REPEATS, LONGEST, RATE = 1000, 1500, 0.3


def draws() -> np.ndarray:
    """(n, repeats) zeros and ones, three in ten of them ones."""
    return (np.random.default_rng(7).random((LONGEST, REPEATS)) < RATE).astype(float)


def stopped(low: np.ndarray, high: np.ndarray, width: float) -> np.ndarray:
    """Whether the interval holds the truth where one stops: as soon as it is that narrow, or never.

    low, high: (n, repeats).
    """
    narrow = high - low < width
    at = np.where(narrow.any(axis=0), narrow.argmax(axis=0), len(low) - 1)
    each = np.arange(low.shape[1])
    return (low[at, each] <= RATE) & (high[at, each] >= RATE)


def test_it_holds_when_one_stops_at_will_and_the_ordinary_interval_does_not() -> None:
    seen = draws()
    found = confidence_sequence(seen, 0, 1)
    assert stopped(found[..., 0], found[..., 1], 0.12).mean() >= 0.95
    count = np.arange(1, LONGEST + 1)[:, None]
    means = np.cumsum(seen, axis=0) / count
    half = 1.96 * np.sqrt(means * (1 - means) / count)
    assert stopped(means - half, means + half, 0.12).mean() < 0.95


def test_all_moments_hold_at_once() -> None:
    found = confidence_sequence(draws(), 0, 1)
    held = (found[..., 0] <= RATE) & (found[..., 1] >= RATE)
    assert held.all(axis=0).mean() >= 0.95


def test_it_only_ever_narrows_and_little_spread_narrows_it_sooner() -> None:
    found = confidence_sequence(draws(), 0, 1)
    widths = found[..., 1] - found[..., 0]
    assert (np.diff(widths, axis=0) <= 1e-12).all()
    calm = confidence_sequence(np.full((LONGEST, 1), 0.5), 0, 1)
    assert calm[-1, 0, 1] - calm[-1, 0, 0] < np.median(widths[-1]) / 5


def test_bounds_scale_with_the_draws() -> None:
    seen = draws()[:50, 0]
    unit, wide = confidence_sequence(seen, 0, 1), confidence_sequence(seen * 8 - 4, -4, 4)
    assert wide == pytest.approx(unit * 8 - 4)


def test_a_draw_beyond_the_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match=r"draws from 0.2 to 1.5 are not in 0 to 1"):
        confidence_sequence(np.array([0.2, 1.5]), 0, 1)
