import numpy as np
import pytest

from lxmert_viz.analysis.relevance import bimodal, last_layer, row_of
from lxmert_viz.records import FAMILIES

RNG = np.random.default_rng(4)
T, R, H = 3, 4, 2
SIZES = {"lang": T, "vision": R}


def maps(layers: int = 2, draw: str = "dirichlet") -> dict[str, np.ndarray]:
    found = {}
    for name, family in FAMILIES.items():
        shape = (layers, H, SIZES[family.queries], SIZES[family.keys])
        if draw == "dirichlet":
            found[name] = RNG.dirichlet(np.ones(shape[-1]), size=shape[:-1])
        else:
            found[name] = RNG.normal(size=shape)
    return found


def one_head(rows: list[list[float]]) -> np.ndarray:
    return np.array(rows)[None, None]  # (1, 1, Q, K)


def test_the_worked_example() -> None:
    """By hand: two words, two regions, one layer of each kind, the words' side alone at the end."""
    nothing = one_head([[0, 0], [0, 0]])
    steps = {
        "lang": one_head([[0.2, 0.1], [0, 0.3]]),
        "vision": one_head([[0.4, 0], [0.1, 0.1]]),
        "lang_from_vision": one_head([[0.5, 0.1], [0.2, 0.3]]),
        "vision_from_lang": nothing,
        "cross_lang": one_head([[0.1, 0.2], [0, 0]]),
        "cross_vision": nothing,
    }
    found = bimodal(steps, {name: np.ones_like(step) for name, step in steps.items()})
    assert found["lang_from_vision"] == pytest.approx(np.array([[2.215, 0.465], [1.45, 0.95]]))
    assert found["cross_lang"] == pytest.approx(np.array([[1.32, 0.37], [0, 1.3]]))


def test_without_gradients_every_state_rests_on_itself() -> None:
    attention = maps()
    found = bimodal(attention, {name: np.zeros_like(a) for name, a in attention.items()})
    assert np.array_equal(found["cross_lang"], np.eye(T))
    assert np.array_equal(found["cross_vision"], np.eye(R))
    assert not found["lang_from_vision"].any() and not found["vision_from_lang"].any()


def test_negative_gradients_count_as_none() -> None:
    attention = maps()
    less = bimodal(attention, {name: -np.ones_like(a) for name, a in attention.items()})
    assert not less["lang_from_vision"].any()


def test_heads_and_gradients_are_multiplied_before_the_mean() -> None:
    """One head with a weight and no gradient, one with a gradient and no weight: nothing."""
    attention = {name: np.zeros_like(a) for name, a in maps(1).items()}
    gradients = {name: np.zeros_like(a) for name, a in attention.items()}
    attention["lang_from_vision"][0, 0] = 1
    gradients["lang_from_vision"][0, 1] = 1
    assert not bimodal(attention, gradients)["lang_from_vision"].any()


def test_a_hidden_word_changes_nothing_for_the_others() -> None:
    """A word whose row and column are zero, as padding has them, spreads no NaN."""
    attention, gradients = maps(), maps(draw="normal")
    found = bimodal(attention, gradients)
    longer, steeper = {}, {}
    for name, family in FAMILIES.items():
        rows, columns = (int(side == "lang") for side in (family.queries, family.keys))
        pad = ((0, 0), (0, 0), (0, rows), (0, columns))
        longer[name], steeper[name] = np.pad(attention[name], pad), np.pad(gradients[name], pad)
    with_hidden = bimodal(longer, steeper)
    assert with_hidden["lang_from_vision"][:T] == pytest.approx(found["lang_from_vision"])
    assert with_hidden["cross_lang"][:T, :T] == pytest.approx(found["cross_lang"])


def test_permuting_regions_permutes_their_relevance() -> None:
    attention, gradients, order = maps(), maps(draw="normal"), RNG.permutation(R)

    def moved(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        result = {}
        for name, family in FAMILIES.items():
            own = given[name]
            own = own[:, :, order] if family.queries == "vision" else own
            result[name] = own[..., order] if family.keys == "vision" else own
        return result

    found, other = bimodal(attention, gradients), bimodal(moved(attention), moved(gradients))
    assert other["lang_from_vision"] == pytest.approx(found["lang_from_vision"][:, order])


def test_maps_and_gradients_must_fit() -> None:
    attention = maps(2)
    with pytest.raises(ValueError, match=r"maps are \(2, 2, 3, 3\) and their gradients \(1, 2, 3"):
        bimodal(attention, maps(1))


def test_a_row_leaves_the_state_itself_out() -> None:
    found = bimodal(maps(), maps(draw="normal"))
    words, regions = row_of(found, "lang", 0)
    assert words[0] == 0 and words[1:] == pytest.approx(found["cross_lang"][0, 1:])
    assert regions == pytest.approx(found["lang_from_vision"][0])
    words, regions = row_of(found, "vision", 2)
    assert regions[2] == 0 and words == pytest.approx(found["vision_from_lang"][2])


def test_the_last_layer_is_a_mean_over_heads() -> None:
    attention = maps()
    found = last_layer(attention)["lang_from_vision"]
    assert found == pytest.approx(attention["lang_from_vision"][-1].mean(0))
    assert found.sum(-1) == pytest.approx(np.ones(T))


def test_lengths_weigh_each_head_and_key() -> None:
    attention = maps()
    norms = {name: RNG.uniform(1, 2, (2, H, a.shape[-1])) for name, a in attention.items()}
    found = last_layer(attention, norms)["lang_from_vision"]
    by_hand = sum(
        attention["lang_from_vision"][-1, h] * norms["lang_from_vision"][-1, h] for h in range(H)
    )
    assert found == pytest.approx(by_hand)
