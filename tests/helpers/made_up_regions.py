"""Regions that no detector saw."""

from dataclasses import replace

import numpy as np

from lxmert_viz.records import Regions


def made_up(like: Regions, count: int, seed: int = 0) -> Regions:
    """Random regions of any count, with features of the size that others have."""
    numbers = np.random.default_rng(seed)
    corners = np.sort(numbers.random((count, 2, 2), np.float32), axis=1)
    return replace(
        like,
        boxes_unit=corners.reshape(count, 4),
        feats=numbers.random((count, like.feats.shape[1]), np.float32),
        names=("red ball",) * count,
        object_ids=np.zeros(count, np.int64),
        attribute_ids=np.zeros(count, np.int64),
        scores=np.ones(count, np.float32),
        attribute_scores=np.ones(count, np.float32),
    )
