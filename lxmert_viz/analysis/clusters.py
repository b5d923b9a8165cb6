"""Examples that are alike inside the network, and what those of one cluster have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

from lxmert_viz.analysis.significance import holm

AXES = 16  # principal axes that are clustered
MOST_CLUSTERS = 8
SAMPLED = 2000  # examples that the choice of the number of clusters looks at
FEWEST = 10  # examples that are clustered at all


@dataclass(frozen=True, slots=True)
class Clustering:
    labels: np.ndarray  # (N,) int, 0 is the largest cluster
    plane: np.ndarray  # (N, 2), the first two principal axes, in standard deviations of the first
    middles: np.ndarray  # (K,) the example nearest to each cluster's mean
    silhouette: float  # -1..1, mean; below 0.1 the clusters hardly differ from one cloud


class Mark(NamedTuple):
    """A value that is more frequent in a cluster than outside of it."""

    cluster: int
    value: str
    inside: float  # share of the cluster's examples, 0..1
    outside: float  # share of all others
    p: float  # Fisher's exact test, one-sided, corrected for all clusters and values (Holm)


def clustered(vectors: np.ndarray, seed: int = 0) -> Clustering:
    """k-means on the first principal axes of standardised columns; 2 to 8 clusters.

    vectors: (N, D) without NaN. The number of clusters is the one with the largest silhouette.
    """
    if len(vectors) < FEWEST:
        raise ValueError(f"{len(vectors)} examples are fewer than {FEWEST}")
    spread = vectors.std(axis=0)
    standard = (vectors - vectors.mean(axis=0))[:, spread > 1e-9] / spread[spread > 1e-9]
    if not standard.shape[1]:
        raise ValueError("all examples are alike")
    axes = min(AXES, *standard.shape)
    placed = PCA(axes, random_state=seed).fit_transform(standard.astype(np.float64))  # (N, axes)
    sample = np.random.default_rng(seed).permutation(len(placed))[:SAMPLED]
    distinct = len(np.unique(placed[sample], axis=0))
    best, found = -np.inf, np.zeros(len(placed), int)
    for count in range(2, min(MOST_CLUSTERS, distinct - 1) + 1):
        labels = KMeans(count, n_init=4, random_state=seed).fit_predict(placed)
        if len(np.unique(labels[sample])) < 2:
            continue
        fit = float(silhouette_score(placed[sample], labels[sample]))
        if fit > best:
            best, found = fit, labels
    labels = _largest_first(found)
    plane = placed[:, :2] if axes > 1 else np.column_stack([placed, np.zeros(len(placed))])
    return Clustering(labels, plane / plane[:, 0].std(), _middles(placed, labels), best)


def marks(labels: np.ndarray, values: Sequence[str | None], most: float = 0.05) -> list[Mark]:
    """What tells clusters apart, the surest first. labels: (N,); values: N, None where not known.

    Only marks whose corrected p is below `most`.
    """
    told = np.array(["" if value is None else value for value in values])
    found = []
    for cluster in np.unique(labels):
        inside = labels == cluster
        for value in np.unique(told[told != ""]):
            has = told == value
            table = [
                [int((has & inside).sum()), int((~has & inside).sum())],
                [int((has & ~inside).sum()), int((~has & ~inside).sum())],
            ]
            p = float(stats.fisher_exact(table, alternative="greater").pvalue)
            shares = float(has[inside].mean()), float(has[~inside].mean())
            found.append(Mark(int(cluster), str(value), *shares, p))
    corrected = holm([mark.p for mark in found])
    kept = [m._replace(p=p) for m, p in zip(found, corrected, strict=True) if p < most]
    return sorted(kept, key=lambda mark: (mark.p, mark.cluster, mark.value))


def _largest_first(labels: np.ndarray) -> np.ndarray:
    names, counts = np.unique(labels, return_counts=True)
    order = names[np.argsort(-counts, kind="stable")]
    return np.array([int(np.flatnonzero(order == label)[0]) for label in labels])


def _middles(placed: np.ndarray, labels: np.ndarray) -> np.ndarray:
    middles = []
    for cluster in np.unique(labels):
        members = np.flatnonzero(labels == cluster)
        away = np.linalg.norm(placed[members] - placed[members].mean(axis=0), axis=1)
        middles.append(members[np.argmin(away)])
    return np.array(middles)
