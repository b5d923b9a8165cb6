"""Whether a model is right as often as it is sure. N examples in all functions."""

from dataclasses import dataclass

import numpy as np

BINS = 15
SURELY_NOT = 1e-6  # probabilities are kept this far from 0 and 1
STEPS = np.exp(np.linspace(np.log(0.05), np.log(20), 400))  # temperatures that are tried


@dataclass(frozen=True, slots=True)
class Bin:
    """Examples of like confidence."""

    low: float
    high: float
    count: int
    confidence: float  # mean
    accuracy: float  # mean


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far confidences lie off, and what one temperature for all would change."""

    equal_mass: float  # calibration error with bins of about equally many
    equal_width: float  # and with bins of equal width
    brier: float
    temperature: float  # fitted on a random half
    before: float  # calibration error of the other half, bins of about equally many
    after: float  # the same, with that temperature


def calibration(confidence: np.ndarray, score: np.ndarray) -> Calibration:
    """confidence, score: (N,) 0..1, two examples or more."""
    fit, measure = halves(len(confidence))
    temperature = best_temperature(confidence[fit], score[fit])
    unseen, right = confidence[measure], score[measure]
    return Calibration(
        equal_mass=calibration_error(reliability(confidence, score)),
        equal_width=calibration_error(reliability(confidence, score, equal_mass=False)),
        brier=brier(confidence, score),
        temperature=temperature,
        before=calibration_error(reliability(unseen, right)),
        after=calibration_error(reliability(scaled(unseen, temperature), right)),
    )


def reliability(
    confidence: np.ndarray, score: np.ndarray, bins: int = BINS, equal_mass: bool = True
) -> list[Bin]:
    """Bins without members are left out.

    confidence, score: (N,) 0..1. equal_mass: as many examples in each bin, where equal confidences
    stay together (so there may be fewer bins), else equal widths.
    """
    if equal_mass:
        groups = _equally_many(confidence, bins)
    else:
        place = np.minimum((confidence * bins).astype(int), bins - 1)
        groups = [np.flatnonzero(place == number) for number in range(bins)]
    return [
        Bin(
            low=float(confidence[group].min()),
            high=float(confidence[group].max()),
            count=len(group),
            confidence=float(confidence[group].mean()),
            accuracy=float(score[group].mean()),
        )
        for group in groups
        if len(group)
    ]


def calibration_error(bins: list[Bin]) -> float:
    """ECE, 0..1: the gap between confidence and accuracy, mean over examples."""
    total = sum(b.count for b in bins)
    return sum(b.count * abs(b.confidence - b.accuracy) for b in bins) / total


def brier(confidence: np.ndarray, score: np.ndarray) -> float:
    """Mean squared distance of confidence and score, 0..1.

    Where scores are 0 or 1, 0.25 is what 0.5 for all gives.
    """
    return float(((confidence - score) ** 2).mean())


def scaled(confidence: np.ndarray, temperature: float) -> np.ndarray:
    """(N,) confidences with their logits over a temperature: above 1 is less sure."""
    return 1 / (1 + np.exp(-_logits(confidence) / temperature))


def best_temperature(confidence: np.ndarray, score: np.ndarray) -> float:
    """The temperature with the least cross-entropy against soft scores, of 400 in 0.05..20."""
    logits = _logits(confidence)
    losses = [_cross_entropy(logits / t, score) for t in STEPS]
    return float(STEPS[int(np.argmin(losses))])


def halves(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Places of two random halves: one to fit on, one to measure on."""
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[: count // 2]), np.sort(order[count // 2 :])


def risk_coverage(confidence: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """If only the surest are answered: share answered (N,), and 1 - mean score of these (N,).

    Equal confidences are answered together, with the risk of all of them.
    """
    order = np.argsort(-confidence, kind="stable")
    count = np.arange(1, len(order) + 1)
    risk = 1 - np.cumsum(score[order]) / count
    sure = confidence[order]
    last = np.searchsorted(-sure, -sure, side="right") - 1  # the last of each group of equals
    return (count / len(order))[last], risk[last]


def area_under_risk(coverage: np.ndarray, risk: np.ndarray) -> float:
    """Mean risk over all coverages, 0..1: lower is better."""
    return float(risk.mean()) if len(coverage) else float("nan")


def coverage_at_risk(coverage: np.ndarray, risk: np.ndarray, most: float) -> float:
    """The largest share that can be answered with a risk of at most `most`; 0 where none can."""
    fits = coverage[risk <= most + 1e-12]
    return float(fits.max()) if len(fits) else 0.0


def _equally_many(confidence: np.ndarray, bins: int) -> list[np.ndarray]:
    """Places in each bin. Equal ones are not parted: by chance, their parts differ in the score."""
    order = np.argsort(confidence, kind="stable")
    if not len(order):
        return []
    sure, parts = confidence[order], np.array_split(order, min(bins, len(order)))
    last = np.cumsum([len(part) for part in parts]) - 1
    ends = np.unique(np.searchsorted(sure, sure[last], side="right"))
    return np.split(order, ends[:-1])


def _logits(confidence: np.ndarray) -> np.ndarray:
    safe = np.clip(confidence.astype(np.float64), SURELY_NOT, 1 - SURELY_NOT)
    return np.log(safe / (1 - safe))


def _cross_entropy(logits: np.ndarray, score: np.ndarray) -> float:
    return float((np.logaddexp(0, logits) - score * logits).mean())
