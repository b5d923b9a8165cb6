"""What can be read out of states: probes, with everything that keeps them honest.

Letters: n rows, D hidden size, K labels. Rows of one group (a picture) never stand in both splits.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

KINDS = ("linear", "MLP")
HELD_OUT = 0.3  # share of the groups that is tested on
STRENGTHS = (1e-4, 1e-2, 1.0)  # inverse strength of L2, chosen on held-out groups of the training
PREFIXES = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
RESAMPLES = 500
ONE_THREAD = {"limits": 1, "user_api": "blas"}  # products this small wait longer than they take
UNSEEN = -1e4  # logit of a label that the training part had not
FLOOR = 1e-3  # share of every probability that is spread evenly, so that no code is endless


@dataclass(frozen=True, slots=True)
class FittedProbe:
    """A trained probe as plain arrays, so that it can be kept in a file that cannot run code."""

    mean: np.ndarray  # (D,) taken from every state
    scale: np.ndarray  # (D,) that it is divided by then
    weights: tuple[np.ndarray, ...]  # one matrix a layer, (inputs, outputs)
    biases: tuple[np.ndarray, ...]

    def shares(self, states: np.ndarray) -> np.ndarray:
        """(n, K) probabilities, rows sum to 1. states: (n, D)."""
        found = (states - self.mean) / self.scale
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            found = found @ weight + bias
            if layer < len(self.weights) - 1:
                found = found.clip(min=0)
        found = np.exp(found - found.max(1, keepdims=True))
        return found / found.sum(1, keepdims=True)


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One layer's probe on unseen groups; accuracies 0..1."""

    accuracy: float
    low: float  # 95 % interval: the test's groups drawn again with replacement
    high: float
    majority: float  # always the training's most frequent label
    noise: float  # the same probe on random numbers of the same size
    control: float  # the same probe on the control task; selectivity = accuracy - control
    confusion: np.ndarray  # (K, K) counts: rows true, columns predicted
    predicted: np.ndarray  # (tests,) int: label of each tested row, in order of `tested`
    tested: np.ndarray  # (tests,) int: places among the n rows
    fitted: FittedProbe

    @property
    def selectivity(self) -> float:
        return self.accuracy - self.control


@dataclass(frozen=True, slots=True)
class About:
    """How a probe was made."""

    model: str
    weights: str
    data: str
    target: str
    level: str
    stream: str
    pooling: str  # "cls", "words" or "regions"; matters for level "example"
    kind: str
    seed: int
    names: tuple[str, ...]  # K labels
    depths: tuple[str, ...]  # P
    count: int  # labelled states
    groups: int  # pictures
    left_out: int

    @property
    def states(self) -> str:
        """Which states were labelled, in words."""
        left_out = f", {self.left_out:,} with rare labels left out" if self.left_out else ""
        labels = f"{len(self.names)} labels{left_out}"
        return f"{self.count:,} states of {self.groups:,} pictures, {labels}"


@dataclass(frozen=True, slots=True)
class ProbeRun:
    """A probe a layer, and how they were made. P depths."""

    about: About
    layers: tuple[ProbeResult, ...]  # P
    compressions: tuple[float, ...]  # P; NaN where the online code was not asked for

    def best(self) -> int:
        return int(np.argmax([layer.accuracy for layer in self.layers]))


def fitted(model: Pipeline, count: int) -> FittedProbe:
    """What `train` gave, for `count` labels; one that training did not see has no share."""
    scaler, classifier = model.steps[0][1], model.steps[1][1]
    if isinstance(classifier, MLPClassifier):
        weights, biases = list(classifier.coefs_), list(classifier.intercepts_)
    else:
        weights, biases = [classifier.coef_.T], [classifier.intercept_]
    if weights[-1].shape[1] == 1:  # two labels: one number, whose sign tells them apart
        weights[-1] = np.concatenate([-weights[-1], weights[-1]], 1) / 2
        biases[-1] = np.concatenate([-biases[-1], biases[-1]]) / 2
    wide = np.zeros((len(weights[-1]), count))
    low = np.full(count, UNSEEN)
    wide[:, classifier.classes_], low[classifier.classes_] = weights[-1], biases[-1]
    return FittedProbe(scaler.mean_, scaler.scale_, (*weights[:-1], wide), (*biases[:-1], low))


