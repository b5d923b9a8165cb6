"""What a person waits for in the browser where no forward is needed, on the shipped miniature.

python -m benchmarks.pages [--rounds N] [--only TEXT]

Serves the app, opens it in Chromium and does each thing once, so that everything is computed. Then
it does each of them again N times. Prints a JSON object an interaction: milliseconds from the press
of the button until the script has ended and nothing in the page changes any more, each round's and
their median. *Open* of a row of mistakes asks the network, each time about another row.
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import streamlit
from playwright.sync_api import Locator, Page, sync_playwright

from lxmert_viz.places import APP, DATA_VARIABLE
from lxmert_viz.ui.frame.navigation import ALL, MISTAKES, STATES
from lxmert_viz.ui.frame.navigation import Page as Listed
from tests.helpers import chromium
from tests.helpers.served_page import MILLISECONDS, WIDE, go_to, opened, served

QUIET_MS = 600  # without a change the page is taken to be still
FIRST_CELL = 3  # of a grid of lenses
HEADER, ROW = 35, 56  # pixels of the table of mistakes
OPEN_AT, QUESTION_AT = 115, 300
STOPWATCH = """
window.stopwatch = { begun: 0, last: 0 };
addEventListener("pointerdown", () => {
  stopwatch.begun = stopwatch.last = performance.now();
}, true);
new MutationObserver((changes) => {
  const parts = changes.map((change) => change.target.parentElement ?? change.target);
  if (parts.some((part) => part.closest?.(".stMain"))) stopwatch.last = performance.now();
}).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
"""
STILL = """
(quiet) => document.querySelector(".stApp")?.dataset.testScriptState === "notRunning"
  && performance.now() - Math.max(stopwatch.last, stopwatch.begun) > quiet
"""


@dataclass(frozen=True)
class Interaction:
    """One thing that a person does. prepare: what leads there, and is not measured."""

    name: str
    act: Callable[[Page, int], None]  # the number of the round
    prepare: Callable[[Page], None] = lambda page: None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="interactions whose names hold this text")
    options = parser.parse_args()
    versions = {"streamlit": streamlit.__version__, "python": platform.python_version()}
    machine = {"machine": platform.machine(), "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        os.environ[DATA_VARIABLE] = data
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        with served(APP, "--data", data) as address:
            page, _ = opened(browser, f"{address}/mistakes_page", WIDE)
            page.add_init_script(STOPWATCH)
            page.reload()
            evaluate(page)
            for name, rounds in measured(page, options.rounds, options.only):
                told = {"interaction": name, "ms": median(rounds), "rounds": rounds}
                print(json.dumps(told | versions | machine), flush=True)
        browser.close()


def evaluate(page: Page) -> None:
    """The study set, so that there are mistakes."""
    page.get_by_role("button", name="Ask the miniature all questions").click()
    page.get_by_text("Filter and search").wait_for()
    settle(page)


def measured(page: Page, rounds: int, only: str) -> Iterator[tuple[str, list[float]]]:
    for one in interactions():
        if only not in one.name:
            continue
        times = []
        for number in range(rounds + 1):
            one.prepare(page)
            settle(page)
            one.act(page, number)
            settle(page)
            times.append(round(page.evaluate("stopwatch.last - stopwatch.begun")))
        yield one.name, times[1:]  # the first computes


def settle(page: Page) -> None:
    page.wait_for_function(STILL, arg=QUIET_MS, timeout=MILLISECONDS, polling=50)


def interactions() -> Iterator[Interaction]:
    for before, after in zip(ALL[-1:] + ALL[:-1], ALL, strict=True):
        yield Interaction(f"page {after.title}", turn_to(after), lambda p, b=before: turn(p, b))
    yield Interaction("cell of a lens", click_cell, lambda p: be_on(p, STATES))
    yield Interaction("row of mistakes", row_at(QUESTION_AT), lambda p: be_on(p, MISTAKES))
    yield Interaction("open a row", row_at(OPEN_AT), lambda p: be_on(p, MISTAKES))


def be_on(page: Page, listed: Listed) -> None:
    if listed.file.removesuffix(".py") not in page.url:
        turn(page, listed)


def turn_to(listed: Listed) -> Callable[[Page, int], None]:
    return lambda page, number: turn(page, listed)


def turn(page: Page, listed: Listed) -> None:
    go_to(page, listed.title, listed.section)


def click_cell(page: Page, number: int) -> None:
    cells = page.locator(".st-key-states-grid .scatterlayer .points path")
    click(page, cells.nth(FIRST_CELL + number))


def click(page: Page, drawn: Locator) -> None:
    """Of an SVG, whose parts lie over one another."""
    box = drawn.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def row_at(across: int) -> Callable[[Page, int], None]:
    def act(page: Page, number: int) -> None:
        table = page.get_by_test_id("stDataFrame").first
        table.scroll_into_view_if_needed()
        table.click(position={"x": across, "y": HEADER + ROW * (number % 5) + ROW // 2})

    return act


if __name__ == "__main__":
    main()
