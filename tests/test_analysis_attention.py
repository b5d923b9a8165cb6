import numpy as np
import pytest

from lxmert_viz.analysis.attention import even_share, head_map, largest, strongest

RNG = np.random.default_rng(0)
FAMILY = RNG.dirichlet(np.ones(5), size=(3, 2, 4)).astype(np.float32)  # (L, H, Q, K)


def test_one_head_is_taken_as_it_is() -> None:
    assert np.array_equal(head_map(FAMILY, 2, 1), FAMILY[2, 1])


def test_the_mean_is_over_heads_and_not_over_layers() -> None:
    assert np.allclose(head_map(FAMILY, 1, None), (FAMILY[1, 0] + FAMILY[1, 1]) / 2)


def test_rows_of_a_mean_still_sum_to_one() -> None:
    assert np.allclose(head_map(FAMILY, 0, None).sum(axis=1), 1, atol=1e-6)


def test_a_family_without_a_layer_axis_is_refused() -> None:
    with pytest.raises(ValueError, match=r"4 axes.*\(2, 4, 5\)"):
        head_map(FAMILY[0], 0, None)


def test_strongest_keys_come_largest_first_and_ties_keep_their_order() -> None:
    assert strongest(np.array([0.1, 0.4, 0.1, 0.4]), 3) == [1, 3, 0]


def test_strongest_gives_what_there_is() -> None:
    assert strongest(np.array([0.2]), 5) == [0]
    assert strongest(np.array([]), 5) == []


def test_an_even_look_shares_one_among_all_keys() -> None:
    assert even_share(4) == 0.25
    assert even_share(0) == 0


def test_the_largest_weight_tops_a_scale() -> None:
    assert largest(np.array([[0.1, 0.3], [0.2, 0.05]])) == pytest.approx(0.3)


@pytest.mark.parametrize("empty", [np.zeros((2, 0)), np.zeros((2, 2))])
def test_a_map_without_weight_still_has_a_scale(empty: np.ndarray) -> None:
    assert largest(empty) == 1