def split_groups(groups: Sequence[str], seed: int) -> np.ndarray:
    """(n,) True where a row is tested on: whole groups, drawn at random."""
    names = sorted(set(groups))
    if len(names) < 4:
        raise ValueError(f"{len(names)} groups cannot be split; a probe needs at least 4")
    count = max(2, round(HELD_OUT * len(names)))  # one alone would have an interval of no width
    held = {names[i] for i in np.random.default_rng(seed).permutation(len(names))[:count]}
    return np.array([group in held for group in groups])


def control_labels(types: Sequence[str], labels: np.ndarray, seed: int) -> np.ndarray:
    """(n,) a label for each type at random, drawn as often as the real ones are.

    Source: control tasks of Hewitt & Liang 2019: solved only by remembering types.
    """
    random = np.random.default_rng(seed + 1)
    names = sorted(set(types))
    drawn = dict(zip(names, random.choice(labels, len(names)), strict=True))
    return np.array([drawn[name] for name in types])


@threadpool_limits.wrap(**ONE_THREAD)
def probe(
    states: np.ndarray,
    labels: np.ndarray,
    groups: Sequence[str],
    types: Sequence[str],
    kind: str = "linear",
    seed: int = 0,
) -> ProbeResult:
    """states: (n, D). labels: (n,) int 0..K-1. types: what the control task labels at random."""
    tested = split_groups(groups, seed)
    count = int(labels.max()) + 1
    model = train(states[~tested], labels[~tested], _of(groups, ~tested), kind, seed)
    predicted = model.predict(states[tested])
    right = predicted == labels[tested]
    low, high = _interval(right, _of(groups, tested), seed)
    confusion = np.zeros((count, count), int)
    np.add.at(confusion, (labels[tested], predicted), 1)
    most = np.bincount(labels[~tested]).argmax()
    noise = np.random.default_rng(seed + 2).normal(size=states.shape).astype(np.float32)
    return ProbeResult(
        accuracy=float(right.mean()),
        low=low,
        high=high,
        majority=float((labels[tested] == most).mean()),
        noise=_accuracy(noise, labels, groups, tested, kind, seed),
        control=_accuracy(states, control_labels(types, labels, seed), groups, tested, kind, seed),
        confusion=confusion,
        predicted=predicted,
        tested=np.flatnonzero(tested),
        fitted=fitted(model, count),
    )


