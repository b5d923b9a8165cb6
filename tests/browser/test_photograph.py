"""The real app on a photograph of the test data: what a person does with a picture of theirs."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.helpers.served_page import CHANGE, PHONE, WIDE, give, go_to, opened

pytestmark = pytest.mark.browser

PHOTOGRAPH = "coco_sample/images/COCO_train2014_000000084002.jpg"


@pytest.fixture(scope="module")
def uploaded(browser: Browser, address: str, test_data: Path) -> Iterator[tuple[Page, list[str]]]:
    page, complaints = opened(browser, address, WIDE)
    give(page, test_data / PHOTOGRAPH)
    expect(page.locator(".st-key-bar-warned")).to_be_visible()
    page.get_by_label("Question or caption").fill("what color is the large thing?")
    page.get_by_role("button", name="Ask", exact=True).click()
    go_to(page, "Attention")
    expect(page.locator(".stage .word", has_text="thing")).to_be_visible()
    expect(page.locator(".stage")).to_have_count(1)
    yield page, complaints
    page.close()


def test_hover_lock_and_unlock(uploaded: tuple[Page, list[str]]) -> None:
    page, complaints = uploaded
    stage = page.locator(".stage")
    assert stage.locator(".picture img").evaluate("picture => picture.naturalWidth") > 300
    word = stage.locator(".word", has_text="color")
    word.hover()
    expect(stage.locator(".pointed")).to_contain_text("word “color” reads regions, cross layer 4")
    word.click()
    stage.locator(".box").last.click()
    expect(stage.locator(".lock")).to_have_count(2)
    word.click()
    expect(stage.locator(".lock")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(stage.locator(".lock")).to_have_count(0)
    assert [text for text in complaints if "404" not in text] == []


def test_the_keyboard_alone(uploaded: tuple[Page, list[str]]) -> None:
    page, _ = uploaded
    stage = page.locator(".stage")
    stage.locator(".word").first.focus()
    page.keyboard.press("ArrowUp")
    expect(stage.locator("h3")).to_contain_text("cross layer 3 of 4")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(stage.locator(".lock", has_text="word “what”")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    expect(stage.locator("h3")).to_contain_text("cross layer 4 of 4")


def test_a_figure_is_saved(uploaded: tuple[Page, list[str]], tmp_path: Path) -> None:
    page, _ = uploaded
    page.get_by_text("Save …").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save Words and picture as SVG").click()
    download.value.save_as(tmp_path / "scene.svg")
    texts = [node.text for node in ET.parse(tmp_path / "scene.svg").getroot().iter() if node.text]
    assert "thing" in texts


def test_its_link_opens_in_another_browser_and_on_a_phone(
    browser: Browser, uploaded: tuple[Page, list[str]]
) -> None:
    page, _ = uploaded
    page.locator(".stage .word", has_text="large").click()
    expect(page).to_have_url(re.compile("picture=.*locks=w6"))
    other, complaints = opened(browser, page.url, PHONE)
    lock = other.locator(".stage .lock", has_text="word “large”")
    expect(lock).to_be_visible()
    main = other.get_by_test_id("stMain")
    assert main.evaluate("part => part.scrollWidth <= part.clientWidth")
    lock.click()
    expect(lock).to_have_count(0)
    assert [text for text in complaints if "404" not in text] == []
    other.close()
    page.keyboard.press("Escape")


def test_a_photograph_is_edited_too(uploaded: tuple[Page, list[str]]) -> None:
    page, _ = uploaded
    go_to(page, "What if?", CHANGE)
    page.get_by_role("radio", name="large", exact=True).click()
    page.get_by_role("button", name="Mask it").click()
    expect(page.locator(".stage")).to_have_count(2)
    expect(page.locator(".stage .word", has_text="[MASK]")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
