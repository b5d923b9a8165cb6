"""What only a browser shows: real clicks, widths, console errors, a run that is cancelled."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lxmert_viz.places import APP, ASSETS
from tests.helpers.served_page import DATA, PHONE, WIDE, give, go_to, open_in_bar, opened, served

pytestmark = pytest.mark.browser

SLOW_APP = f"""
import time
from lxmert_viz.ui.server import models

class Slow:
    def __init__(self, pipeline):
        self.pipeline, self.exact = pipeline, self
    def __getattr__(self, name):
        return getattr(self.pipeline, name)
    def look(self, picture, profile, progress):
        deadline = time.monotonic() + (0 if looked else 120)  # the first ends when it is cancelled
        looked.append(picture)
        while time.monotonic() < deadline:
            time.sleep(0.05)
            progress("features", 0.4)
        return self.pipeline.look(picture, profile, progress)

looked = vars(models).setdefault("lxmert_viz_looked", [])
if "lxmert_viz_open" not in vars(models):
    models.lxmert_viz_open = models.load_pipeline
    models.load_pipeline = lambda name: Slow(models.lxmert_viz_open(name))
    models.open_models().close_all()
exec(compile(open({str(APP)!r}).read(), {str(APP)!r}, "exec"))
"""


def expect_answer(page: Page) -> None:
    expect(page.locator(".js-plotly-plot .barlayer .point").first).to_be_attached()
    expect(page.locator(".gtitle", has_text="Probability of each answer")).to_be_visible()


def expect_map(page: Page, title: str) -> None:
    """The map itself; while a new stage is mounted, the one before may still stand beside it."""
    expect(page.locator(".stage h3", has_text=title)).to_be_visible()
    expect(page.locator(".stage h3")).to_have_count(1)


def second_question() -> str:
    """What the page asks of the second example, so that its answer is there to be replaced."""
    return json.loads((ASSETS / "scenes" / "examples.json").read_text())[1]["questions"][0]["text"]


def test_a_walk_through_the_page(browser: Browser, address: str, photograph: bytes) -> None:
    page, complaints = opened(browser, address, WIDE)
    expect_answer(page)

    open_in_bar(page, "bar-picture")
    page.get_by_role("button", name="The green ring").click()
    expect(page.get_by_role("button", name="The green ring")).to_have_count(0)  # it closes
    question = page.get_by_label("Question or caption")
    expect(question).to_have_value(second_question())
    question.fill("how many items are there?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("h4", has_text=re.compile(r"^\s*\d"))).to_be_visible()
    expect(page.locator(".lv-picture .lv-box").first).to_be_visible()

    go_to(page, "Attention")
    expect_map(page, "Words read regions, cross layer 4 of 4, mean over 4 heads")
    page.get_by_role("combobox", name="Who reads whom").select_option("vision_from_lang")
    expect_map(page, "Regions read words, cross layer 4 of 4, mean over 4 heads")
    page.get_by_role("button", name="Previous layer").click()
    expect_map(page, "Regions read words, cross layer 3 of 4, mean over 4 heads")
    expect(page.locator(".stage .word").first).to_contain_text("[CLS]")

    give(page, {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": photograph})
    expect(page.locator(".stage .picture .box").first).to_be_visible()
    expect_map(page, "Regions read words, cross layer 3 of 4, mean over 4 heads")
    go_to(page, "Answers")
    expect_answer(page)
    expect(page.get_by_test_id("stFileChip")).to_have_count(0)  # the drawer closed
    open_in_bar(page, "bar-warned")
    expect(page.get_by_text("knows only drawn tabletop scenes")).to_be_visible()
    expect(page.locator(".lv-picture .lv-box").first).to_be_visible()

    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert complaints == []
    page.close()


def test_pointing_at_a_region_tells_its_name(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, WIDE)
    box = page.locator(".lv-box").last  # the smallest lies on top
    box.scroll_into_view_if_needed()
    card = page.locator(".lv-box:hover + .lv-card")
    expect(card).to_have_count(0)
    box.hover()
    expect(card).to_be_visible()
    expect(card).to_contain_text("score")
    page.close()


def test_on_a_phone_picture_and_question_come_first(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, PHONE)
    expect_answer(page)
    open_in_bar(page, "bar-picture")
    for locator in (
        page.get_by_label("Question or caption"),
        page.locator(".st-key-drawer-gallery"),
    ):
        place = locator.bounding_box()
        assert place is not None
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= PHONE[0]
        assert place["y"] + place["height"] <= PHONE[1]
    main = page.get_by_test_id("stMain")
    assert main.evaluate("part => part.scrollWidth <= part.clientWidth")
    titles = page.locator(".st-key-drawer-gallery button p")
    assert (
        titles.evaluate_all("all => all.filter((p) => p.scrollWidth > p.clientWidth).length") == 0
    )
    page.close()


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_the_page_of_models_fits_and_goes_without_the_bar(
    browser: Browser, address: str, size: tuple[int, int]
) -> None:
    page, complaints = opened(browser, address, size)
    expect(page.get_by_label("Question or caption")).to_be_visible()
    if size == PHONE:
        page.get_by_test_id("stExpandSidebarButton").click()
    go_to(page, "Models", DATA if size == WIDE else "")
    expect(page.get_by_text("Downloads lie in")).to_be_attached()
    expect(page.get_by_role("button", name="Download")).to_have_count(3)
    expect(page.get_by_label("Question or caption")).to_be_hidden()
    main = page.get_by_test_id("stMain")
    assert main.evaluate("part => part.scrollWidth <= part.clientWidth")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert complaints == []
    page.close()


def test_slow_work_can_be_cancelled_and_tried_again(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    script = tmp_path / "slow_app.py"
    script.write_text(SLOW_APP)
    with served(script) as slow:
        page, complaints = opened(browser, slow, WIDE)
        expect(page.get_by_text(re.compile(r"Looking for regions .* features"))).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Cancelled: looking for regions")).to_be_visible()
        expect(page.locator(".lv-picture")).to_have_count(0)
        page.get_by_role("button", name="Try again").click()
        expect_answer(page)
        expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
        assert complaints == []
        page.close()
