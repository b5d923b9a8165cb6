"""Rankings judged by hand-made units whose worth adds up."""

import numpy as np
import pytest

from lxmert_viz.analysis import rankings


def test_sizes_double_and_end_with_all() -> None:
    assert rankings.sizes_of(76) == [0, 1, 2, 4, 8, 16, 32, 64, 76]
    assert rankings.sizes_of(408)[-3:] == [128, 256, 408]
    assert rankings.sizes_of(1) == [0, 1]


def test_the_top_ones_are_kept() -> None:
    order = rankings.order_of(np.array([0.5, -3.0, 2.0, 0.0]))
    assert order.tolist() == [2, 0, 3, 1]  # what speaks against comes last
    assert rankings.kept(order, [0, 1, 3, 4]).tolist() == [
        [False, False, False, False],
        [False, False, True, False],
        [True, False, True, True],
        [True, True, True, True],
    ]


def test_a_chance_ranking_of_units_that_add_up_has_half_the_area() -> None:
    """All alike: what is recovered is the share that is kept."""
    shares = np.array(rankings.sizes_of(100)) / 100
    recovery = rankings.recovered(3 + 2 * shares, 3, 5)
    assert np.allclose(recovery, shares)
    assert rankings.cpr(shares, recovery) == pytest.approx(0.5)
    assert rankings.cmd(shares, recovery) == pytest.approx(0.5)


def test_a_ranking_that_recovers_everything_at_once_has_the_full_area() -> None:
    shares, recovery = np.array([0, 0.1, 1.0]), np.array([1.0, 1, 1])
    assert (rankings.cpr(shares, recovery), rankings.cmd(shares, recovery)) == (1, 0)
    beyond = np.array([1.0, 2, 1])  # more than everything is high, and far from it
    assert rankings.cpr(shares, beyond) == pytest.approx(1.5)
    assert rankings.cmd(shares, beyond) == pytest.approx(0.5)


def test_without_any_effect_nothing_can_be_recovered() -> None:
    with pytest.raises(ValueError, match="with all heads and with none"):
        rankings.recovered(np.ones(3), 1, 1)


def test_recall_counts_the_strongest_that_were_guessed() -> None:
    exact = np.array([[5.0, -4, 0], [0, 3, 1]])
    guess = np.array([[9.0, 0, 0], [-8, 7, 0]])
    assert rankings.recall(guess, exact, 3) == pytest.approx(2 / 3)
    assert rankings.recall(exact, exact, 2) == 1
    with pytest.raises(ValueError, match="top is 7 and there are 6 cells"):
        rankings.recall(guess, exact, 7)
