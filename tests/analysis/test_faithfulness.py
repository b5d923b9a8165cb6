import numpy as np
import pytest

from lxmert_viz.analysis import faithfulness as judge

OWN = np.array([3.0, -2.0, 0.5, 0.0, 1.0])  # an additive model: what each player adds


def curve(order: np.ndarray) -> np.ndarray:
    """The additive model's value as players leave in this order."""
    return OWN.sum() - np.concatenate([[0], np.cumsum(OWN[order])])


def test_the_true_ranking_of_an_additive_model_beats_every_other() -> None:
    steps = np.linspace(0, 1, len(OWN) + 1)
    best = judge.area(steps, curve(judge.removal_order(OWN)))
    worst = judge.area(steps, curve(judge.removal_order(OWN, least_first=True)))
    draw = np.random.default_rng(0)
    others = [judge.area(steps, curve(draw.permutation(len(OWN)))) for _ in range(200)]
    assert best == pytest.approx(min(best, *others))
    assert worst == pytest.approx(max(worst, *others))
    assert best < np.mean(others) < worst


def test_areas_by_hand() -> None:
    assert judge.area(np.array([0, 0.5, 1]), np.array([1.0, 1.0, 0.0])) == pytest.approx(0.75)
    uneven = np.array([0, 0.25, 0.5, 0.75, 0.8, 0.85, 0.9, 0.95, 1])
    assert judge.area(uneven, uneven) == pytest.approx(0.5)


def test_a_published_curve_gives_its_published_area() -> None:
    """Relevance maps on LXMERT, VQA v2, words' most relevant first: 21.57 for these steps."""
    shares = np.array([0, 0.25, 0.5, 0.75, 0.8, 0.85, 0.9, 0.95, 1])
    accuracy = np.array([66.51, 29.56, 14.46, 7.07, 6.23, 6.12, 4.82, 4.40, 4.37])
    assert judge.area(shares, accuracy) == pytest.approx(21.57, abs=0.01)


def test_equal_scores_keep_their_order() -> None:
    assert judge.removal_order(np.array([1.0, 2.0, 1.0, 2.0])).tolist() == [1, 3, 0, 2]


def test_shares_are_at_least_one_player() -> None:
    assert judge.counts_of(40) == [1, 2, 4, 8, 20]
    assert judge.counts_of(3) == [1, 1, 1, 1, 2]


def test_what_the_top_does_alone_and_what_is_left_without_it() -> None:
    assert judge.comprehensiveness(4.0, np.array([1.0, 0.0])) == 3.5
    assert judge.sufficiency(4.0, np.array([3.0, 4.0])) == 0.5


def test_an_additive_models_own_values_violate_no_sign() -> None:
    assert judge.sign_violations(OWN, OWN) == 0
    assert judge.sign_violations(-OWN, OWN) == pytest.approx(4 / 5)  # a zero has no sign
    assert judge.sign_violations(np.abs(OWN), OWN, top=2) == 0.5


def test_agreement_by_hand() -> None:
    one, other = np.array([5.0, 4, 3, 2, 1]), np.array([5.0, -3, 4, 0, 0])
    found = judge.agreement(one, other, 3)
    assert found == pytest.approx((1, 1 / 3, 2 / 3, 1 / 3))
    assert judge.agreement(one, one, 5) == (1, 1, 1, 1)
    with pytest.raises(ValueError, match="k is 6 and there are 5 players"):
        judge.agreement(one, other, 6)


def test_similarity_is_of_ranks_and_a_flat_map_is_like_nothing() -> None:
    assert judge.similarity(OWN, np.exp(OWN)) == pytest.approx(1)
    assert judge.similarity(OWN, -OWN) == pytest.approx(-1)
    assert judge.similarity(OWN, np.ones(5)) == 0


def test_mass_and_rank_on_the_truth() -> None:
    scores, truth = np.array([3.0, 1.0, -4.0, 0.0]), np.array([True, False, True, False])
    assert judge.relevance_mass(scores, truth) == 0.75
    assert judge.relevance_rank(scores, truth) == 0.5
    assert judge.relevance_mass(-np.ones(4), truth) == 0
    with pytest.raises(ValueError, match="no player is true"):
        judge.relevance_rank(scores, np.zeros(4, bool))


def test_a_shared_top_points_right_as_often_as_chance_would() -> None:
    truth = np.array([True, False, False, False])
    assert judge.points_right(np.array([2.0, 1, 0, 0]), truth) == 1
    assert judge.points_right(np.zeros(4), truth) == 0.25


def test_one_player_is_simple_and_all_alike_are_not() -> None:
    single, even = np.array([0.0, -7.0, 0.0, 0.0]), np.full(4, -0.3)
    assert (judge.complexity(single), judge.complexity(even)) == pytest.approx((0, 1))
    assert (judge.sparseness(single), judge.sparseness(even)) == pytest.approx((0.75, 0))


def test_sensitivity_is_the_worst_edit() -> None:
    edited = np.array([[3.0, 4.0], [3.0, 9.0]])
    assert judge.sensitivity(np.array([3.0, 4.0]), edited) == 1
    with pytest.raises(ValueError, match="zero everywhere"):
        judge.sensitivity(np.zeros(2), edited)
