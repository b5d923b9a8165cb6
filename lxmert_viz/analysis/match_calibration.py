"""Whether the log odds l1 - l0 mean what they say. N items in all functions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lxmert_viz.analysis.calibration import BINS, Bin, calibration_error, reliability

STEPS = 50
SMALL = 1e-9


class Line(NamedTuple):
    """Log odds that hold: offset + slope * (l1 - l0)."""

    slope: float  # 1 is right; below 1 the head is too sure
    offset: float


class MatchCalibration(NamedTuple):
    line: Line  # fitted on one half of the pictures
    temperature: float  # the same with the offset held at 0: 1 / slope
    before: float  # calibration error of the other half
    after_temperature: float
    after_line: float
    bins: list[Bin]  # of the other half, as it is


def match_calibration(
    scores: np.ndarray, matches: np.ndarray, pictures: Sequence[str], seed: int = 0
) -> MatchCalibration | None:
    """Fitted on a random half of the pictures, measured on the others; None without enough.

    scores: (N,) l1 - l0; matches: (N,) bool.
    """
    names, place = np.unique(np.array(pictures), return_inverse=True)
    chosen = np.random.default_rng(seed).permutation(len(names)) < len(names) // 2
    fit = chosen[place]
    halves = (matches[fit], matches[~fit])
    if any(len(half) < BINS or half.all() or not half.any() for half in halves):
        return None
    line = fitted(scores[fit], matches[fit])
    slope = fitted(scores[fit], matches[fit], with_offset=False).slope
    unseen, true = scores[~fit], matches[~fit].astype(float)
    bins = reliability(_share(unseen), true)
    return MatchCalibration(
        line,
        1 / slope if slope > SMALL else float("inf"),
        calibration_error(bins),
        calibration_error(reliability(_share(slope * unseen), true)),
        calibration_error(reliability(_share(line.offset + line.slope * unseen), true)),
        bins,
    )


def fitted(scores: np.ndarray, matches: np.ndarray, *, with_offset: bool = True) -> Line:
    """Logistic regression by Newton's steps; a little ridge, for scores that part all items."""
    columns = np.stack([scores, np.ones_like(scores)], axis=1).astype(np.float64)
    columns = columns if with_offset else columns[:, :1]
    weights = np.zeros(columns.shape[1])
    ridge = 1e-3 * np.eye(len(weights))
    for _ in range(STEPS):
        share = _share(columns @ weights)
        slope = columns.T @ (share - matches) + ridge @ weights
        curve = (columns * (share * (1 - share))[:, None]).T @ columns + ridge
        step = np.linalg.solve(curve, slope)
        weights = weights - np.clip(step, -1, 1)
        if np.abs(step).max() < SMALL:
            break
    return Line(float(weights[0]), float(weights[1]) if with_offset else 0.0)


def _share(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))
