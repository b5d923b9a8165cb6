"""From the board to an example and back, in a real browser, on the shipped study set."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lxmert_viz.places import APP, DATA_VARIABLE
from tests.helpers.served_page import PHONE, WIDE, opened, served
from tests.helpers.small_run import put_captions

pytestmark = pytest.mark.browser
HEADER, ROW = 35, 56  # pixels of the table
OPEN_AT, QUESTION_AT = 115, 300


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATA_VARIABLE, str(tmp_path_factory.mktemp("data")))
        with served(APP) as address:
            yield f"{address}/mistakes_page"


def click_cell(page: Page, row: int, across: int) -> None:
    table = page.get_by_test_id("stDataFrame").first
    expect(table.locator("canvas").first).to_be_visible()
    table.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # the canvas draws itself after it is there
    table.click(position={"x": across, "y": HEADER + ROW * row + ROW // 2})


def are_apart(one: dict[str, float], other: dict[str, float]) -> bool:
    return any(
        first[side] + first[length] <= second[side]
        for side, length in (("x", "width"), ("y", "height"))
        for first, second in ((one, other), (other, one))
    )


def test_study_set_to_example_and_back(browser: Browser, board: str) -> None:
    page, complaints = opened(browser, board, WIDE)
    page.get_by_role("button", name="Ask the miniature all questions").click()
    expect(page.get_by_text("Filter and search")).to_be_visible()
    page.get_by_role("button", name="Mistakes only").click()
    expect(page.locator(".st-key-board-terms")).to_contain_text("correct=no")
    click_cell(page, 1, QUESTION_AT)
    shown = page.locator(".st-key-board-row")
    expect(shown).to_contain_text("wrong")
    question = shown.locator("p").first.inner_text()
    tools = page.get_by_test_id("stElementToolbar").first
    expect(tools).to_be_visible()
    for other in page.locator(":is(.st-key-board-views, .st-key-board-pages) button").all():
        assert are_apart(tools.bounding_box(), other.bounding_box())
    click_cell(page, 0, OPEN_AT)
    expect(page.locator(".stage-frame")).to_be_visible()
    asked = page.get_by_label("Question or caption").input_value()
    assert question not in asked  # the first row, not the one that was shown
    page.locator(".st-key-bar-back a:visible").click()
    expect(page.locator(".st-key-board-row")).to_be_visible()
    expect(page.locator(".st-key-board-terms")).to_contain_text("correct=no")
    assert page.locator(".st-key-board-row p").first.inner_text() in asked
    page.reload()
    expect(page.locator(".st-key-board-row")).to_be_visible()
    assert page.locator(".st-key-board-row p").first.inner_text() in asked
    assert [c for c in complaints if "404" not in c] == []
    page.close()


def test_mistakes_are_judged_by_where_the_model_looked(browser: Browser, board: str) -> None:
    page, complaints = opened(browser, f"{board}?view=Causes", WIDE)
    start = page.get_by_role("button", name="Ask the miniature all questions")
    judge = page.get_by_role("button", name=re.compile("Judge .* by where the model looked"))
    expect(start.or_(judge)).to_be_visible()
    if start.is_visible():
        start.click()
    looked = [
        page.locator(f".st-key-causes-show-{way} button") for way in ("looked-away", "looked-right")
    ]
    for button in looked:
        expect(button).to_have_count(0)  # causes of no mistake are folded
    unexplained = int(re.search(r"Judge ([\d,]+)", judge.inner_text())[1].replace(",", ""))
    judge.click()
    expect(looked[0].or_(looked[1])).not_to_have_count(0)
    expect(judge).to_have_count(0)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    judged = [int(text) for button in looked for text in button.all_inner_texts()]
    assert 0 < sum(judged) <= unexplained
    assert [line for line in complaints if "404" not in line] == []
    page.close()


def test_the_board_fits_a_phone(browser: Browser, board: str) -> None:
    page, _ = opened(browser, board, PHONE)
    expect(page.get_by_text("Filter and search")).to_be_visible()
    wide = "document.documentElement.scrollWidth <= window.innerWidth"
    assert page.evaluate(wide)
    page.close()


def test_a_kind_of_captions_leads_to_its_rows(
    browser: Browser, board: str, photograph: bytes
) -> None:
    data = Path(os.environ[DATA_VARIABLE])
    (data / "ball.jpg").write_bytes(photograph)
    put_captions(data / "runs" / "toy", data / "ball.jpg")
    page, complaints = opened(browser, f"{board}?run=runs/toy&view=Matching", WIDE)
    figure = page.locator(".stPlotlyChart").filter(has_text="pairwise, lowest first")
    bars = figure.locator(".barlayer .point path")
    expect(bars).to_have_count(2)
    bars.first.scroll_into_view_if_needed()
    box = bars.first.bounding_box()  # a click reaches the figure's layer above the bar
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile("where=question_type"))
    expect(page.locator(".st-key-board-terms")).to_contain_text("side")
    expect(page.locator(".st-key-board-table")).to_be_visible()
    assert [c for c in complaints if "404" not in c] == []
    page.close()
