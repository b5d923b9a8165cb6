import numpy as np
import pytest

from lxmert_viz.analysis.sequences import confidence_sequence

REPEATS, LONGEST, RATE = 500, 700, 0.3
WIDTH = 0.2


@pytest.fixture(scope="module")
def draws() -> np.ndarray:
    """(n, repeats) zeros and ones, three in ten of them ones."""
    return (np.random.default_rng(7).random((LONGEST, REPEATS)) < RATE).astype(float)


@pytest.fixture(scope="module")
def found(draws: np.ndarray) -> np.ndarray:
    return confidence_sequence(draws, 0, 1)


def stopped(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Whether the interval holds the truth where one stops: as soon as it is that narrow, or never.

    low, high: (n, repeats).
    """
    narrow = high - low < WIDTH
    at = np.where(narrow.any(axis=0), narrow.argmax(axis=0), len(low) - 1)
    each = np.arange(low.shape[1])
    return (low[at, each] <= RATE) & (high[at, each] >= RATE)


def test_it_holds_when_one_stops_at_will_and_the_ordinary_interval_does_not(
    draws: np.ndarray, found: np.ndarray
) -> None:
    low, high = found[..., 0], found[..., 1]
    assert (high - low < WIDTH).any(axis=0).mean() > 0.8  # mostly it is stopped for its width
    assert stopped(low, high).mean() >= 0.95
    count = np.arange(1, LONGEST + 1)[:, None]
    means = np.cumsum(draws, axis=0) / count
    half = 1.96 * np.sqrt(means * (1 - means) / count)
    enough = slice(30, None)  # draws that a normal interval needs
    assert stopped((means - half)[enough], (means + half)[enough]).mean() < 0.95


def test_all_moments_hold_at_once(found: np.ndarray) -> None:
    held = (found[..., 0] <= RATE) & (found[..., 1] >= RATE)
    assert held.all(axis=0).mean() >= 0.95


def test_it_only_ever_narrows_and_little_spread_narrows_it_sooner(found: np.ndarray) -> None:
    widths = found[..., 1] - found[..., 0]
    assert (np.diff(widths, axis=0) <= 1e-12).all()
    calm = confidence_sequence(np.full((LONGEST, 1), 0.5), 0, 1)
    assert calm[-1, 0, 1] - calm[-1, 0, 0] < np.median(widths[-1]) / 5


def test_a_few_calm_draws_tell_something_already() -> None:
    """Worked by hand: whoever loses at most 0.9 of all a draw, wins 1 + 0.9 (0.5 / m - 1) each."""
    calm = confidence_sequence(np.full((8, 1), 0.5), 0, 1)[-1, 0]
    rich_in_eight = 40 ** (1 / 8) - 1
    lowest = 0.5 / (1 + rich_in_eight / 0.9)
    assert lowest - 1 / 256 <= calm[0] <= lowest
    assert calm[1] == pytest.approx(1 - calm[0])


def test_bounds_scale_with_the_draws(draws: np.ndarray) -> None:
    seen = draws[:50, 0]
    unit, wide = confidence_sequence(seen, 0, 1), confidence_sequence(seen * 8 - 4, -4, 4)
    assert wide == pytest.approx(unit * 8 - 4)


def test_a_draw_beyond_the_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match=r"draws from 1.5 to 1.5 are not in 0 to 1"):
        confidence_sequence(np.array([0.2, 1.5]), 0, 1)
    with pytest.raises(ValueError, match="the bounds are 1 and 1"):
        confidence_sequence(np.array([1.0]), 1, 1)
