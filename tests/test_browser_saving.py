"""Files that the stage makes in the browser, each opened again."""

import csv
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from lxmert_viz.pipeline import Pipeline
from lxmert_viz.ui import resources
from tests.served_page import WIDE, opened

pytestmark = pytest.mark.browser

TEXT = "{http://www.w3.org/2000/svg}text"
TITLE = "Words read regions, cross layer 2 of 4, head 3"


@pytest.fixture(scope="module")
def stage(browser: Browser, address: str) -> Iterator[Page]:
    """The stage with a locked word and its menu open."""
    page, _ = opened(browser, address, WIDE)
    page.goto(f"{address}/attention_page?map=lang_from_vision.2&heads=3&locks=w2")
    page.get_by_text("Save …").click()
    yield page
    page.close()


def saved(page: Page, label: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=label).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.mark.parametrize("figure", ["Words and picture", "Matrix", "Heads of the model"])
def test_a_figure_is_vectors_with_text_and_a_caption(
    stage: Page, tmp_path: Path, figure: str
) -> None:
    root = ET.parse(saved(stage, f"Save {figure} as SVG", tmp_path)).getroot()
    texts = [node.text or "" for node in root.iter(TEXT)]
    assert texts[-1].startswith("Model miniature. “")
    assert ("entropy" if figure.startswith("Heads") else TITLE).lower() in texts[-2].lower()
    if not figure.startswith("Heads"):
        assert {"[CLS]", "cylinder"} <= set(texts)


def test_a_figure_is_pixels_of_twice_the_size(stage: Page, tmp_path: Path) -> None:
    svg = ET.parse(saved(stage, "Save Matrix as SVG", tmp_path)).getroot()
    with Image.open(saved(stage, "Save Matrix as PNG", tmp_path)) as png:
        assert png.size == (2 * int(svg.attrib["width"]), 2 * int(svg.attrib["height"]))
        assert len(png.convert("RGB").getcolors(maxcolors=10**6)) > 20


def test_numbers_are_those_of_the_map(stage: Page, tmp_path: Path) -> None:
    scene = resources.examples()[0]
    pipeline = Pipeline.open(device="cpu")
    trace = pipeline.ask(pipeline.look(scene.picture), scene.questions[0].text)
    with saved(stage, "Save numbers as CSV", tmp_path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    weights = trace.attention["lang_from_vision"][1, 2]
    assert [row["reads"] for row in rows[:: weights.shape[1]]] == list(trace.tokens.pieces)
    assert np.allclose([float(row["weight"]) for row in rows], weights.ravel(), atol=1e-6)
    assert rows[0]["map"] == f"miniature: {TITLE}"


def test_a_saved_page_works_without_a_network(
    stage: Page, browser: Browser, tmp_path: Path
) -> None:
    path = saved(stage, "Save this stage as a page", tmp_path)
    context = browser.new_context(offline=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    expect(page.locator("h3")).to_have_text(TITLE)
    expect(page.locator(".lock")).to_have_count(1)
    page.locator(".lock").click()
    page.locator(".word").nth(3).hover()
    expect(page.locator(".pointed")).to_contain_text("reads regions, cross layer 2, head 3")
    page.locator(".word").nth(3).click()
    expect(page).to_have_url(re.compile("locks=w4"))
    page.reload()
    expect(page.locator(".lock")).to_have_count(1)
    assert page.locator("img").evaluate("picture => picture.naturalWidth") > 0
    assert complaints == []
    context.close()


def test_bars_are_saved_as_vectors(browser: Browser, address: str, tmp_path: Path) -> None:
    page, _ = opened(browser, address, WIDE)
    page.locator(".js-plotly-plot").first.hover()
    with page.expect_download() as download:
        page.locator(".modebar-btn").first.click()
    download.value.save_as(tmp_path / "bars.svg")
    root = ET.parse(tmp_path / "bars.svg").getroot()
    assert any("Probability of each answer" in (node.text or "") for node in root.iter())
    page.close()
