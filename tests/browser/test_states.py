"""The pages of states and probes in a real Chromium, on the shipped miniature."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.helpers.served_page import WIDE, go_to, opened

pytestmark = pytest.mark.browser


def test_a_clicked_cell_is_looked_at_closely(browser: Browser, address: str) -> None:
    page, complaints = opened(browser, address, WIDE)
    go_to(page, "States")
    grid = page.locator(".stPlotlyChart").first
    expect(grid.locator(".heatmaplayer image").first).to_be_attached()
    expect(page.get_by_text("after X4")).to_be_visible()
    place = grid.locator(".scatterlayer .points path").nth(3)  # the first word, in its fourth layer
    box = place.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_role("heading", name=re.compile(r"after X1"))).to_be_visible()
    assert not complaints
    page.close()


def test_thousands_of_points_are_drawn_under_the_content_policy(
    browser: Browser, address: str
) -> None:
    """WebGL's drawing is compiled from text, which a policy without unsafe-eval forbids."""
    page, _ = opened(browser, f"{address}/probes_page", WIDE)
    page.get_by_text("On a plane").first.click()
    expect(page.get_by_text(re.compile(r"^3,220 states of regions after"))).to_be_visible()
    expect(page.get_by_text("WebGL is not supported")).to_have_count(0)
    page.close()
