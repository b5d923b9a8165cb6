"""The page Causes in a real Chromium: the drawing of the model and the flow graph answer clicks."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.helpers.served_page import WIDE, opened

pytestmark = pytest.mark.browser
SECOND_WORDS_LAYER, CROSSING = 4, 12  # places of the miniature's first heads there, in the drawing


def others_than_known(complaints: list[str]) -> list[str]:
    """Streamlit asks for two files beside a page that is opened by its address (its issue 7074)."""
    return [told for told in complaints if "404 (Not Found)" not in told]


def heads(page: Page) -> Locator:
    drawing = page.locator(".stPlotlyChart").first
    return drawing.locator(".scatterlayer .trace").first.locator(".points path")


def middle(place: Locator) -> tuple[float, float]:
    box = place.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_heads_are_switched_off_by_a_click_and_by_a_lasso(browser: Browser, address: str) -> None:
    asked = f"{address}/causes_page?cause=off&heads-off=lang.1.1"
    page, complaints = opened(browser, asked, WIDE)
    expect(page.get_by_text("1 head off")).to_be_visible()
    expect(heads(page)).to_have_count(76)
    page.mouse.click(*middle(heads(page).nth(SECOND_WORDS_LAYER + 2)))
    expect(page).to_have_url(re.compile(r"heads-off=lang\.1\.1%2Clang\.2\.3(&|$)"))
    expect(page.get_by_text("2 heads off")).to_be_visible()

    page.get_by_text("Draw a line around heads").click()
    expect(page).to_have_url(re.compile("heads-lasso=on"))
    expect(page.get_by_text("Drag a line around heads.")).to_be_visible()
    (left, y), (right, _) = (middle(heads(page).nth(CROSSING + n)) for n in (0, 3))
    corners = [(left - 14, y - 8), (right + 14, y - 8), (right + 14, y + 8), (left - 14, y + 8)]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in [*corners[1:], corners[0]]:
        page.mouse.move(*corner, steps=4)
    page.mouse.up()
    four = "%2C".join(rf"lang_from_vision\.1\.{head}" for head in range(1, 5))
    expect(page).to_have_url(re.compile(rf"heads-off=lang\.1\.1%2Clang\.2\.3%2C{four}(&|$)"))
    expect(page.get_by_text("6 heads off")).to_be_visible()
    assert not others_than_known(complaints)
    page.close()


def test_a_clicked_state_is_the_root_also_after_a_reload(browser: Browser, address: str) -> None:
    page, complaints = opened(browser, f"{address}/causes_page?cause=flow", WIDE)
    expect(page.get_by_text("What “[CLS]” is made of")).to_be_visible()
    graph = page.locator(".stPlotlyChart").first
    states = graph.locator(".scatterlayer .trace").last.locator(".points path")
    page.mouse.click(*middle(states.nth(1)))
    expect(page).to_have_url(re.compile(r"flow-root=(lang|vision)\.\d\.\d+"))
    shown = page.url
    page.reload()
    expect(page.get_by_role("button", name="Back to the answer")).to_be_visible()
    assert page.url == shown and not others_than_known(complaints)
    page.close()
