"""The walk in a real Chromium."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.served_page import PHONE, WIDE, opened

pytestmark = pytest.mark.browser


def test_arrow_keys_walk_through_seven_stations(browser: Browser, address: str) -> None:
    page, complaints = opened(browser, address, WIDE)
    page.goto(f"{address}/walk_page")
    title = page.locator(".walk h3")
    expect(title).to_have_text("1. Regions")
    expect(page.locator(".walk-box:not(.off)").first).to_be_visible()
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    expect(title).to_have_text("7. Heads")
    expect(page.locator(".walk-bar")).to_have_count(5)
    page.keyboard.press("ArrowLeft")
    expect(title).to_have_text("6. Cross-modality layers")
    expect(page).to_have_url(re.compile("station=6"))
    page.reload()
    expect(title).to_have_text("6. Cross-modality layers")

    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Leave full screen")).to_be_visible()
    assert page.evaluate("document.fullscreenElement !== null")
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Full screen", exact=True)).to_be_visible()

    question = page.get_by_label("Question or caption")
    question.fill("is it red?")
    question.press("ArrowLeft")  # moves in the text
    expect(title).to_have_text("6. Cross-modality layers")
    question.press("Enter")
    expect(page.locator(".walk-word", has_text="red")).to_be_visible()
    expect(title).to_have_text("6. Cross-modality layers")
    assert [text for text in complaints if "404" not in text] == []

    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    main = page.get_by_test_id("stMain")
    page.wait_for_function("innerWidth < 400")
    assert main.evaluate("part => part.scrollWidth <= part.clientWidth")
    page.close()
