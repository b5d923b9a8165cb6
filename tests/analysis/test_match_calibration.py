import numpy as np
import pytest

from lxmert_viz.analysis.match_calibration import fitted, match_calibration


def drawn(count: int, slope: float, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and truths that hold with the odds offset + slope * score."""
    random = np.random.default_rng(1)
    scores = random.normal(0, 3, count)
    return scores, random.random(count) < 1 / (1 + np.exp(-(offset + slope * scores)))


def test_slope_and_offset_are_found_again() -> None:
    line = fitted(*drawn(40_000, 0.5, -0.7))
    assert line.slope == pytest.approx(0.5, abs=0.02)
    assert line.offset == pytest.approx(-0.7, abs=0.05)


def test_scores_that_part_all_items_end_somewhere() -> None:
    scores = np.linspace(-3, 3, 100)
    line = fitted(scores, scores > 0)
    assert 1 < line.slope < 100


def test_what_is_fitted_on_half_the_pictures_mends_the_other_half() -> None:
    scores, matches = drawn(8_000, 0.25, 0.0)
    found = match_calibration(scores, matches, [str(n // 4) for n in range(8_000)])
    assert found is not None
    assert found.temperature == pytest.approx(4, abs=0.4)
    assert found.before > 0.15 and found.after_temperature < 0.05 and found.after_line < 0.05
    assert sum(b.count for b in found.bins) == 4_000


def test_one_picture_or_one_kind_is_not_enough() -> None:
    scores, matches = drawn(200, 1, 0)
    assert match_calibration(scores, matches, ["p"] * 200) is None
    assert match_calibration(scores, matches | True, [str(n) for n in range(200)]) is None
