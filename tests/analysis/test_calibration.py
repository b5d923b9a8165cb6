"""Calibration and selective answering, with the answers that theory gives."""

import numpy as np
import pytest

from lxmert_viz.analysis import calibration


@pytest.mark.parametrize("equal_mass", [True, False])
def test_the_base_rate_for_all_is_calibrated_and_tells_nothing(equal_mass: bool) -> None:
    score = np.random.default_rng(0).permutation([1.0, 0.0] * 50)
    bins = calibration.reliability(np.full(100, 0.5), score, equal_mass=equal_mass)
    assert calibration.calibration_error(bins) == 0 and len(bins) == 1
    assert calibration.brier(np.full(100, 0.5), score) == 0.25


@pytest.mark.parametrize("equal_mass", [True, False])
def test_sampled_labels_are_calibrated(equal_mass: bool) -> None:
    random = np.random.default_rng(1)
    sure = random.random(40_000)
    score = (random.random(40_000) < sure).astype(float)
    bins = calibration.reliability(sure, score, equal_mass=equal_mass)
    assert sum(b.count for b in bins) == 40_000
    assert calibration.calibration_error(bins) < 0.015


def test_bins_of_equally_many_part_no_equals() -> None:
    sure = np.array([0.1, 0.2, 0.2, 0.2, 0.7, 0.9])
    bins = calibration.reliability(sure, np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0]), bins=3)
    assert [(b.low, b.high, b.count) for b in bins] == [(0.1, 0.2, 4), (0.7, 0.9, 2)]
    apart = calibration.reliability(np.arange(45) / 45, np.zeros(45))
    assert [b.count for b in apart] == [3] * calibration.BINS


def test_always_sure_and_half_right_is_off_by_a_half() -> None:
    bins = calibration.reliability(np.ones(10), np.array([1.0, 0.0] * 5))
    assert calibration.calibration_error(bins) == pytest.approx(0.5)


def test_the_temperature_undoes_what_was_done() -> None:
    random = np.random.default_rng(2)
    true = random.random(20_000)
    score = (random.random(20_000) < true).astype(float)
    overconfident = calibration.scaled(true, 1 / 3)
    assert calibration.best_temperature(overconfident, score) == pytest.approx(3, rel=0.05)


def test_risk_and_coverage_of_five_answers() -> None:
    sure = np.array([0.9, 0.8, 0.8, 0.4, 0.1])
    score = np.array([1.0, 1.0, 0.0, 1.0, 0.0])
    coverage, risk = calibration.risk_coverage(sure, score)
    assert coverage.tolist() == [0.2, 0.6, 0.6, 0.8, 1.0]
    assert risk == pytest.approx([0, 1 / 3, 1 / 3, 0.25, 0.4])
    assert calibration.coverage_at_risk(coverage, risk, 0.25) == 0.8
    assert calibration.coverage_at_risk(coverage, risk, 0.0) == 0.2
    assert calibration.area_under_risk(coverage, risk) == pytest.approx(np.mean(risk))


def test_halves_share_nothing_and_lose_nothing() -> None:
    one, other = calibration.halves(7)
    assert sorted([*one, *other]) == list(range(7)) and len(one) == 3


def test_a_summary_fits_on_one_half_and_measures_on_the_other() -> None:
    numbers = np.random.default_rng(3)
    true = numbers.random(4000)
    score = (numbers.random(4000) < true).astype(float)
    too_sure = calibration.scaled(true, 0.5)  # logits twice as large as they should be
    found = calibration.calibration(too_sure, score)
    assert found.temperature == pytest.approx(2, rel=0.1)
    assert found.after < 0.03 < 0.08 < found.before
    assert found.brier == pytest.approx(((too_sure - score) ** 2).mean())
    wide = calibration.reliability(too_sure, score, equal_mass=False)
    assert found.equal_width == calibration.calibration_error(wide)
    even = calibration.reliability(too_sure, score)
    assert found.equal_mass == calibration.calibration_error(even)
