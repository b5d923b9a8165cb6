"""Where colours of weights begin and end, and what the legend says of it."""

from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser
SHARES = """
([weights, scale, others]) => {
  const mapOf = (own) =>
    ({ weights: own, signed: own.some((w) => w < 0), against: "before", ...extremes(own) });
  const map = mapOf(weights);
  map.scale = scaleOf({ scale }, map, (others ?? []).map(mapOf), 1);
  const shares = weights.map((w) => shareOf(map, w));
  return { shares, ends: endsOf(map), said: scaleSentence(map) };
}
"""
UNIFORM = [0.26, 0.24, 0.25, 0.25]


def scaled(page: Page, *given: Any) -> dict[str, Any]:
    return page.evaluate(SHARES, list(given))


def test_colours_begin_at_0_and_end_at_the_largest(page: Page) -> None:
    found = scaled(page, [0.1, 0.4, 0.2], "map")
    assert found["shares"] == pytest.approx([0.25, 1, 0.5])
    assert found["ends"] == ["0", "0.400"]
    assert "they end at 0.400, its largest weight" in found["said"]


def test_one_scale_for_all_maps_ends_at_1(page: Page) -> None:
    found = scaled(page, [0.1, 0.4], "model")
    assert found["shares"] == pytest.approx([0.1, 0.4])
    assert found["ends"] == ["0", "1"]


def test_near_uniform_maps_are_stretched_from_the_smallest_and_it_is_said(page: Page) -> None:
    found = scaled(page, UNIFORM, "smallest")
    assert found["shares"] == pytest.approx([1, 0, 0.5, 0.5])
    assert found["ends"] == ["0.240", "0.260"]
    assert "begin at 0.240, not at 0" in found["said"]


def test_against_an_even_spread_less_is_on_the_other_side(page: Page) -> None:
    found = scaled(page, UNIFORM, "even")
    assert found["shares"] == pytest.approx([1, -1, 0, 0])
    assert found["ends"] == ["−0.010", "+0.010"]
    assert "0.250, an even spread" in found["said"]


def test_all_alike_have_no_colour_but_that_of_even(page: Page) -> None:
    assert scaled(page, [0.25] * 4, "even")["shares"] == [0, 0, 0, 0]
    assert scaled(page, [0.25] * 4, "smallest")["shares"] == [0, 0, 0, 0]


def test_maps_side_by_side_have_one_scale(page: Page) -> None:
    other = [0.1, 0.7, 0.1, 0.1]
    assert scaled(page, UNIFORM, "map", [other])["ends"] == ["0", "0.700"]
    assert scaled(page, UNIFORM, "smallest", [other])["ends"] == ["0.100", "0.700"]
    assert scaled(page, UNIFORM, "even", [other])["ends"] == ["−0.450", "+0.450"]


@pytest.mark.parametrize("scale", ["map", "smallest", "even"])
def test_differences_keep_0_in_the_middle(page: Page, scale: str) -> None:
    found = scaled(page, [-0.2, 0.1, 0.05], scale)
    assert found["shares"] == pytest.approx([-1, 0.5, 0.25])
    assert found["ends"] == ["−0.200", "+0.200"]


@pytest.mark.parametrize("dark", [False, True])
def test_letters_are_clear_on_every_colour(page: Page, dark: bool) -> None:
    """WCAG AA; and the ratio itself is the known one: black on white has 21, #777 on white 4.48."""
    least = page.evaluate(
        """(dark) => {
          const colours = new Colours(dark);
          const shares = Array.from({ length: 129 }, (_, i) => i / 64 - 1);
          return Math.min(...shares.map((share) =>
            contrast(rgb(channels(colours.onWeight(share))), colours.weight(share))));
        }""",
        dark,
    )
    assert least >= 4.5
    ratios = page.evaluate(
        "['#000000', '#777777'].map((c) => contrast(rgb(channels(c)), rgb(channels('#ffffff'))))"
    )
    assert ratios == pytest.approx([21, 4.48], abs=0.01)
