"""axe-core's serious and critical kinds: the stage, and every page, in both themes."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from lxmert_viz.ui.frame import navigation
from tests.browser.test_looks import payload
from tests.helpers.accessibility import grave_faults
from tests.helpers.served_page import MILLISECONDS, WIDE
from tests.helpers.stage_alone import mounted

pytestmark = pytest.mark.browser
DESK, PHONE = (1416, 900), (390, 844)
STILL = "document.getAnimations().every((one) => one.playState !== 'running')"
OF_THE_PAGE = ("document-title", "html-has-lang")  # not of the stage, which stands on any page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "selection",
    [
        "map=lang_from_vision.2&heads=1&locks=w3_r1_w4",
        "map=lang.2&heads=mean&scale=even&view=table&bins=11011",
        "map=vision.1&heads=max&against=other&measure=carried",
    ],
)
def test_the_stage_has_no_grave_fault(browser: Browser, theme: str, selection: str) -> None:
    page = mounted(browser, payload(), DESK, selection, theme=theme)
    assert grave_faults(page, but=OF_THE_PAGE) == []
    for menu in page.locator(".bar .menu > summary").all():
        menu.click()
        assert grave_faults(page, but=OF_THE_PAGE) == []
    page.add_style_tag(content=".word { color: #999 !important; background: #aaa !important; }")
    assert "color-contrast" in " ".join(grave_faults(page))  # this test can fail
    page.close()


def test_each_figure_of_a_phone_has_no_grave_fault(browser: Browser) -> None:
    page = mounted(browser, payload(), PHONE, "locks=w3_r1", is_touched=True)
    for figure in ("Picture", "Heads", "Matrix"):
        page.get_by_role("radio", name=figure, exact=True).first.check(force=True)
        assert grave_faults(page, but=OF_THE_PAGE) == []
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_grave_fault(browser: Browser, address: str, theme: str) -> None:
    context = browser.new_context(
        color_scheme=theme, viewport={"width": WIDE[0], "height": WIDE[1]}
    )
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS)
    found = {}
    for own in navigation.ALL:
        name = "" if own is navigation.ANSWERS else Path(own.path).stem
        page.goto(f"{address}/{name}")
        page.locator(
            '[data-testid="stMain"] :is(.stElementContainer, .stMarkdown):visible'
        ).first.wait_for()
        expect(page.locator(".stApp")).to_have_attribute(
            "data-test-script-state", "notRunning", timeout=MILLISECONDS
        )
        page.wait_for_load_state("networkidle")
        page.wait_for_function(STILL)  # what fades in is pale until it is there
        if faults := grave_faults(page):
            found[own.title] = faults
    assert found == {}
    context.close()
