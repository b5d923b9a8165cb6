"""Tests and intervals against values that are known."""

import numpy as np
import pytest

from lxmert_viz.analysis.significance import (
    difference,
    holm,
    interval_of,
    interval_of_groups,
    mcnemar,
    mean_interval,
    paired_interval,
)


def test_groups_by_hand() -> None:
    """Sums from the mean -2, -2 and 4 of 2 each: error sqrt(24 * 3 / 2) / 6 = 1, t of 2 4.303."""
    values, groups = np.array([1.0, 1, 0, 2, 3, 5]), np.array(list("aabbcc"))
    assert interval_of_groups(values, groups) == pytest.approx(
        (2, 2 - 4.3027, 2 + 4.3027), abs=1e-3
    )
    apart = interval_of_groups(values, np.arange(6))  # as of a mean, by Student
    assert apart.high - apart.mean == pytest.approx(2.5706 * values.std(ddof=1) / np.sqrt(6), 1e-3)
    with pytest.raises(ValueError, match="1 group has no spread"):
        interval_of_groups(np.ones(3), np.zeros(3))


def test_mcnemar_is_the_exact_binomial() -> None:
    assert mcnemar(5, 0) == pytest.approx(2 / 2**5)
    assert mcnemar(3, 3) == 1 == mcnemar(0, 0)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0]


def test_equal_groups_do_not_differ_and_opposite_ones_do() -> None:
    same = np.array([0.0, 1.0] * 50)
    assert difference(same, same) == pytest.approx(1)
    assert difference(np.ones(30), np.zeros(30)) < 1e-15
    assert difference(np.ones(1), np.zeros(30)) == 1
    few = difference(np.array([0.0] * 60 + [1.0] * 40), np.array([0.0] * 40 + [1.0] * 60))
    assert few == pytest.approx(0.0046, abs=0.0005)  # t = 2.865 with 198 degrees


def test_few_examples_that_are_all_alike_prove_little() -> None:
    half = np.array([0.0, 1.0] * 50)
    assert difference(np.zeros(2), half) > 0.05
    assert difference(np.zeros(2), np.ones(2)) == pytest.approx(1 / 3)  # of 6 ways 2 are as apart
    assert mean_interval(np.ones(3)) == pytest.approx((1, 0.438, 1), abs=0.001)
    assert mean_interval(np.zeros(3)) == pytest.approx((0, 0, 0.562), abs=0.001)


def test_rare_hits_are_significant_as_often_as_it_says() -> None:
    random = np.random.default_rng(4)
    drawn = (random.random((1000, 400)) < 0.05).astype(float)
    p = np.array([difference(row[:15], row[15:]) for row in drawn])
    assert np.mean(p < 0.05) < 0.08


def test_intervals_hold_what_they_are_of() -> None:
    random = np.random.default_rng(5)
    shares = (random.random((2000, 20)) < 0.9).mean(axis=1)
    inside = [low <= 0.9 <= high for _, low, high in (interval_of(m, 20) for m in shares)]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.015)


def test_chance_alone_is_significant_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    p = [difference(*(random.random((2, 80)) < 0.5).astype(float)) for _ in range(1000)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.02)


def test_intervals_hold_the_mean() -> None:
    score = np.array([1.0] * 75 + [0.0] * 25)
    mean, low, high = mean_interval(score)
    assert (mean, low, high) == pytest.approx((0.75, 0.657, 0.825), abs=0.001)  # Wilson's
    mean, low, high = paired_interval(score, score)
    assert mean == 0 and high == -low == pytest.approx(1.96 / 102)
    mean, low, high = paired_interval(np.zeros(400), np.array([1.0] * 100 + [0.0] * 300))
    assert mean == 0.25 and (low, high) == pytest.approx((0.2075, 0.2925), abs=0.01)
    mean, low, high = paired_interval(np.zeros(3), np.ones(3))  # all alike, and few
    assert mean == high == 1 and low == pytest.approx(0.6 - 1.96 * np.sqrt(4 - 9 / 5) / 5)


def test_the_interval_of_a_gain_is_that_of_the_literature() -> None:
    """Approval of 1,600 people, asked twice (Agresti 2002, table 10.1): standard error 0.0095."""
    cells = ((1, 1, 794), (1, 0, 150), (0, 1, 86), (0, 0, 570))
    before, after = (
        np.concatenate([np.full(n, float(cell[side])) for *cell, n in cells]) for side in (0, 1)
    )
    mean, low, high = paired_interval(before, after)
    assert mean == -0.04 and (high - low) / 2 / 1.96 == pytest.approx(0.0095, abs=1e-4)
