"""Why a caption belongs to a picture more than a foil does: two maps of the match, one less one."""

from dataclasses import dataclass

import numpy as np

from lxmert_viz.experiments.relevance import METHODS, Relevance


@dataclass(frozen=True, slots=True)
class PairDifference:
    """What the same picture's regions and, place by place, the words add to the gap, in logits."""

    gap: float  # match of the caption less match of the foil
    words: np.ndarray | None  # (T,) by places; None: the texts are not equally long
    regions: np.ndarray  # (R,)


def difference(caption: Relevance, foil: Relevance) -> PairDifference:
    """Of two maps of one method, of the match of two texts with the same regions.

    Raises ValueError for maps that cannot be held against each other.
    """
    same = caption.method == foil.method and caption.removal == foil.removal
    if not same or caption.target != foil.target or len(caption.regions) != len(foil.regions):
        raise ValueError("the maps are not of one method, target and picture")
    if not METHODS[caption.method].is_signed:
        raise ValueError(f"{caption.method} has no signs, so its maps have no difference")
    equal = len(caption.words) == len(foil.words)
    return PairDifference(
        caption.value - foil.value,
        caption.words - foil.words if equal else None,
        caption.regions - foil.regions,
    )
