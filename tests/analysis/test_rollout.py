import numpy as np
import pytest

from lxmert_viz.analysis.rollout import rollout

RNG = np.random.default_rng(2)
T, R, H = 3, 2, 4


def random_maps(layers: int, queries: int, keys: int) -> np.ndarray:
    if not keys:
        return np.zeros((layers, H, queries, keys), np.float32)
    return RNG.dirichlet(np.ones(keys), size=(layers, H, queries)).astype(np.float32)


def random_attention(words: int = T, regions: int = R) -> dict[str, np.ndarray]:
    return {
        "lang": random_maps(3, words, words),
        "vision": random_maps(1, regions, regions),
        "lang_from_vision": random_maps(2, words, regions),
        "vision_from_lang": random_maps(2, regions, words),
        "cross_lang": random_maps(2, words, words),
        "cross_vision": random_maps(2, regions, regions),
    }


def test_shapes_are_those_of_the_maps_without_heads() -> None:
    attention = random_attention()
    shapes = {name: found.shape for name, found in rollout(attention).items()}
    assert shapes == {name: (m.shape[0], *m.shape[2:]) for name, m in attention.items()}


def test_a_state_is_made_of_words_and_regions_that_sum_to_one() -> None:
    found = rollout(random_attention())
    assert np.allclose(found["lang"].sum(-1), 1, atol=1e-6)
    words = found["cross_lang"].sum(-1) + found["lang_from_vision"].sum(-1)
    regions = found["cross_vision"].sum(-1) + found["vision_from_lang"].sum(-1)
    assert np.allclose(words, 1, atol=1e-6)
    assert np.allclose(regions, 1, atol=1e-6)


def test_one_word_and_one_region_by_hand() -> None:
    """Everything looks at all there is, so a cross layer halves: own 1/2, other 1/2."""
    one = np.ones((1, 1, 1, 1), np.float32)
    families = ("lang", "vision", "lang_from_vision", "vision_from_lang", "cross_lang")
    found = rollout(dict.fromkeys((*families, "cross_vision"), one))
    assert found["lang"].item() == 1
    assert found["lang_from_vision"].item() == pytest.approx(0.5)
    assert found["cross_lang"].item() == pytest.approx(0.5)


def test_two_layers_of_words_by_hand() -> None:
    swap = np.array([[0, 1], [1, 0]], np.float32)
    lang = np.stack([swap, np.eye(2, dtype=np.float32)])[:, None]  # (2, 1, 2, 2)
    attention = random_attention(words=2) | {"lang": lang}
    found = rollout(attention)["lang"]
    assert found[0].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert found[1].tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_heads_are_averaged_first() -> None:
    attention = random_attention()
    means = {n: m.mean(1, keepdims=True).repeat(H, 1) for n, m in attention.items()}
    for name, found in rollout(means).items():
        assert np.allclose(found, rollout(attention)[name], atol=1e-6)


def test_a_picture_without_regions_leaves_the_words_to_themselves() -> None:
    found = rollout(random_attention(regions=0))
    assert np.allclose(found["cross_lang"].sum(-1), 1, atol=1e-6)
    assert found["lang_from_vision"].shape == (2, T, 0)
