import itertools

import numpy as np
import pytest

from lxmert_viz.analysis import shapley

PLAYERS = 5


def worth(seed: int = 0, dummy: int | None = None) -> np.ndarray:
    """A game without structure: (2 ** n,), its dummy never changing anything."""
    values = np.random.default_rng(seed).normal(size=2**PLAYERS)
    if dummy is not None:
        with_it = np.arange(2**PLAYERS) | 1 << dummy
        values[with_it] = values[with_it & ~(1 << dummy)]
    return values


def of_coalitions(values: np.ndarray, members: np.ndarray) -> np.ndarray:
    return values[members @ (1 << np.arange(members.shape[-1]))]


def sampled(values: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    return shapley.contributions(
        np.array([of_coalitions(values, shapley.coalitions(order)) for order in drawn]), drawn
    )


def test_players_enter_in_their_order() -> None:
    steps = shapley.coalitions(np.array([2, 0, 1]))
    assert steps.astype(int).tolist() == [[0, 0, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1]]


def test_every_order_is_followed_by_its_reverse() -> None:
    drawn = shapley.orders(6, 3, seed=1)
    assert drawn.shape == (6, 6)
    assert np.array_equal(drawn[0::2], drawn[1::2, ::-1])
    assert not np.array_equal(drawn[0], drawn[2])
    assert np.array_equal(drawn, shapley.orders(6, 3, seed=1))


def test_every_row_is_efficient() -> None:
    values = worth()
    rows = sampled(values, shapley.orders(PLAYERS, 4, seed=0))
    assert rows.sum(axis=1) == pytest.approx(np.full(8, values[-1] - values[0]))


def test_all_orders_give_the_exact_values() -> None:
    values = worth()
    every = np.array(list(itertools.permutations(range(PLAYERS))))
    assert sampled(values, every).mean(axis=0) == pytest.approx(shapley.exact(values, PLAYERS))


def test_a_dummy_gets_nothing_in_any_order() -> None:
    values = worth(dummy=3)
    assert np.abs(sampled(values, shapley.orders(PLAYERS, 4, seed=0))[:, 3]).max() < 1e-12
    assert shapley.exact(values, PLAYERS)[3] == pytest.approx(0)


def test_equal_players_get_the_same() -> None:
    members = shapley.every_coalition(PLAYERS)
    values = np.random.default_rng(2).normal(size=PLAYERS + 1)[members.sum(axis=1)]
    found = shapley.exact(values, PLAYERS)
    assert found == pytest.approx(np.full(PLAYERS, (values[-1] - values[0]) / PLAYERS))


def test_an_additive_game_is_told_by_one_order() -> None:
    own = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
    values = shapley.every_coalition(PLAYERS) @ own + 7
    assert sampled(values, shapley.orders(PLAYERS, 1, seed=3))[0] == pytest.approx(own)


def test_the_glove_game_by_hand() -> None:
    """One left glove, two right ones; a pair is worth 1: 2/3, 1/6, 1/6."""
    members = shapley.every_coalition(3)
    pair = (members[:, 0] & (members[:, 1] | members[:, 2])).astype(float)
    assert shapley.exact(pair, 3) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_two_players_that_need_each_other_interact() -> None:
    both_needed = np.array([[0, 0, 0, 1.0]])
    additive = np.array([[2.0, 3.0, 4.0, 5.0]])
    assert shapley.interactions(both_needed).tolist() == [1]
    assert shapley.interactions(additive).tolist() == [0]


def test_shares_of_words_and_regions() -> None:
    assert shapley.shares(np.array([1.0, -1.0, 6.0]), words=2) == pytest.approx((0.25, 0.75))
    assert shapley.shares(np.zeros(3), words=2) == (0, 0)


def test_values_must_fit_their_orders() -> None:
    with pytest.raises(ValueError, match=r"\(2, 4\) values do not fit \(2, 5\) orders"):
        shapley.contributions(np.zeros((2, 4)), np.zeros((2, 5), int))
