"""Pictures that people give, in a browser, which refuses some before the page hears of them."""

import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.helpers.served_page import give, open_in_bar

pytestmark = pytest.mark.browser


def test_avif_is_taken_and_a_refused_file_goes_away_with_the_next(
    browser: Browser, address: str, photograph: bytes, tmp_path: Path
) -> None:
    letter, picture = tmp_path / "letter.txt", tmp_path / "photograph.avif"
    letter.write_text("no picture")
    Image.open(io.BytesIO(photograph)).save(picture)
    page = browser.new_page()
    page.goto(address)
    chips = page.get_by_test_id("stFileChip")
    give(page, letter)
    expect(chips.filter(has_text="letter.txt")).to_be_visible(timeout=60_000)
    page.locator("input[type=file]").first.set_input_files(picture)
    expect(page.locator(".st-key-bar-warned")).to_be_visible(timeout=60_000)
    open_in_bar(page, "bar-picture")
    expect(chips.filter(has_text="photograph.avif")).to_be_visible(timeout=60_000)
    expect(chips.filter(has_text="letter.txt")).to_be_hidden()
    expect(page.get_by_text("No picture yet")).to_have_count(0)
    page.close()
