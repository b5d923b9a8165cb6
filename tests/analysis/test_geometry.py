"""Projections, similarity of layers and fusion, on clouds whose answer is known."""

import numpy as np
import pytest

from lxmert_viz.analysis.fusion import fusion, modality_accuracy
from lxmert_viz.analysis.projection import METHODS, project
from lxmert_viz.analysis.similarity import anisotropy, cka_table, drift, norms, retrieval
from lxmert_viz.analysis.word_classes import class_of

RANDOM = np.random.default_rng(3)
ROWS = RANDOM.normal(size=(200, 40))


def test_a_flat_cloud_is_explained_by_two_axes() -> None:
    flat = RANDOM.normal(size=(50, 2)) @ RANDOM.normal(size=(2, 30))
    found = project(flat)
    assert sum(found.explained) == pytest.approx(1)
    assert found.trustworthiness == pytest.approx(1)
    distances = [np.linalg.norm(p[:, None] - p, axis=-1) for p in (flat, found.points)]
    assert np.allclose(*distances, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_two_clouds_stay_apart_and_the_seed_decides(method: str) -> None:
    clouds = np.concatenate([RANDOM.normal(size=(20, 10)), RANDOM.normal(size=(20, 10)) + 30])
    first, again = project(clouds, method), project(clouds, method)
    assert np.array_equal(first.points, again.points)
    assert 0.5 < first.trustworthiness <= 1
    gaps = np.linalg.norm(first.points[:, None] - first.points, axis=-1)
    np.fill_diagonal(gaps, np.inf)
    nearest = gaps.argmin(1)
    assert (nearest[:20] < 20).all() and (nearest[20:] >= 20).all()


def test_noise_on_a_plane_is_not_trusted() -> None:
    assert project(ROWS).trustworthiness < 0.75


def cka(left: np.ndarray, right: np.ndarray) -> float:
    table = cka_table([left, right])
    assert table[0, 1] == table[1, 0] and table.diagonal().tolist() == [1, 1]
    return table[0, 1]


def test_cka_of_a_layer_with_itself_is_one_however_turned_and_scaled() -> None:
    turn, _ = np.linalg.qr(RANDOM.normal(size=(40, 40)))
    assert cka(ROWS, ROWS) == pytest.approx(1)
    assert cka(ROWS, 3 * ROWS @ turn + 7) == pytest.approx(1)


def test_cka_of_permuted_rows_is_near_zero_even_with_few_rows() -> None:
    few = RANDOM.normal(size=(30, 700))
    found = [cka(few, few[np.random.default_rng(s).permutation(30)]) for s in range(20)]
    assert abs(np.mean(found)) < 0.05
    centred = few - few.mean(0)
    plain = np.linalg.norm(centred.T @ few[::-1]) ** 2 / np.linalg.norm(centred.T @ centred) ** 2
    assert plain > 0.8  # the estimator that is not debiased


def test_drift_norms_and_anisotropy_by_hand() -> None:
    states = np.array([[[1.0, 0.0]], [[0.0, 2.0]], [[0.0, -4.0]], [[0.0, -8.0]]])
    assert np.allclose(drift(states), [1, 2, 0])
    assert norms(states).tolist() == [1, 2, 4, 8]
    assert anisotropy(np.array([[1.0, 0.0], [0.0, 1.0]])) == 0
    assert anisotropy(np.array([[1.0, 0.0], [3.0, 0.0], [2.0, 0.0]])) == pytest.approx(1)


def test_a_text_finds_its_own_picture_or_does_not() -> None:
    assert retrieval(ROWS, ROWS + 50) == (1.0, 1.0)
    first, reciprocal = retrieval(ROWS, RANDOM.normal(size=ROWS.shape))
    assert first < 0.05 and reciprocal < 0.12


def test_separate_clouds_have_nmi_one_and_mixed_ones_zero() -> None:
    apart = fusion(ROWS[:100], ROWS[100:] + 40)
    assert apart.nmi == pytest.approx(1) and apart.by_chance < 0.05
    assert modality_accuracy(ROWS[:100], ROWS[100:] + 40) == 1
    mixed = fusion(ROWS[:100], ROWS[100:])
    assert mixed.nmi < 0.05
    assert 0.3 < modality_accuracy(ROWS[:100], ROWS[100:]) < 0.7


def test_no_example_stands_on_both_sides_of_the_classifier() -> None:
    """Each example has a mark of its own, which tells nothing of an unseen example."""
    marks = np.eye(40)[np.arange(200) % 40] * 50
    side = np.where(np.arange(40) % 2, 1.0, -1.0)[np.arange(200) % 40]
    words, regions = marks[side > 0], marks[side < 0]
    own = np.arange(200) % 40
    assert modality_accuracy(words, regions) == 1  # remembered from the same example
    alone = modality_accuracy(words, regions, pictures=(own[side > 0], own[side < 0]))
    assert alone < 0.7


def test_chance_is_above_zero_with_few_states() -> None:
    assert fusion(ROWS[:4], ROWS[4:8]).by_chance > 0.02


def test_words_have_classes() -> None:
    words = ["what", "the", "is", "behind", "two", "red", "shiny", "cube", "?", "[CLS]", "7"]
    assert [class_of(word) for word in words] == [
        "question word", "determiner", "verb", "preposition or place", "number or amount",
        "colour", "size, material or form", "noun or other", "punctuation", "special mark",
        "number or amount",
    ]  # fmt: skip
