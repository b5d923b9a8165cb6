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
from lxmert_viz.ui.server import examples
from tests.helpers.served_page import PHONE, WIDE, opened

pytestmark = pytest.mark.browser
TEXT = "{http://www.w3.org/2000/svg}text"
MEASURED = """() => {
  const [root] = document.getElementsByTagName("svg");
  const { width, height } = root.getBoundingClientRect();
  const isIn = (inner, outer) => inner.left >= outer.left - 1 && inner.right <= outer.right + 1
    && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  const place = (part) => part.getBoundingClientRect();
  const texts = [...root.querySelectorAll("text")];
  const tags = texts.filter((text) => / · /.test(text.textContent)
    && text.previousElementSibling?.tagName === "rect");
  return {
    width,
    drawing: Math.max(
      ...[...root.querySelectorAll(":scope > svg")].map((s) => s.width.baseVal.value)),
    outside: texts.filter((text) => !isIn(place(text), place(root))).map((t) => t.textContent),
    tags: tags.filter((text) => !isIn(place(text), place(text.previousElementSibling))).length
      ? tags.map((t) => t.textContent) : [],
    key: root.querySelectorAll("linearGradient stop").length > 4
      || root.querySelectorAll(":scope > svg:last-of-type > rect").length === 5,
  };
}"""
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
    caption = " ".join(texts)  # its lines are broken at the figure's width
    assert "Model miniature. “" in caption
    assert ("entropy" if figure.startswith("Heads") else TITLE).lower() in caption.lower()
    if not figure.startswith("Heads"):
        assert {"[CLS]", "object"} <= set(texts)


@pytest.mark.parametrize("figure", ["Words and picture", "Matrix", "Heads of the model"])
def test_a_figure_s_canvas_holds_all_of_it_and_a_colour_key(
    stage: Page, browser: Browser, tmp_path: Path, figure: str
) -> None:
    page = browser.new_page()
    page.goto(saved(stage, f"Save {figure} as SVG", tmp_path).as_uri())
    told = page.evaluate(MEASURED)
    page.close()
    assert told["outside"] == []
    assert told["width"] <= told["drawing"] + 40  # a long caption is broken, not made room for
    assert told["key"]
    assert told["tags"] == []


def test_a_figure_that_is_not_shown_is_saved_too(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    page, _ = opened(browser, address, PHONE)
    page.goto(f"{address}/attention_page?map=lang_from_vision.2&heads=3&view=table")
    page.get_by_text("Save …").click()
    root = ET.parse(saved(page, "Save Matrix as SVG", tmp_path)).getroot()
    page.close()
    texts = [node.text or "" for node in root.iter(TEXT)]
    assert {"[CLS]", "object"} <= set(texts)
    assert float(root.attrib["width"]) > 200


def test_a_figure_is_pixels_of_twice_the_size(stage: Page, tmp_path: Path) -> None:
    svg = ET.parse(saved(stage, "Save Matrix as SVG", tmp_path)).getroot()
    with Image.open(saved(stage, "Save Matrix as PNG", tmp_path)) as png:
        assert png.size == (2 * int(svg.attrib["width"]), 2 * int(svg.attrib["height"]))
        assert len(png.convert("RGB").getcolors(maxcolors=10**6)) > 20


def test_numbers_are_those_of_the_map(stage: Page, tmp_path: Path) -> None:
    scene = examples.examples()[0]
    pipeline = Pipeline.open(device="cpu")
    trace = pipeline.ask(pipeline.look(scene.picture.content), scene.questions[0].text)
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


@pytest.fixture(scope="module")
def answers(browser: Browser, address: str) -> Iterator[Page]:
    page, complaints = opened(browser, address, WIDE)
    yield page
    page.close()
    assert complaints == []


BARS = "lxmert-probability-of-each-answer"


def test_a_plotly_figure_is_vectors_with_text_and_a_caption(answers: Page, tmp_path: Path) -> None:
    root = ET.parse(saved(answers, f"Save {BARS} as SVG", tmp_path)).getroot()
    texts = ["".join(node.itertext()) for node in root.iter(TEXT)]
    assert any("Probability of each answer" in text for text in texts)
    assert any("softmax over" in text for text in texts)
    asked = examples.examples()[0].questions[0].text
    assert texts[-1] == f"Model miniature. “{asked}”"
    assert not [paint for node in root.iter() if (paint := node.get("fill", "")).startswith("rgba")]


def test_a_plotly_figure_is_pixels_of_twice_the_size(answers: Page, tmp_path: Path) -> None:
    svg = ET.parse(saved(answers, f"Save {BARS} as SVG", tmp_path)).getroot()
    with Image.open(saved(answers, f"Save {BARS} as PNG", tmp_path)) as png:
        assert png.size == (2 * int(svg.attrib["width"]), 2 * int(svg.attrib["height"]))
        colours = {colour for _, colour in png.convert("RGB").getcolors(maxcolors=10**6)}
    assert {(91, 143, 168), (255, 255, 255)} <= colours  # bars on the page's ground


def test_numbers_of_a_plotly_figure_are_those_of_the_answers(answers: Page, tmp_path: Path) -> None:
    scene = examples.examples()[0]
    pipeline = Pipeline.open(device="cpu")
    trace = pipeline.ask(pipeline.look(scene.picture.content), scene.questions[0].text)
    with saved(answers, f"Save {BARS} as CSV", tmp_path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    probabilities = [float(row["x"]) for row in rows]
    assert np.allclose(
        probabilities, [a.probability for a in trace.answers[: len(rows)]], atol=1e-6
    )
    assert rows[0]["y"].startswith(f"1. {trace.answers[0].text}")
    assert rows[0]["about"] == f"Model miniature. “{trace.tokens.text}”"


def test_figures_of_a_head_name_layer_and_head(stage: Page, tmp_path: Path) -> None:
    stage.get_by_text("Save …").click()  # its menu lies over the page
    stage.get_by_role("button", name="Query and key").first.click()
    label = "Save lxmert-what-head-3-of-4-writes-into-the-state as SVG"
    texts = [n.text or "" for n in ET.parse(saved(stage, label, tmp_path)).getroot().iter(TEXT)]
    assert any("words read regions, layer 2, head 3" in text for text in texts)


def test_a_picture_with_its_regions_is_saved_with_frames_and_numbers(
    answers: Page, tmp_path: Path
) -> None:
    seen = Pipeline.open(device="cpu").look(examples.examples()[0].picture.content)
    root = ET.parse(saved(answers, "Save lxmert-regions as SVG", tmp_path)).getroot()
    texts = [node.text for node in root.iter(TEXT)]
    assert sorted(texts[:-1], key=int) == [str(number + 1) for number in range(len(seen))]
    assert texts[-1] == f"{len(seen)} regions, detector miniature, profile trained"
    (image,) = root.iter("{http://www.w3.org/2000/svg}image")
    assert image.get("href").startswith("data:image/jpeg;base64,")
    with Image.open(saved(answers, "Save lxmert-regions as PNG", tmp_path)) as png:
        assert len(png.convert("RGB").getcolors(maxcolors=10**6)) > 1000  # the picture is in it
    with saved(answers, "Save lxmert-regions as CSV", tmp_path).open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == list(seen.names)
