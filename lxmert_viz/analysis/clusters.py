"""Examples grouped by the likeness of their states, and what is typical of a group."""

from typing import NamedTuple

import numpy as np
import pandas as pd
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


def typical(columns: pd.DataFrame, inside: np.ndarray) -> list[Typical]:
    """Values that a group has more often than all examples do, the most telling first.

    columns: N rows. inside: (N,) bool.
    """
    found = []
    for name, values in columns.items():
        here = values[inside].value_counts()
        here = here[here >= FEWEST]
        shares, overall = here / inside.sum(), values.value_counts()[here.index] / len(inside)
        told = zip(here.index.tolist(), shares.tolist(), overall.tolist(), strict=True)
        found += [Typical(name, *one) for one in told if one[1] > one[2]]
    return sorted(found, key=lambda t: -(t.inside - t.overall))[:MOST_TYPICAL]
