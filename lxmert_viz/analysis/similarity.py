"""How states change from layer to layer, and how alike whole layers are.

Letters: P depths, N words or regions, n rows, D hidden size.
"""

from collections.abc import Sequence

import numpy as np

from lxmert_viz.analysis.states import cosines


def drift(states: np.ndarray) -> np.ndarray:
    """(P-1,): 1 - cosine of each state with itself one depth below, mean over N. (P, N, D)."""
    lengths = np.linalg.norm(states, axis=-1)
    dots = (states[1:] * states[:-1]).sum(-1)
    return (1 - dots / np.maximum(lengths[1:] * lengths[:-1], 1e-12)).mean(-1)


def norms(states: np.ndarray) -> np.ndarray:
    """(P,): length of a state, mean over N. states: (P, N, D)."""
    return np.linalg.norm(states, axis=-1).mean(-1)


def anisotropy(states: np.ndarray) -> float:
    """Mean cosine of two different states (N, D): 0 in all directions, 1 in one direction.

    Source: Ethayarajh 2019, average cosine similarity. Raises ValueError for fewer than 2.
    """
    count = len(states)
    if count < 2:
        raise ValueError("anisotropy needs two states")
    alike = cosines(states, states)
    return float((alike.sum() - np.trace(alike)) / (count * (count - 1)))


def cka_table(layers: Sequence[np.ndarray]) -> np.ndarray:
    """(S, S) linear CKA of S layers, each (n, D) with the same rows, n > 3; debiased HSIC.

    1 for the same rows up to rotation and scale, about 0 for unrelated ones, also below 0. 0 where
    one side does not vary. Source: Kornblith et al. 2019; HSIC of Song et al. 2012, eq. 5.
    """
    counts = {len(rows) for rows in layers}
    if len(counts) > 1 or min(counts) < 4:
        raise ValueError(f"CKA needs 4 or more paired rows, not {sorted(counts)}")
    grams = [_gram(rows) for rows in layers]
    own = [_hsic(gram, gram) for gram in grams]
    table = np.eye(len(layers))
    for i in range(len(layers)):
        for j in range(i):
            scale = own[i] * own[j]
            table[i, j] = _hsic(grams[i], grams[j]) / np.sqrt(scale) if scale > 0 else 0.0
            table[j, i] = table[i, j]
    return table


def retrieval(texts: np.ndarray, pictures: np.ndarray) -> tuple[float, float]:
    """How often a text's own picture is nearest by cosine, and the mean of 1/rank.

    Paired rows (n, D); both sides centred, because streams lie apart. By chance: 1/n.
    """
    alike = cosines(texts - texts.mean(0), pictures - pictures.mean(0))
    ranks = 1 + (alike > np.diag(alike)[:, None]).sum(1)
    return float((ranks == 1).mean()), float((1 / ranks).mean())


def _gram(rows: np.ndarray) -> np.ndarray:
    centred = rows.astype(np.float64) - rows.mean(0)
    gram = centred @ centred.T
    np.fill_diagonal(gram, 0)
    return gram


def _hsic(left: np.ndarray, right: np.ndarray) -> float:
    """Of Gram matrices (n, n) without their diagonals."""
    n = len(left)
    means = left.sum() * right.sum() / ((n - 1) * (n - 2))
    mixed = 2 * (left.sum(0) @ right.sum(0)) / (n - 2)
    return float(((left * right).sum() + means - mixed) / (n * (n - 3)))
