"""What only a browser shows: real clicks, widths, console errors, a run that is cancelled."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lxmert_viz.places import APP, ASSETS, ROOT

pytestmark = pytest.mark.browser

MILLISECONDS = 120_000  # a busy machine, not a slow page
WIDE = (1440, 900)
PHONE = (390, 844)

SLOW_APP = f"""
import time
from lxmert_viz.ui import resources

class Slow:
    def __init__(self, pipeline):
        self.pipeline = pipeline
    def __getattr__(self, name):
        return getattr(self.pipeline, name)
    def look(self, picture, profile, progress):
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            time.sleep(0.05)
            progress("features", 0.4)
        return self.pipeline.look(picture, profile, progress)

if "lxmert_viz_open" not in vars(resources):
    resources.lxmert_viz_open = resources.load_pipeline
    resources.load_pipeline = lambda name: Slow(resources.lxmert_viz_open(name))
exec(compile(open({str(APP)!r}).read(), {str(APP)!r}, "exec"))
"""


@contextmanager
def served(script: Path) -> Iterator[str]:
    """The address of the running page."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--server.port", str(port), "--server.headless", "true"]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(APP.parent)},
        stdout=subprocess.DEVNULL,
    )
    address = f"http://localhost:{port}"
    try:
        wait_until_healthy(address, server)
        yield address
    finally:
        server.kill()  # it keeps nothing, and a busy one would take its time
        server.wait()


def wait_until_healthy(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + MILLISECONDS / 1000
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(f"the page does not come up at {address}; exit code {server.poll()}")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    if not (ASSETS / "miniature" / "model.safetensors").exists():
        pytest.skip("the miniature's weights are not here")
    with served(APP) as found:
        yield found


def opened(browser: Browser, address: str, size: tuple[int, int]) -> tuple[Page, list[str]]:
    """The page with its first answer, and what its console complains of."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(MILLISECONDS)
    expect.set_options(timeout=MILLISECONDS)
    page.goto(address, timeout=MILLISECONDS)
    return page, complaints


def expect_answer(page: Page) -> None:
    expect(page.locator(".js-plotly-plot .barlayer .point").first).to_be_attached()
    expect(page.locator(".gtitle", has_text="Probability of each answer")).to_be_visible()


def expect_map(page: Page, title: str) -> None:
    """The map itself; while a new one is drawn, the one before may still stand beside it."""
    expect(page.locator(".js-plotly-plot .gtitle", has_text=title)).to_be_visible()
    expect(page.locator(".js-plotly-plot .gtitle")).to_have_count(1)


def test_a_walk_through_the_page(browser: Browser, address: str, photograph: bytes) -> None:
    page, complaints = opened(browser, address, WIDE)
    expect_answer(page)

    page.get_by_role("button", name="The green ring").click()
    question = page.get_by_label("Question or caption")
    expect(question).not_to_have_value(re.compile("blue thing is a cylinder"))
    question.fill("how many items are there?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("h4", has_text=re.compile(r"^\s*\d"))).to_be_visible()
    expect(page.locator(".lv-picture .lv-box").first).to_be_visible()

    page.get_by_role("link", name="See where the words look").click()
    expect_map(page, "Words look at regions, layer 4 of 4, mean over 4 heads")
    page.get_by_role("combobox", name=re.compile("Who looks at whom")).click()
    page.get_by_role("option", name="Regions look at words").click()
    expect_map(page, "Regions look at words, layer 4 of 4, mean over 4 heads")
    layers = page.get_by_role("radiogroup", name="Layer, of 4")
    layers.get_by_role("radio", name="1", exact=True).click()
    expect_map(page, "Regions look at words, layer 1 of 4, mean over 4 heads")
    expect(page.locator(".lv-word").first).to_contain_text("[CLS]")

    page.get_by_text("Upload", exact=True).click()
    expect(page.get_by_text("No picture yet")).to_be_visible()
    mine = {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": photograph}
    page.locator("input[type=file]").set_input_files(mine)
    expect(page.locator(".lv-weighted .lv-box").first).to_be_visible()
    page.get_by_role("link", name="Answers").click()
    expect_answer(page)
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
    for locator in (page.get_by_label("Question or caption"), page.locator(".st-key-gallery")):
        place = locator.bounding_box()
        assert place is not None
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= PHONE[0]
        assert place["y"] + place["height"] <= PHONE[1]
    main = page.get_by_test_id("stMain")
    assert main.evaluate("part => part.scrollWidth <= part.clientWidth")
    page.close()


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_the_page_of_models_fits_and_hides_the_workbench(
    browser: Browser, address: str, size: tuple[int, int]
) -> None:
    page, complaints = opened(browser, address, size)
    expect(page.get_by_label("Question or caption")).to_be_visible()
    if size == PHONE:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Models").click()
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
