"""Do words and regions lie apart? Clusters against modality, and a classifier of modality."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import normalized_mutual_info_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SHUFFLES = 50
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Fusion:
    """How well two clusters tell words from regions."""

    nmi: float  # 0..1; 1: clusters are modalities, nothing is fused
    by_chance: float  # mean over shuffled modalities; above 0 with few states
    by_chance_top: float  # 95th percentile of the same


def fusion(words: np.ndarray, regions: np.ndarray, seed: int = 0) -> Fusion:
    """words (T, D), regions (R, D), of one depth; at least one of each.

    k-means with k = 2, normalised mutual information with the modality: the fusion degree of Cao
    et al. 2020 (VALUE). Low is fused.
    """
    states, modality = _both(words, regions)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # all states alike: one cluster
        found = KMeans(2, n_init=4, random_state=seed).fit_predict(states)
    random = np.random.default_rng(seed)
    shuffled = [
        normalized_mutual_info_score(random.permutation(modality), found) for _ in range(SHUFFLES)
    ]
    return Fusion(
        float(normalized_mutual_info_score(modality, found)),
        float(np.mean(shuffled)),
        float(np.quantile(shuffled, 0.95)),
    )


def modality_accuracy(
    words: np.ndarray,
    regions: np.ndarray,
    seed: int = 0,
    pictures: tuple[np.ndarray, np.ndarray] | None = None,
) -> float:
    """How often a linear classifier tells an unseen word from a region, balanced over both.

    pictures: (T,) and (R,), which example each is of; then no example is on both sides of a
    split. Mean of stratified folds. Raises ValueError with fewer than two of one kind, or two
    examples.
    """
    states, modality = _both(words, regions)
    groups = np.arange(len(states)) if pictures is None else np.concatenate(pictures)
    folds = min(FOLDS, *np.bincount(modality, minlength=2), len(np.unique(groups)))
    if folds < 2:
        raise ValueError("a classifier of modality needs two words and two regions")
    split = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    found = cross_val_score(
        classifier, states, modality, groups=groups, cv=split, scoring="balanced_accuracy"
    )
    return float(found.mean())


def _both(words: np.ndarray, regions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    modality = np.repeat([0, 1], [len(words), len(regions)])
    return np.concatenate([words, regions]), modality
