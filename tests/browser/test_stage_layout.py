"""The stage of a network of the full size: what fits, what stays in place, what lies free."""

import itertools
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.stage import random_payload
from tests.helpers.stage_alone import mounted

pytestmark = pytest.mark.browser
WORDS, REGIONS = 20, 36
DESK, PHONE = (1416, 900), (390, 844)
START = "map=lang_from_vision.3&heads=4"
MOST_TABS = 8
PARTS = ("h3", ".locks", ".pointed", ".pair", ".words", ".picture", ".model", ".matrix", ".bar")
PLACE = """part => {
  const { x, y, width, height } = part.getBoundingClientRect();
  return [x, y, width, height];
}"""


@pytest.fixture(scope="module")
def payload() -> bytes:
    return random_payload(WORDS, REGIONS)


@pytest.fixture
def desk(browser: Browser, payload: bytes) -> Iterator[Page]:
    page = mounted(browser, payload, DESK, START)
    yield page
    page.close()


@pytest.fixture
def phone(browser: Browser, payload: bytes) -> Iterator[Page]:
    page = mounted(browser, payload, PHONE, START, is_touched=True)
    yield page
    page.close()


def places(page: Page) -> dict[str, list[float]]:
    return {part: page.locator(part).first.evaluate(PLACE) for part in PARTS}


def place(found: Locator) -> dict[str, float]:
    box = found.bounding_box()
    assert box is not None
    return {**box, "right": box["x"] + box["width"], "bottom": box["y"] + box["height"]}


def test_heads_picture_and_matrix_stand_side_by_side_on_a_desk(desk: Page) -> None:
    columns = [place(desk.locator(part).first) for part in (".model", ".picture", ".matrix")]
    for left, right in itertools.pairwise(columns):
        assert left["right"] < right["x"]
    assert max(column["y"] for column in columns) < 330
    assert max(column["bottom"] for column in columns) <= DESK[1]
    assert columns[-1]["right"] <= DESK[0]
    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_cells_of_heads_are_large_enough_to_point_at(desk: Page, phone: Page) -> None:
    phone.get_by_role("radio", name="Heads").first.check(force=True)
    for page, least in ((desk, 18), (phone, 24)):
        cell = place(page.locator(".head").first)
        assert min(cell["width"], cell["height"]) >= least
        assert page.locator(".head").count() == 12 * (9 + 5 + 4 * 5)


def test_nothing_moves_when_something_is_pointed_at_or_locked(desk: Page) -> None:
    before = places(desk)
    for family in ("lang", "vision_from_lang"):  # maps of other sizes stand where the first did
        desk.locator(f'.head[data-family="{family}"]').first.hover()
        moved = {part for part, at in places(desk).items() if at[:2] != before[part][:2]}
        assert moved == set()
    desk.mouse.move(0, 0)
    for number in range(4):
        desk.locator(".word").nth(number).click()
        assert places(desk) == before
    desk.locator(".region").first.click()
    assert places(desk) == before


def test_locks_share_one_line_and_the_others_wait_in_a_menu(desk: Page) -> None:
    for number in range(5):
        desk.locator(".word").nth(number).click()
    expect(desk.locator(".newest .lock")).to_have_count(2)
    desk.get_by_text("+3 more").click()
    others = desk.get_by_role("group", name="Other locks").locator(".lock")
    expect(others).to_have_count(3)
    others.last.click()  # the first that was locked
    expect(desk.locator(".word").first).to_have_attribute("aria-pressed", "false")
    desk.get_by_role("button", name="Unlock all").click()
    expect(desk.locator(".lock")).to_have_count(0)


def test_words_stand_in_one_row_that_scrolls(desk: Page) -> None:
    tops = desk.locator(".word").evaluate_all("all => all.map((w) => w.offsetTop)")
    assert len(tops) == WORDS
    assert len(set(tops)) == 1
    row = desk.locator(".words")
    assert row.evaluate("row => row.scrollWidth > row.clientWidth")


def test_links_stay_between_words_and_picture(desk: Page) -> None:
    desk.locator(".region").nth(3).click()  # of which words on and off the screen read
    scene, row = place(desk.locator(".scene")), place(desk.locator(".words"))
    links = desk.locator('.link[visibility="visible"]')
    assert links.count() > 0
    for number in range(links.count()):
        link = place(links.nth(number))
        assert scene["x"] - 8 <= link["x"]
        assert link["right"] <= scene["right"] + 8
        assert link["y"] >= row["y"]


def test_the_picture_keeps_its_colours(desk: Page) -> None:
    """No veil and no dimming, and boxes that lie on one another do not add up."""
    desk.locator(".word").nth(3).click()
    desk.mouse.move(0, 0)
    assert desk.locator(".picture img").evaluate("i => getComputedStyle(i).filter") == "none"
    grounds = desk.locator(".box").evaluate_all(
        "all => [...new Set(all.map((box) => getComputedStyle(box).backgroundColor))]"
    )
    assert grounds == ["rgba(0, 0, 0, 0)"]


def test_of_many_boxes_only_the_few_that_matter_have_colour_and_a_tag(desk: Page) -> None:
    desk.locator(".word").nth(3).click()
    desk.mouse.move(0, 0)
    expect(desk.locator(".box.ringed")).to_have_count(5)
    tags = desk.locator(".tag").evaluate_all("all => all.filter((t) => t.checkVisibility()).length")
    assert tags == 5
    desk.wait_for_timeout(500)  # the list's numbers follow when the pointer rests
    weights = desk.locator(".region .amount").all_inner_texts()
    assert len(weights) == REGIONS
    shown = [float(text.split("·")[1]) for text in desk.locator(".strong .tag").all_inner_texts()]
    assert sorted(shown) == sorted(map(float, weights))[-5:]
    region = desk.locator(".region").nth(7)
    region.hover()
    tag = desk.locator('.box[data-region="8"] .tag')
    expect(tag).to_be_visible()
    expect(tag).to_contain_text(region.locator(".name").inner_text())


def test_the_words_are_few_tab_stops_away(desk: Page) -> None:
    desk.locator("body").evaluate("body => { body.tabIndex = -1; body.focus(); }")
    for _ in range(MOST_TABS):
        desk.keyboard.press("Tab")
        if desk.locator(":focus").evaluate("part => part.className") == "word":
            break
    assert desk.locator(".word:focus").count() == 1, f"no word after {MOST_TABS} tab stops"


def test_a_stepper_steps_by_arrow_keys(desk: Page) -> None:
    layer = desk.get_by_role("spinbutton", name="layer")
    layer.focus()
    desk.keyboard.press("ArrowUp")
    expect(layer).to_have_attribute("aria-valuetext", "Layer 4 of 5")
    expect(desk.locator("h3")).to_contain_text("cross layer 4 of 5")


def test_on_a_phone_steppers_are_at_the_thumb_and_a_figure_is_whole(phone: Page) -> None:
    for figure, part in (("Picture", ".picture"), ("Matrix", ".matrix-frame")):
        phone.get_by_role("radio", name=figure, exact=True).first.check(force=True)
        steppers = place(phone.locator(".steppers"))
        assert PHONE[1] - 220 <= steppers["y"]
        assert steppers["bottom"] <= PHONE[1]
        found = place(phone.locator(part))
        assert found["y"] > 0
        assert found["bottom"] <= steppers["y"]
    expect(phone.locator(".pointed")).to_contain_text("Tap a word")
    phone.get_by_role("button", name="Next head").click()
    expect(phone.locator("h3")).to_contain_text("head 5")
