"""The page without a mouse: past the frame to the figure, and inside of figures."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lxmert_viz.ui.frame import navigation
from lxmert_viz.ui.frame.navigation import (
    ANSWERS,
    MATCHING,
    MISTAKES,
    MODELS,
    SAVED,
    TRIAGE,
    TWO_RUNS,
)
from tests.helpers.served_page import WIDE, opened

pytestmark = pytest.mark.browser
MOST_STOPS = 8
WITHOUT_FIGURE = {  # no run is here, nothing is opened, or it begins with a table
    MATCHING,
    MISTAKES,
    TRIAGE,
    TWO_RUNS,
    MODELS,
    SAVED,
}
FIGURES = (
    ".stPlotlyChart[tabindex], .lv-picture, .walk-picture, .stage .picture, .box-editor .scene"
)
IN_FOCUS = """
() => {
  let part = document.activeElement;
  while (part.shadowRoot?.activeElement) part = part.shadowRoot.activeElement;
  const figure = ".stPlotlyChart, .lv-picture, .walk-body, .stage, .box-editor .scene";
  return part.closest(figure) ? "figure" : part.closest(".st-key-page-body") ? "page" : "frame";
}
"""


def test_every_page_has_its_figure_a_few_tab_stops_away(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, WIDE)
    for own in navigation.ALL:
        page.goto(f"{address}/{'' if own is ANSWERS else Path(own.path).stem}")
        expect(page.locator(".st-key-page-body")).to_be_visible()
        expect(page.locator(".skip-to-figure")).to_have_count(1)
        wanted = "page" if own in WITHOUT_FIGURE else "figure"
        if wanted == "figure":
            expect(page.locator(FIGURES).first).to_be_visible()
        for _ in range(MOST_STOPS):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == "Skip to the figure":
                page.keyboard.press("Enter")
                break
        assert page.evaluate(IN_FOCUS) == wanted, own.title
    page.close()


def test_arrow_keys_tell_of_cells_and_enter_clicks_one(browser: Browser, address: str) -> None:
    page, complaints = opened(browser, f"{address}/states_page", WIDE)
    cells = page.locator(".st-key-states-grid .stPlotlyChart[tabindex]")
    told = page.locator(".figure-told")
    cells.focus()
    page.keyboard.press("ArrowDown")
    expect(told).to_contain_text("[CLS], embeddings")
    page.keyboard.press("ArrowRight")
    expect(told).to_contain_text("[CLS], L1")
    page.keyboard.press("ArrowDown")
    expect(told).to_contain_text("which, L1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="which after L1")).to_be_visible()
    expect(cells).to_have_count(1)  # while it is drawn anew there are two
    expect(cells).to_be_focused()
    assert [text for text in complaints if "404" not in text] == []
    page.close()


def test_arrow_keys_walk_along_bars_and_enter_locks_one(browser: Browser, address: str) -> None:
    page, _ = opened(browser, f"{address}/why_page", WIDE)
    bars = page.locator(".st-key-why-ranks-first .stPlotlyChart[tabindex]")
    bars.focus()
    told, linked = page.locator(".figure-told"), page.locator(".linked-told")
    expect(linked).to_contain_text("Point at a word")
    names = ordered(page)
    for name in names[:3]:
        page.keyboard.press("ArrowDown")
        expect(told).to_contain_text(name)
        expect(linked).to_contain_text(f"{name}: Bi-modal relevance")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    expect(told).to_contain_text(names[0])  # Escape leaves; the next key begins anew
    page.close()


def ordered(page: Page) -> list[str]:
    """The bars' labels from the top, without their numbers."""
    labels = page.locator(".st-key-why-ranks-first .ytick text").all_text_contents()
    return [label.rsplit("  ", 1)[0] for label in labels]
