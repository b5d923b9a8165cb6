"""The walk in a real Chromium."""

import csv
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser.test_saving import TEXT, saved
from tests.helpers.served_page import PHONE, WIDE, opened

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


def test_a_station_is_saved_with_what_it_shows(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    page, complaints = opened(browser, address, WIDE)
    page.goto(f"{address}/walk_page?station=6")
    expect(page.locator(".walk h3")).to_have_text("6. Cross-modality layers")
    root = ET.parse(saved(page, "Save lxmert-walk as SVG", tmp_path)).getroot()
    texts = [node.text for node in root.iter(TEXT)]
    assert {"[CLS]", "6. Cross-modality layers", "Maps in each"} <= set(texts)
    assert texts[-2].startswith("Station 6 of 7") and texts[-1].startswith("Model miniature. “")
    fills = {node.get("fill") for node in root.iter("{http://www.w3.org/2000/svg}rect")}
    assert "rgb(213, 94, 0)" in fills and not any("(srgb" in fill for fill in fills)
    with Image.open(saved(page, "Save lxmert-walk as PNG", tmp_path)) as png:
        assert png.size == (2 * int(root.attrib["width"]), 2 * int(root.attrib["height"]))
    with saved(page, "Save lxmert-walk as CSV", tmp_path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    bars = [row for row in rows if row["what"].startswith("What [CLS] reads")]
    shown = page.locator(".walk-amount").all_inner_texts()
    assert [f"{float(row['value']):.2f}" for row in bars] == shown and len(shown) == 5
    assert {row["station"] for row in rows} == {"Cross-modality layers"}
    page.keyboard.press("ArrowRight")
    with saved(page, "Save lxmert-walk as CSV", tmp_path).open(newline="") as file:
        assert {row["station"] for row in csv.DictReader(file)} == {"Heads"}
    assert [text for text in complaints if "404" not in text] == []
    page.close()
