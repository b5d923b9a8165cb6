"""Examples grouped by the likeness of their states, and what is typical of a group."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.cluster import KMeans

FEWEST = 3  # members that share a value before it is called typical
MOST_TYPICAL = 3


class Typical(NamedTuple):
    column: str
    value: object
    inside: float  # share of the group that has it
    overall: float  # share of all examples that have it


def group(states: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """(N,) numbers from 1, the largest group first: k-means on directions from the mean state.

    states: (N, D). count: how many groups, at most N.
    """
    centred = states - states.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    directions = centred / np.maximum(lengths, 1e-12)
    found = KMeans(count, n_init=4, random_state=seed).fit_predict(directions)
    sizes = np.bincount(found, minlength=count)
    order = np.argsort(-sizes, kind="stable")
    rank = np.empty(count, int)
    rank[order] = np.arange(1, count + 1)
    return rank[found]


def typical(columns: Mapping[str, Sequence[object]], inside: np.ndarray) -> list[Typical]:
    """Values that a group has more often than all examples do, the most telling first.

    inside: (N,) bool.
    """
    places = np.flatnonzero(inside)
    found = []
    for name, values in columns.items():
        everywhere, here = Counter(values), Counter(values[place] for place in places)
        for value, members in here.items():
            share, overall = members / len(places), everywhere[value] / len(inside)
            if value is not None and members >= FEWEST and share > overall:
                found.append(Typical(name, value, share, overall))
    return sorted(found, key=lambda t: -(t.inside - t.overall))[:MOST_TYPICAL]
