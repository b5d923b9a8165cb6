"""Before and after in a real Chromium: two stages that move together."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.helpers.served_page import PHONE, WIDE, go_to, opened

pytestmark = pytest.mark.browser


def test_two_stages_move_together_with_one_scale(browser: Browser, address: str) -> None:
    page, complaints = opened(browser, address, WIDE)
    page.goto(f"{address}/edit_page?map=lang_from_vision.2&heads=3")
    page.get_by_role("radio", name="object", exact=True).click()
    page.get_by_role("button", name="Mask it").click()
    first, second = page.locator(".stage").nth(0), page.locator(".stage").nth(1)
    expect(second.locator(".word", has_text="[MASK]")).to_be_visible()
    expect(first.locator(".word", has_text="object")).to_be_visible()
    expect(page.locator(".stage")).to_have_count(2)

    first.get_by_role("button", name="Next layer").click()
    title = "Words read regions, cross layer 3 of 4, head 3"
    expect(first.locator("h3")).to_have_text(title)
    expect(second.locator("h3")).to_have_text(title)
    ends = [stage.locator(".ramp > span").last.inner_text() for stage in (first, second)]
    assert ends[0] == ends[1]
    first.get_by_text("Display", exact=True).click()
    first.get_by_role("radio", name="× value norm").check()
    colours = first.get_by_label("Colours")
    colours.select_option("model")  # the largest of all maps is another in each
    ends = [stage.locator(".ramp > span").last.inner_text() for stage in (first, second)]
    assert ends[0] == ends[1] != "1"
    first.get_by_role("radio", name="Alone").check()
    colours.select_option("map")
    page.keyboard.press("Escape")

    second.locator(".word", has_text="blue").hover()
    for stage in (first, second):
        expect(stage.locator(".pointed")).to_contain_text("word “blue” reads regions")
    second.locator(".word", has_text="[MASK]").hover()
    expect(first.locator(".pointed")).to_contain_text("Point at a word")  # it has no such word
    first.get_by_role("radio", name="Heads").check(force=True)  # side by side, one figure at a time
    first.locator(".head").first.hover()
    for stage in (first, second):
        expect(stage.locator(".picture")).to_be_hidden()
        expect(stage.locator("h3")).to_have_text("Words read words, language layer 1 of 2, head 1")
    expect(second.get_by_role("radio", name="Picture")).to_have_count(0)  # one set of controls
    expect(second.get_by_text("Save …", exact=True)).to_be_visible()
    first.get_by_role("radio", name="Picture").check(force=True)
    second.locator(".word", has_text="blue").click()
    for stage in (first, second):
        expect(stage.locator(".lock", has_text="word “blue”")).to_be_visible()
    second.locator(".word", has_text="[MASK]").click()  # the first has no such word
    expect(second.locator(".lock")).to_have_count(2)
    expect(first.locator(".lock")).to_have_count(1)

    go_to(page, "Attention")
    expect(page.locator(".stage")).to_have_count(1)
    page.wait_for_function("document.lxmertStages.size === 1")  # those that left are forgotten
    assert [text for text in complaints if "404" not in text] == []
    page.close()


def test_a_link_brings_an_edit_back_also_on_a_phone(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, WIDE)
    page.goto(f"{address}/edit_page")
    page.get_by_role("radio", name="object", exact=True).click()
    page.get_by_role("button", name="Mask it").click()
    expect(page.locator(".stage")).to_have_count(2)
    page.get_by_role("combobox", name="The picture").click()
    page.get_by_role("option", name="blank: features zeroed").click()
    expect(page).to_have_url(re.compile("regions=zeroed"))
    expect(page).to_have_url(re.compile("text=.*MASK"))
    expect(page.get_by_text("Steps (3)")).to_be_visible()
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    other, complaints = opened(browser, page.url, PHONE)
    expect(other.get_by_text("Steps (3)")).to_be_visible()
    expect(other.locator(".stage .word", has_text="[MASK]").last).to_be_visible()
    expect(other.get_by_text("Every region's features are zeros")).to_be_visible()
    main = other.get_by_test_id("stMain")
    assert main.evaluate("part => part.scrollWidth <= part.clientWidth")
    assert [text for text in complaints if "404" not in text] == []
    other.close()
    page.close()


def test_a_link_brings_a_comparison_back(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, WIDE)
    page.goto(f"{address}/compare_page?with=question&other=what%20is%20red%3F")
    expect(page.locator(".stage")).to_have_count(2)
    expect(page.locator(".stage").last.locator(".word", has_text="red")).to_be_visible()
    page.get_by_role("radio", name="Another picture").click()
    expect(page).to_have_url(re.compile("with=picture&other=scene-2"))
    page.goto(f"{address}/edit_page?off=77_1&regions=nonsense&seed=-3")
    expect(page.get_by_text("Steps (2)")).to_be_visible()  # only region 1 is off
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.close()
