"""Shapley values of players from the worth of coalitions: in sampled orders, or of all coalitions.

A coalition is a row of bools, True for the players that are there. Letters: n players, m orders.
"""

from math import factorial

import numpy as np


def orders(players: int, pairs: int, seed: int) -> np.ndarray:
    """(2 * pairs, n): each drawn order is followed by its reverse, which halves the noise."""
    draw = np.random.default_rng(seed)
    drawn = [draw.permutation(players) for _ in range(pairs)]
    both = [order for one in drawn for order in (one, one[::-1])]
    return np.array(both, np.int64).reshape(2 * pairs, players)


def coalitions(order: np.ndarray) -> np.ndarray:
    """(n + 1, n) as players enter one after the other: nobody first, everybody last."""
    entered = np.empty(len(order), np.int64)
    entered[order] = np.arange(len(order))
    return entered < np.arange(len(order) + 1)[:, None]


def contributions(worth: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """(m, n): what each player added when it entered; every row sums to v(all) - v(nobody).

    worth: (m, n + 1) of the coalitions of each order; drawn: (m, n). The mean over orders estimates
    the Shapley values. Source: Castro et al. 2009; reversed orders: Mitchell et al. 2022.
    """
    if worth.shape != (len(drawn), drawn.shape[1] + 1):
        raise ValueError(f"{worth.shape} values do not fit {drawn.shape} orders")
    added = np.empty(drawn.shape)
    np.put_along_axis(added, drawn, np.diff(worth, axis=1), axis=1)
    return added


def every_coalition(players: int) -> np.ndarray:
    """(2 ** n, n); coalition number c has player i where bit i of c is set."""
    return (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(bool)


def exact(worth: np.ndarray, players: int) -> np.ndarray:
    """(n,) from the worth (2 ** n,) of every coalition. Source: Shapley 1953."""
    members = every_coalition(players)
    sizes = members.sum(axis=1)
    weights = np.array([factorial(s) * factorial(players - s - 1) for s in range(players)])
    values = np.empty(players)
    for player in range(players):
        without = np.flatnonzero(~members[:, player])
        added = worth[without | 1 << player] - worth[without]
        values[player] = (weights[sizes[without]] / factorial(players)) @ added
    return values


def interactions(worth: np.ndarray) -> np.ndarray:
    """(m,): what two players add together beyond what each adds alone, a draw of the others a row.

    worth: (m, 4) of the others alone, with the first, with the second, with both. The mean over
    draws is the Shapley interaction index where a draw is who stands before both in a random order.
    Source: Grabisch and Roubens 1999.
    """
    return worth[:, 3] - worth[:, 1] - worth[:, 2] + worth[:, 0]


def shares(values: np.ndarray, words: int) -> tuple[float, float]:
    """T-SHAP and V-SHAP: the share of all magnitude that the first `words` players carry, and the
    others; 0 and 0 where nothing has any. Source: Parcalabescu and Frank 2023, equation 3."""
    sizes = np.abs(values)
    total = sizes.sum()
    if not total:
        return 0.0, 0.0
    told = float(sizes[:words].sum() / total)
    return told, 1 - told
