"""What a page says about attention maps. Letters: L layers, H heads, Q queries, K keys."""

import numpy as np


def head_map(family: np.ndarray, layer: int, head: int | None) -> np.ndarray:
    """One map of a family: one head, or the mean over heads for None.

    family: (L, H, Q, K), rows sum to 1. Returns (Q, K), rows sum to 1.
    """
    if family.ndim != 4:
        raise ValueError(f"a family of maps has 4 axes (L, H, Q, K), got {family.shape}")
    maps = family[layer]  # (H, Q, K)
    return maps.mean(axis=0) if head is None else maps[head]


def strongest(weights: np.ndarray, count: int) -> list[int]:
    """The keys with the largest weights, largest first; ties keep their order. weights: (K,)."""
    return np.argsort(-weights, kind="stable")[:count].tolist()


def even_share(keys: int) -> float:
    """What each key gets when a query looks at all keys alike; 0 when there is none."""
    return 1 / keys if keys else 0.0


def largest(weights: np.ndarray) -> float:
    """The largest weight, as the top of a colour scale; 1 for a map without any weight."""
    return float(weights.max(initial=0.0)) or 1.0
