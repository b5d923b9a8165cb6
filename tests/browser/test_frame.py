"""The frame leaves the first screen to the analysis, on a desk and on a phone."""

from collections.abc import Iterator
from itertools import product

import pytest
from playwright.sync_api import Browser, Page, expect

from lxmert_viz.ui.frame import navigation
from lxmert_viz.ui.frame.navigation import (
    ALL,
    MISTAKES,
    MODELS,
    SAVED,
    TRIAGE,
    TWO_RUNS,
)
from lxmert_viz.ui.frame.navigation import Page as Listed
from tests.helpers.served_page import PHONE, WIDE, open_in_bar, opened

pytestmark = pytest.mark.browser

SIZES = {"desk": WIDE, "phone": PHONE}
BEGINS_ABOVE = {"desk": 110, "phone": 100}
FILLS = 0.75
SHORT = {MISTAKES, SAVED, TRIAGE, TWO_RUNS, MODELS}  # as long as what they list; no run is here
FIGURES = (
    ".lv-picture, .walk-picture, .stPlotlyChart, .stage .picture, .box-editor .scene, "
    ".stMain [data-testid=stImage] img, .st-key-matching-ranked [data-testid=stDataFrame]"
)
BODY = """
() => {
  const { top, bottom } = document.querySelector(".st-key-page-body").getBoundingClientRect();
  return [top, (Math.min(bottom, innerHeight) - top) / innerHeight];
}
"""
WHOLE = """
(figures) => figures.some((figure) => {
  const { top, bottom, left, right, height } = figure.getBoundingClientRect();
  return height > 100 && top >= 0 && bottom <= innerHeight && left >= 0 && right <= innerWidth;
})
"""
SCROLLED = "document.querySelector('.st-key-page-body').getBoundingClientRect().top < 50"


@pytest.fixture(params=list(product(SIZES, ALL)), ids=lambda p: f"{p[0]} {p[1].title}")
def shown(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[tuple]:
    size, listed = request.param
    page, _ = opened(browser, f"{address}/{listed.file.removesuffix('.py')}", SIZES[size])
    expect(page.locator(".st-key-page-body")).to_be_visible()
    if listed not in SHORT:
        expect(page.locator(FIGURES).first).to_be_visible()
    yield size, listed, page
    page.close()


def test_the_analysis_has_the_first_screen(shown: tuple[str, Listed, Page]) -> None:
    size, listed, page = shown
    least = 0 if listed in SHORT else FILLS
    page.wait_for_function(
        f"(([top, share]) => top < {BEGINS_ABOVE[size]} && share >= {least})(({BODY})())"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if size == "phone" and listed not in SHORT:
        assert page.locator(FIGURES).evaluate_all(WHOLE)
    assert page.locator(".st-key-bar-row").count() == listed.asks


def test_the_drawer_of_pages_closes_by_itself(browser: Browser, address: str) -> None:
    page, _ = opened(browser, f"{address}/models_page", PHONE)
    expect(page.locator("html[data-pages]")).to_be_attached()
    drawer = page.get_by_test_id("stSidebar")
    page.get_by_test_id("stExpandSidebarButton").click()
    drawer.get_by_role("link", name="Triage").click()
    expect(drawer).to_have_attribute("data-collapsed", "true")
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(drawer).to_have_attribute("data-collapsed", "false")
    page.reload()
    expect(drawer).to_have_attribute("data-collapsed", "true")
    page.close()


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
def test_the_bar_stays_in_sight_and_its_menus_on_the_screen(
    size: tuple[int, int], browser: Browser, address: str
) -> None:
    page, complaints = opened(browser, f"{address}/states_page", size)
    expect(page.locator(".stPlotlyChart").first).to_be_visible()
    page.mouse.move(size[0] / 2, size[1] / 2)
    page.mouse.wheel(0, 300)
    page.wait_for_function(SCROLLED)
    bar = page.locator(".st-key-bar-row")
    assert bar.bounding_box()["y"] == pytest.approx(44, abs=1)
    assert bar.evaluate("bar => getComputedStyle(bar).backgroundColor") == "rgb(255, 255, 255)"
    for part in ("bar-picture", "question-suggested", "bar-model", "bar-about"):
        open_in_bar(page, part)
        menu = page.locator("[data-testid=stPopoverBody]:visible, [role=menu]:visible")
        place = menu.bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= size[0]
        page.keyboard.press("Escape")
        expect(menu).to_have_count(0)
    assert [text for text in complaints if "404" not in text] == []
    page.close()


def test_the_bar_tells_what_was_answered(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, WIDE)
    answer = page.locator(".st-key-bar-answer")
    expect(answer).to_contain_text("cone")
    expect(answer).to_contain_text("check_circle")
    open_in_bar(page, "question-suggested")
    page.get_by_role("menuitem", name="how many purple things can you see?").click()
    expect(answer).to_contain_text("1")
    expect(page.get_by_label("Question or caption")).to_have_value(
        "how many purple things can you see?"
    )
    open_in_bar(page, "bar-kept")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the analysis (zip)").click()
    assert download.value.suggested_filename == "lxmert-analysis.zip"
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("link", name="See how").click()
    expect(page.locator(".walk h3")).to_have_text("1. Regions")
    expect(answer).to_contain_text("1")
    page.close()


def test_a_newcomer_meets_the_walk_first() -> None:
    assert navigation.ALL[0] is navigation.WALK
