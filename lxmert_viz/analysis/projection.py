"""States drawn on a plane, with how far the plane can be trusted.

Distances between clusters and their sizes mean nothing under UMAP and t-SNE; trustworthiness says
how many neighbours on the plane are neighbours in truth.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness

METHODS = ("PCA", "UMAP", "t-SNE")
SEED = 0
NEIGHBOURS = 10
JUDGED = 1500  # states on which trustworthiness is measured, drawn at random where there are more
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Projection:
    points: np.ndarray  # (n, 2) float32
    trustworthiness: float  # 0..1; 1: whoever is near on the plane is near in truth
    neighbours: int  # k of trustworthiness@k
    explained: tuple[float, ...] = ()  # share of the variance on each axis; PCA alone has it


def project(states: np.ndarray, method: str = "PCA", seed: int = SEED) -> Projection:
    """states: (n, D), n at least 5. The same seed gives the same plane on one machine."""
    if len(states) < FEWEST:
        raise ValueError(f"{len(states)} states are too few to project; give at least {FEWEST}")
    if method == "PCA":
        fitted = PCA(2, random_state=seed).fit(states)
        points, explained = fitted.transform(states), tuple(fitted.explained_variance_ratio_)
    elif method == "UMAP":
        points, explained = _umap(states, seed), ()
    elif method == "t-SNE":
        near = min(30.0, (len(states) - 1) / 3)
        fit = TSNE(2, perplexity=near, init="pca", random_state=seed)
        points, explained = fit.fit_transform(states), ()
    else:
        raise ValueError(f"there is no projection {method!r}; take one of {', '.join(METHODS)}")
    judged, count = _judged(len(states), seed), min(NEIGHBOURS, (min(len(states), JUDGED) - 1) // 2)
    share = trustworthiness(states[judged], points[judged], n_neighbors=count)
    return Projection(points.astype(np.float32), float(share), count, tuple(map(float, explained)))


def trust(plane: Projection) -> str:
    """How far a plane can be trusted, in words."""
    shares = " and ".join(f"{share:.0%}" for share in plane.explained)
    explained = f"axes explain {shares} of the variance; " if shares else ""
    return (
        f"{explained}neighbours here are neighbours among the states: "
        f"{plane.trustworthiness:.2f} of 1 (trustworthiness of the nearest {plane.neighbours})"
    )


def _umap(states: np.ndarray, seed: int) -> np.ndarray:
    from umap import UMAP  # it compiles for seconds, and most views need it not

    near = min(15, len(states) - 1)
    start = "spectral" if len(states) > 3 * near else "random"
    return UMAP(n_neighbors=near, init=start, random_state=seed, n_jobs=1).fit_transform(states)


def _judged(count: int, seed: int) -> np.ndarray:
    if count <= JUDGED:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, JUDGED, replace=False))
