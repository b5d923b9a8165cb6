import numpy as np
import pytest

from lxmert_viz.analysis import correctness

COUNT, GROUPS = 400, 80


def answers(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Which are right, and of which picture each is."""
    draw = np.random.default_rng(seed)
    return draw.random(COUNT) < 0.7, np.repeat(np.arange(GROUPS), COUNT // GROUPS)


def test_point_biserial_by_hand() -> None:
    """Pearson's correlation with 0 and 1: means 2 and 5 of six numbers."""
    values, right = np.array([1.0, 2, 3, 4, 5, 6]), np.array([0, 0, 0, 1, 1, 1], bool)
    by_hand = (5 - 2) / values.std() * np.sqrt(0.5 * 0.5)
    assert correctness.point_biserial(values, right) == pytest.approx(by_hand)
    assert correctness.point_biserial(values, ~right) == pytest.approx(-by_hand)
    assert correctness.point_biserial(np.ones(6), right) == 0
    assert correctness.point_biserial(values, np.ones(6, bool)) == 0


def test_noise_predicts_nothing_and_the_answer_itself_everything() -> None:
    right, groups = answers()
    noise = np.random.default_rng(1).normal(size=COUNT)
    found = correctness.sharpness(noise, right, groups)
    assert found.low < 0 < found.high
    told = correctness.sharpness(right + 0.1 * noise, right, groups)
    assert told.low > 0.9 and told.low <= told.mean <= told.high


def test_a_probe_finds_a_planted_direction_and_nothing_in_noise() -> None:
    right, groups = answers()
    draw = np.random.default_rng(2)
    states = draw.normal(size=(COUNT, 12))
    chance = correctness.probe(states, right, groups)
    assert chance.low < 0.5 < chance.high
    planted = states + np.where(right, 1.5, -1.5)[:, None] * np.eye(12)[0]
    assert correctness.probe(planted, right, groups).low > 0.95


def test_pictures_that_give_the_answer_away_are_held_out() -> None:
    """All answers of a picture are alike and states tell pictures alone: nothing is learnt."""
    draw = np.random.default_rng(3)
    groups = np.repeat(np.arange(40), 10)
    right = (draw.random(40) < 0.5)[groups]
    found = correctness.probe(draw.normal(size=(40, 30))[groups], right, groups)
    assert found.low < 0.5 < found.high


def test_too_few_of_a_kind_are_not_probed() -> None:
    right, groups = np.ones(40, bool), np.arange(40)
    right[:3] = False
    assert correctness.probe(np.zeros((40, 2)), right, groups) is None


def test_an_interval_draws_pictures_not_answers() -> None:
    """Ten equal answers a picture tell no more than one: the interval is as wide."""
    draw = np.random.default_rng(4)
    values, right = draw.normal(size=60), draw.random(60) < 0.5
    alone = correctness.sharpness(values, right, np.arange(60))
    many = correctness.sharpness(
        np.repeat(values, 10), np.repeat(right, 10), np.repeat(np.arange(60), 10)
    )
    assert many.mean == pytest.approx(alone.mean)
    assert many.high - many.low == pytest.approx(alone.high - alone.low, rel=0.2)
