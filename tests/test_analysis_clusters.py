"""Clusters that were planted are found, and so is what their members have in common."""

import numpy as np
import pytest

from lxmert_viz.analysis.clusters import clustered, marks

SIZES = (60, 40, 20)


@pytest.fixture
def planted() -> tuple[np.ndarray, np.ndarray]:
    """Three clouds in 30 dimensions, far apart, in mixed order; and which cloud each is of."""
    random = np.random.default_rng(1)
    owner = random.permutation(np.repeat([0, 1, 2], SIZES))
    centres = random.normal(0, 8, (3, 30))
    return centres[owner] + random.normal(0, 1, (len(owner), 30)), owner


def test_planted_clouds_are_found_largest_first(planted: tuple[np.ndarray, np.ndarray]) -> None:
    vectors, owner = planted
    found = clustered(vectors)
    assert found.labels.tolist() == owner.tolist()
    assert found.silhouette > 0.7
    assert found.plane.shape == (120, 2) and found.plane[:, 0].std() == pytest.approx(1)
    assert owner[found.middles].tolist() == [0, 1, 2]


def test_one_cloud_has_a_low_silhouette() -> None:
    found = clustered(np.random.default_rng(0).normal(0, 1, (300, 30)))
    assert found.silhouette < 0.1


def test_columns_that_never_vary_and_their_units_do_not_matter(
    planted: tuple[np.ndarray, np.ndarray],
) -> None:
    vectors, owner = planted
    units = np.geomspace(1e-3, 1e3, 30)
    wide = np.concatenate([vectors * units, np.full((120, 5), 7.0)], axis=1)
    assert clustered(wide).labels.tolist() == owner.tolist()


def test_too_few_or_equal_examples_are_a_fault() -> None:
    with pytest.raises(ValueError, match="fewer"):
        clustered(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="alike"):
        clustered(np.ones((30, 4)))


def test_a_planted_value_marks_its_cluster_alone() -> None:
    labels = np.repeat([0, 1], 50)
    values = ["count"] * 40 + ["color"] * 60
    (first, second) = marks(labels, values)
    assert {first[:2], second[:2]} == {(0, "count"), (1, "color")}
    by_cluster = {mark.cluster: mark for mark in (first, second)}
    assert (by_cluster[0].inside, by_cluster[0].outside) == (0.8, 0.0)
    assert (by_cluster[1].inside, by_cluster[1].outside) == (1.0, 0.2)


def test_values_that_chance_spreads_mark_nothing() -> None:
    random = np.random.default_rng(3)
    values = random.choice(["a", "b", "c", "d"], 400).tolist()
    assert marks(random.integers(0, 4, 400), values) == []
    assert marks(np.array([0, 0, 1, 1]), [None] * 4) == []
