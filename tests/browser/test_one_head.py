"""The job: find the head that makes “red” look at the red object, and save its picture."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from lxmert_viz.pipeline import Pipeline
from lxmert_viz.ui.server import examples
from tests.helpers.served_page import WIDE, opened

pytestmark = pytest.mark.browser
QUESTION = "is the red object left of the large cube?"
TEXT = "{http://www.w3.org/2000/svg}text"


def test_the_head_that_reads_red_is_found_in_two_clicks_and_saved(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    scene = examples.examples()[0]
    pipeline = Pipeline.open(device="cpu")
    trace = pipeline.ask(pipeline.look(scene.picture.content), QUESTION)
    word = trace.tokens.pieces.index("red")
    (region,) = (i for i, name in enumerate(trace.regions.names) if "red" in name.split())
    weights = trace.attention["lang_from_vision"][:, :, word, region]  # (L, H)
    layer, head = np.unravel_index(weights.argmax(), weights.shape)

    page, complaints = opened(browser, address, WIDE)
    page.goto(f"{address}/attention_page?example={scene.name}&question={QUESTION}")
    stage = page.locator(".stage")
    stage.locator(".word", has_text="red").click()
    stage.locator(f'.box[data-region="{region + 1}"]').click()
    best = stage.locator(".best").first
    expect(best).to_have_text(f"L{layer + 1} H{head + 1}: {weights.max():.2f}")
    expect(stage.locator(".best")).to_have_count(5)
    cell = f'[data-family="lang_from_vision"][data-layer="{layer}"][data-head="{head}"]'
    expect(stage.locator(f".head{cell}")).to_have_attribute(
        "aria-label", re.compile(f"red reads .* {weights.max():.3f}$")
    )

    best.click()
    title = f"Words read regions, cross layer {layer + 1} of {len(weights)}, head {head + 1}"
    expect(stage.locator("h3")).to_have_text(title)
    page.get_by_text("Save …").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save Words and picture as SVG").click()
    download.value.save_as(tmp_path / "red.svg")
    texts = [node.text or "" for node in ET.parse(tmp_path / "red.svg").getroot().iter(TEXT)]
    assert "red" in texts
    assert title in " ".join(texts)
    page.keyboard.press("Escape")  # closes the menu, and keeps what is locked

    back = trace.attention["vision_from_lang"][:, :, region, word]
    stage.get_by_role("button", name="The other way").click()
    expect(best).to_contain_text(f"{back.max():.2f}")
    assert [text for text in complaints if "404" not in text] == []
    page.close()
