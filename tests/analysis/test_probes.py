"""Probes on states whose answer is planted."""

import numpy as np
import pytest

from lxmert_viz.analysis.probes import (
    compression,
    control_labels,
    fitted,
    probe,
    split_groups,
    train,
)

RANDOM = np.random.default_rng(8)
GROUPS = [f"picture {i // 6}" for i in range(600)]
STATES = RANDOM.normal(size=(600, 24)).astype(np.float32)
PLANTED = (STATES @ RANDOM.normal(size=(24, 3))).argmax(1)
CLUSTERS = RANDOM.integers(0, 4, 600)
FAR = STATES + 6 * np.eye(24, dtype=np.float32)[CLUSTERS]
CHANCE = RANDOM.integers(0, 4, 600)
TYPES = [f"type {i % 90}" for i in range(600)]


def test_the_same_picture_never_stands_in_both_splits() -> None:
    for seed in range(20):
        tested = split_groups(GROUPS, seed)
        inside = {g for g, t in zip(GROUPS, tested, strict=True) if t}
        outside = {g for g, t in zip(GROUPS, tested, strict=True) if not t}
        assert not inside & outside
        assert len(inside) == 30


def test_an_interval_is_never_over_one_picture_alone() -> None:
    tested = split_groups(["a", "b", "c", "d"], 0)
    assert tested.sum() == 2


@pytest.mark.parametrize("kind", ["linear", "MLP"])
def test_planted_labels_are_read_and_the_control_task_is_not(kind: str) -> None:
    found = probe(FAR, CLUSTERS, GROUPS, TYPES, kind)
    assert found.accuracy == found.low == found.high == 1
    assert found.confusion.sum() == found.confusion.trace() == len(found.tested) == 180
    assert found.majority < 0.4 and found.noise < 0.45
    assert found.control < 0.5 and found.selectivity > 0.5


def test_a_linear_direction_is_found() -> None:
    assert probe(STATES, PLANTED, GROUPS, TYPES).accuracy > 0.93


def test_random_labels_are_at_chance() -> None:
    found = probe(STATES, CHANCE, GROUPS, TYPES)
    assert abs(found.accuracy - 0.25) < 0.12
    assert found.low <= found.accuracy <= found.high


def test_random_labels_are_not_compressed_and_planted_ones_are() -> None:
    assert compression(STATES, CHANCE, GROUPS) == pytest.approx(1, abs=0.06)
    assert compression(FAR, CLUSTERS, GROUPS) > 4


def test_the_seed_decides() -> None:
    first, again, other = (probe(STATES, PLANTED, GROUPS, TYPES, seed=s) for s in (1, 1, 2))
    assert (first.accuracy, first.low, first.control) == (again.accuracy, again.low, again.control)
    assert first.tested.tolist() == again.tested.tolist() != other.tested.tolist()


def test_a_control_task_gives_a_type_one_label() -> None:
    labels = control_labels(TYPES, CHANCE, 0)
    assert all(len({*labels[i::90].tolist()}) == 1 for i in range(90))
    assert set(labels.tolist()) == {0, 1, 2, 3}


def test_states_that_name_their_type_solve_the_control_task_too() -> None:
    """A probe that only remembers has no selectivity."""
    onehot = np.eye(90, dtype=np.float32)[[i % 90 for i in range(600)]]
    labels = control_labels(TYPES, CHANCE, 7)
    found = probe(5 * onehot, labels, GROUPS, TYPES)
    assert found.accuracy > 0.9 and abs(found.selectivity) < 0.1


def test_too_little_is_said() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        probe(STATES[:12], CHANCE[:12], GROUPS[:12], TYPES[:12])
    with pytest.raises(ValueError, match="two labels"):
        probe(STATES, np.zeros(600, int), GROUPS, TYPES)


@pytest.mark.parametrize("kind", ["linear", "MLP"])
@pytest.mark.parametrize("labels", [PLANTED, (PLANTED == 1).astype(int), 2 * (PLANTED > 0)])
def test_a_probe_as_arrays_says_the_same(kind: str, labels: np.ndarray) -> None:
    model = train(STATES, labels, GROUPS, kind, 0)
    shares = fitted(model, 3).shares(STATES[:50])
    assert shares.shape == (50, 3) and np.allclose(shares.sum(1), 1)
    seen = np.unique(labels)
    assert np.allclose(shares[:, seen], model.predict_proba(STATES[:50]), atol=1e-6)
