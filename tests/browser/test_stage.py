"""The stage in a real Chromium, on the shipped miniature and its first scene."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Trace
from lxmert_viz.ui.server import examples
from tests.helpers.served_page import PHONE, WIDE, opened

pytestmark = pytest.mark.browser
HEAD = '.head[data-family="{}"][data-layer="{}"][data-head="{}"]'
START = "?map=lang_from_vision.2&heads=3"


@pytest.fixture(scope="module")
def trace() -> Trace:
    """What the page shows: the first scene with its first question."""
    scene = examples.examples()[0]
    pipeline = Pipeline.open(device="cpu")
    return pipeline.ask(pipeline.look(scene.picture.content), scene.questions[0].text)


@pytest.fixture(scope="module")
def wide(browser: Browser, address: str) -> Iterator[Page]:
    """One page for all that needs no size of its own; every test goes to its own address."""
    page, _ = opened(browser, address, WIDE)
    yield page
    page.close()


def stage(page: Page, address: str, selection: str = START) -> Locator:
    page.goto(f"{address}/attention_page{selection}")
    found = page.locator(".stage")
    expect(found.locator(".word").first).to_be_visible()
    return found


def pressed(found: Locator) -> Locator:
    return found.locator('[aria-pressed="true"]:not(.head, .chip)')


def numbers(found: Locator) -> np.ndarray:
    """The map as the table shows it."""
    rows = found.locator("tbody tr").all()
    cells = [row.locator("td").all_inner_texts() for row in rows]
    return np.array(cells, dtype=np.float32)


def test_a_lock_holds_until_it_is_let_go(wide: Page, address: str) -> None:
    found = stage(wide, address)
    word = found.locator(".word", has_text="object")
    word.hover()
    expect(found.locator(".pointed")).to_contain_text(
        "word “object” reads regions, cross layer 2, head 3"
    )
    expect(found.locator(".picture")).to_have_class(re.compile("lit"))
    word.click()
    lock = found.locator(".lock", has_text="word “object”")
    expect(lock).to_be_visible()
    said = "locked: word “object” reads regions, cross layer 2, head 3"
    wide.mouse.move(0, 0)
    expect(found.locator(".pointed")).to_contain_text(said)
    found.locator(".box").last.click()
    expect(found.locator(".lock")).to_have_count(2)
    word.click()
    expect(lock).to_have_count(0)
    wide.keyboard.press("Escape")
    expect(pressed(found)).to_have_count(0)


def test_what_is_shown_equals_the_trace(wide: Page, address: str, trace: Trace) -> None:
    family = trace.attention["vision_from_lang"]
    found = stage(wide, address, "?map=vision_from_lang.3&heads=2&view=table")
    expect(found.locator("tbody tr")).to_have_count(len(trace.regions))
    assert np.allclose(numbers(found), family[2, 1], atol=6e-5)
    found.get_by_role("radio", name="Mean").check()
    expect(found.locator("caption")).to_contain_text("mean over 4 heads")
    assert np.allclose(numbers(found), family[2].mean(axis=0), atol=6e-5)


def test_a_box_lights_the_words_that_read_it(wide: Page, address: str, trace: Trace) -> None:
    found = stage(wide, address)
    region = 1
    found.locator(f'.box[data-region="{region + 1}"]').hover()
    expect(found.locator(".pointed")).to_contain_text("is read by words")
    amounts = found.locator(".word .amount").all_inner_texts()
    weights = trace.attention["lang_from_vision"][1, 2, :, region]
    assert np.allclose(np.array(amounts, np.float32), weights, atol=6e-3)


def test_a_cell_lights_its_word_and_its_box(wide: Page, address: str) -> None:
    found = stage(wide, address)
    found.locator('.matrix rect[data-row="5"][data-column="2"]').hover()
    expect(found.locator(".word.framed")).to_have_count(1)
    expect(found.locator(".box.framed")).to_have_count(1)


def test_the_keyboard_alone_moves_locks_and_unlocks(wide: Page, address: str) -> None:
    found = stage(wide, address)
    found.locator(HEAD.format("lang_from_vision", 1, 2)).focus()
    wide.keyboard.press("ArrowRight")
    expect(found.locator("h3")).to_have_text("Words read regions, cross layer 2 of 4, head 4")
    wide.keyboard.press("ArrowDown")
    expect(found.locator("h3")).to_have_text("Words read regions, cross layer 3 of 4, head 4")
    for _ in range(2):  # past the last layer begins the next block
        wide.keyboard.press("ArrowDown")
    expect(found.locator("h3")).to_have_text("Regions read words, cross layer 1 of 4, head 4")
    wide.keyboard.press("ArrowLeft")
    expect(found.locator("h3")).to_have_text("Regions read words, cross layer 1 of 4, head 3")
    found.locator(".word").first.focus()
    wide.keyboard.press("ArrowRight")
    wide.keyboard.press("Enter")
    expect(found.locator('.word[aria-pressed="true"]')).to_have_count(1)
    wide.keyboard.press("ArrowDown")
    expect(found.locator("h3")).to_have_text("Regions read words, cross layer 2 of 4, head 3")
    wide.keyboard.press("Escape")
    expect(pressed(found)).to_have_count(0)


def test_the_address_brings_the_view_back(wide: Page, address: str) -> None:
    found = stage(wide, address)
    found.locator(HEAD.format("vision_from_lang", 3, 0)).click()
    found.locator(".word").nth(4).click()
    found.get_by_text("Display", exact=True).click()
    found.get_by_role("radio", name="Whole").check()
    expect(wide).to_have_url(re.compile(r"map=vision_from_lang\.4.*words=whole.*locks=w5"))
    wide.mouse.move(0, 0)
    said = found.locator(".pointed")
    expect(said).to_contain_text("locked: word")
    before = said.inner_text()
    wide.reload()
    expect(found.locator("h3")).to_have_text("Regions read words, cross layer 4 of 4, head 1")
    expect(said).to_have_text(before)


def test_heads_outside_of_the_filter_do_not_count(wide: Page, address: str, trace: Trace) -> None:
    family = trace.attention["lang_from_vision"]
    bins = np.minimum((family.max(axis=(2, 3)) * 5).astype(int), 4)  # (L, H)
    layer = int(np.ptp(bins, axis=1).argmax())
    hidden = bins[layer].max()
    kept = bins[layer] != hidden
    assert kept.any(), "this scene has no layer whose heads differ"
    shown = f"?map=lang_from_vision.{layer + 1}&heads=mean&statistic=largest&view=table"
    found = stage(wide, address, shown)
    found.locator(".chip").nth(hidden).click()
    expect(found.locator("caption")).to_contain_text(f"mean over {kept.sum()} of 4 heads")
    assert np.allclose(numbers(found), family[layer, kept].mean(axis=0), atol=6e-5)


def test_changes_ask_nothing_of_the_server(browser: Browser, address: str) -> None:
    page, complaints = opened(browser, address, WIDE)
    frames: list[str] = []
    page.on("websocket", lambda s: s.on("framesent", lambda _: frames.append("sent")))
    found = stage(page, address)
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    before = len(frames)
    found.locator(HEAD.format("lang", 0, 1)).click()
    found.locator(".word").nth(2).click()
    found.get_by_label("Colour heads by").select_option("k90")
    found.get_by_role("button", name="Previous layer").click()
    expect(found.locator(".lock")).to_be_visible()
    assert len(frames) == before
    # Chromium asks for the page's icon again when an address changes
    assert [url for url in asked if not url.endswith(".png")] == []
    assert [text for text in complaints if "404" not in text] == []
    page.close()


def test_on_a_phone_a_tap_locks_and_nothing_is_cut(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, PHONE)
    found = stage(page, address)
    found.locator(".word").nth(1).click()
    expect(found.locator(".lock")).to_be_visible()
    parts = {"Picture": (".words", ".picture"), "Heads": (".model",), "Matrix": (".matrix-frame",)}
    for figure, own in parts.items():
        found.get_by_role("radio", name=figure, exact=True).first.check(force=True)
        for part in (*own, ".steppers"):
            place = found.locator(part).bounding_box()
            assert place is not None
            assert place["x"] >= 0
            assert place["x"] + place["width"] <= PHONE[0]
        others = [part for name in parts if name != figure for part in parts[name]]
        assert not [part for part in others if found.locator(part).is_visible()]
    main = page.get_by_test_id("stMain")
    assert main.evaluate("part => part.scrollWidth <= part.clientWidth")
    page.close()


def test_query_and_key_are_computed_on_request(wide: Page, address: str, trace: Trace) -> None:
    found = stage(wide, address, "?map=lang_from_vision.2&heads=3")
    ask_inside = found.get_by_role("button", name="Query and key of cross layer 2, head 3")
    expect(ask_inside).to_be_hidden()
    found.locator(".word", has_text="object").click()
    ask_inside.click()
    expect(wide.get_by_text("Inside cross-modality encoder, words read regions")).to_be_visible()
    expect(wide.locator(".gtitle", has_text="What each dimension adds")).to_be_visible()
    place = trace.tokens.pieces.index("object")
    strongest = int(trace.attention["lang_from_vision"][1, 2, place].argmax())
    name = trace.regions.names[strongest]
    expect(
        wide.locator(".gtitle-subtitle", has_text=f"“object” · “{strongest + 1} {name}”")
    ).to_be_visible()
    expect(found.locator(".lock")).to_have_count(1)  # the stage is as it was