def train(
    states: np.ndarray, labels: np.ndarray, groups: Sequence[str], kind: str, seed: int
) -> Any:
    """A fitted classifier with `predict` and `predict_proba`. Raises ValueError for one label."""
    if kind not in KINDS:
        raise ValueError(f"there is no probe {kind!r}; take one of {', '.join(KINDS)}")
    if len(set(labels.tolist())) < 2:
        raise ValueError("a probe needs two labels in its training part; there is one")
    if kind == "MLP":
        layers = MLPClassifier(
            (64,), alpha=1e-2, max_iter=100, random_state=seed, tol=1e-3, n_iter_no_change=4
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the limit is meant
            return make_pipeline(StandardScaler(), layers).fit(states, labels)
    return _linear(_best_strength(states, labels, groups, seed)).fit(states, labels)


@threadpool_limits.wrap(**ONE_THREAD)
def compression(
    states: np.ndarray, labels: np.ndarray, groups: Sequence[str], seed: int = 0
) -> float:
    """How much shorter the labels become for one who has the states: N log2 K over online code.

    1: the states tell nothing. A linear probe is trained on growing prefixes and codes the next
    block; groups stay together. Source: Voita & Titov 2020, online coding.
    """
    names = sorted(set(groups))
    place = dict(zip(names, np.random.default_rng(seed).permutation(len(names)), strict=True))
    order = np.argsort([place[group] for group in groups], kind="stable")
    states, labels, groups = states[order], labels[order], [groups[i] for i in order]
    count, total = int(labels.max()) + 1, len(labels)
    ends = sorted({max(1, round(share * total)) for share in PREFIXES})
    bits = ends[0] * np.log2(count)
    for end, following in zip(ends, ends[1:], strict=False):
        shares = _shares(states[:end], labels[:end], groups[:end], states[end:following], count)
        own = shares[np.arange(following - end), labels[end:following]]
        bits -= np.log2(own).sum()
    return float(total * np.log2(count) / bits)


def _shares(
    states: np.ndarray,
    labels: np.ndarray,
    groups: Sequence[str],
    others: np.ndarray,
    count: int,
) -> np.ndarray:
    """(m, K) probabilities for others (m, D); as even as the prefix is small."""
    seen = np.bincount(labels, minlength=count) + 1.0
    shares = np.tile(seen / seen.sum(), (len(others), 1))
    if len(set(labels.tolist())) > 1 and len(labels) >= 2 * count:
        strength = _best_strength(states, labels, groups, 0, prior=True)
        if strength:
            model = _linear(strength).fit(states, labels)
            shares[:] = FLOOR / count
            shares[:, model.classes_] += (1 - FLOOR) * model.predict_proba(others)
            shares /= shares.sum(1, keepdims=True)
    return shares


def _best_strength(
    states: np.ndarray,
    labels: np.ndarray,
    groups: Sequence[str],
    seed: int,
    prior: bool = False,
) -> float:
    """The strength whose code for held-out groups is shortest; 0: label frequencies are shorter."""
    names = sorted(set(groups))
    held = {names[i] for i in np.random.default_rng(seed).permutation(len(names))[::4]}
    inner = np.array([group in held for group in groups])
    known = set(labels[~inner].tolist())
    inner_test = inner & np.isin(labels, list(known))
    if len(known) < 2 or not inner_test.any():
        return 0.0 if prior else STRENGTHS[1]
    counts = np.bincount(labels[~inner]) / (~inner).sum()
    costs = {0.0: -np.log(counts[labels[inner_test]]).mean()} if prior else {}
    for strength in STRENGTHS:
        model = _linear(strength).fit(states[~inner], labels[~inner])
        chances = model.predict_proba(states[inner_test])
        own = chances[np.arange(len(chances)), np.searchsorted(model.classes_, labels[inner_test])]
        costs[strength] = -np.log(np.maximum(own, 1e-12)).mean()
    return min(costs, key=costs.__getitem__)


def _linear(strength: float) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=300, tol=1e-3))


def _accuracy(
    states: np.ndarray,
    labels: np.ndarray,
    groups: Sequence[str],
    tested: np.ndarray,
    kind: str,
    seed: int,
) -> float:
    if len(set(labels[~tested].tolist())) < 2:
        return float((labels[tested] == labels[~tested][0]).mean())
    model = train(states[~tested], labels[~tested], _of(groups, ~tested), kind, seed)
    return float((model.predict(states[tested]) == labels[tested]).mean())


def _interval(right: np.ndarray, groups: Sequence[str], seed: int) -> tuple[float, float]:
    names, places = np.unique(groups, return_inverse=True)
    hits = np.bincount(places, weights=right)
    sizes = np.bincount(places)
    random = np.random.default_rng(seed + 3)
    drawn = random.integers(0, len(names), (RESAMPLES, len(names)))
    shares = hits[drawn].sum(1) / sizes[drawn].sum(1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)


def _of(groups: Sequence[str], chosen: np.ndarray) -> list[str]:
    return [group for group, kept in zip(groups, chosen, strict=True) if kept]
