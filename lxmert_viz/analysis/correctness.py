"""Does a number, or the state inside, tell right answers from wrong ones? On held-out pictures.

Letters: n answers, D hidden size, G groups (pictures); an interval draws whole groups again.
"""

from collections.abc import Callable

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from lxmert_viz.analysis.probes import ONE_THREAD, RESAMPLES
from lxmert_viz.analysis.significance import Interval

FOLDS = 5
STRENGTH = 1e-2  # inverse strength of L2: states have more numbers than there are mistakes
ENDS = (0.025, 0.975)


def point_biserial(values: np.ndarray, is_right: np.ndarray) -> float:
    """Correlation of a number with being right, -1..1; 0 where either never changes."""
    if np.ptp(values) == 0 or is_right.all() or not is_right.any():
        return 0.0
    return float(np.corrcoef(values, is_right)[0, 1])


def sharpness(
    values: np.ndarray, is_right: np.ndarray, groups: np.ndarray, seed: int = 0
) -> Interval:
    """Point-biserial correlation with its interval over groups. values, is_right, groups: (n,)."""
    return _interval(lambda rows: point_biserial(values[rows], is_right[rows]), groups, seed)


def probe(
    states: np.ndarray, is_right: np.ndarray, groups: np.ndarray, seed: int = 0
) -> Interval | None:
    """AUROC of a linear probe that is told states (n, D) of groups that it never saw; 0.5: chance.

    Each of FOLDS parts of the groups is told by a probe of the others. None where there are fewer
    right or wrong answers, or groups of either, than parts.
    """
    if min(len(np.unique(groups[is_right])), len(np.unique(groups[~is_right]))) < FOLDS:
        return None
    told = np.empty(len(states))
    parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    with threadpool_limits(**ONE_THREAD):
        for learnt, held in parts.split(states, is_right, groups):
            if is_right[learnt].all() or not is_right[learnt].any():
                return None
            fitted = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=500))
            told[held] = fitted.fit(states[learnt], is_right[learnt]).decision_function(
                states[held]
            )
    return _interval(lambda rows: _auroc(told[rows], is_right[rows]), groups, seed)


def _auroc(told: np.ndarray, is_right: np.ndarray) -> float:
    if is_right.all() or not is_right.any():
        return 0.5
    return float(roc_auc_score(is_right, told))


def _interval(statistic: Callable[[np.ndarray], float], groups: np.ndarray, seed: int) -> Interval:
    """Of all rows, and where 95 % of draws of whole groups with replacement lie."""
    draw = np.random.default_rng(seed)
    _, numbers = np.unique(groups, return_inverse=True)
    rows = np.split(np.argsort(numbers, kind="stable"), np.cumsum(np.bincount(numbers))[:-1])
    drawn = [
        statistic(np.concatenate([rows[g] for g in draw.integers(len(rows), size=len(rows))]))
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(drawn, ENDS)
    return Interval(statistic(np.arange(len(groups))), float(low), float(high))
