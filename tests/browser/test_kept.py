"""The job: one's own photograph, a box and a word changed, compared, kept, opened elsewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lxmert_viz.places import APP, CACHE_VARIABLE
from tests.helpers.served_page import CHANGE, WIDE, give, go_to, open_in_bar, opened, served

pytestmark = pytest.mark.browser
QUESTION = "what color is the large ball?"
NOTHING_KEPT = "import os\nos.environ[{!r}] = {!r}"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A second server, which keeps nothing of the first."""
    empty = str(tmp_path_factory.mktemp("cache"))
    with served(APP, setup=NOTHING_KEPT.format(CACHE_VARIABLE, empty)) as found:
        yield found


def test_a_changed_box_and_word_are_kept_and_open_in_another_browser(
    browser: Browser, address: str, elsewhere: str, photograph: bytes, tmp_path: Path
) -> None:
    page, complaints = opened(browser, address, WIDE)
    give(page, {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": photograph})
    expect(page.locator(".st-key-bar-warned")).to_be_visible()
    page.get_by_label("Question or caption").fill(QUESTION)
    page.get_by_role("button", name="Ask", exact=True).click()
    boxes = change_a_box(page)
    change_a_word(page)
    sides = page.locator(".stage")
    expect(sides).to_have_count(2)
    expect(sides.last.locator(".word", has_text="cube")).to_be_visible()
    file = tmp_path / "analysis.zip"
    keep(page, file)
    answers = told(page)

    other, others_complaints = opened(browser, f"{elsewhere}/saved_page", WIDE)
    other.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(file)
    other.get_by_role("button", name="Open it as it was").click()
    expect(other).to_have_url(re.compile("edit_page"))
    sides = other.locator(".stage")
    expect(sides).to_have_count(2)
    expect(sides.first.locator(".word", has_text="ball")).to_be_visible()
    expect(sides.last.locator(".word", has_text="cube")).to_be_visible()
    expect(other.get_by_text("Steps (2)")).to_be_visible()
    expect(other.get_by_label("Question or caption")).to_have_value(QUESTION)
    assert told(other) == answers
    go_to(other, "Regions", CHANGE)
    expect(other.locator(".box-editor .own")).to_have_count(boxes)
    expect(other.locator(".box-editor .own.drawn")).to_have_count(1)
    told_errors = [text for text in complaints + others_complaints if "404" not in text]
    assert told_errors == []
    other.close()
    page.close()


def change_a_box(page: Page) -> int:
    """Makes the first one narrower; how many there are."""
    go_to(page, "Regions", CHANGE)
    editor = page.locator(".box-editor")
    expect(page.get_by_text(f"“{QUESTION}” with the detected regions")).to_be_visible()
    editor.locator(".own").first.focus()
    for _ in range(9):
        page.keyboard.press("Shift+ArrowLeft")
    editor.locator(".primary").click()
    expect(editor.locator(".primary")).to_have_text("These boxes are in use")
    return editor.locator(".own").count()


def change_a_word(page: Page) -> None:
    go_to(page, "What if?", CHANGE)
    page.get_by_role("radio", name="ball", exact=True).click()
    new = page.get_by_label("Instead of “ball”")
    new.fill("cube")
    new.press("Enter")
    expect(page.get_by_text("Steps (2)")).to_be_visible()


def keep(page: Page, file: Path) -> None:
    open_in_bar(page, "bar-kept")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the analysis (zip)").click()
    download.value.save_as(file)
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def told(page: Page) -> list[str]:
    """Words and rounded numbers of both sides."""
    bars = page.locator(".stPlotlyChart .ytick text")
    expect(bars.first).to_be_visible()
    return bars.all_inner_texts()
