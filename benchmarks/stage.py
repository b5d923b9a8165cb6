"""How fast the stage answers in the browser, on maps of the full size.

python -m benchmarks.stage [--words N] [--regions N] [--repeat N]

Serves the stage with random maps (9, 5 and 5 layers of 12 heads), moves a real pointer over it in
Chromium and reads the page's own performance measures: from the event's arrival in the page to the
end of the frame that shows it. Prints one JSON object a line: milliseconds, median and 95th
percentile, for pointing (hover), locks, layers, heads, statistics; the first paint after the
payload has arrived; building the payload of a trace on the server; and what was sent to the server
meanwhile, which should be nothing.
"""

import argparse
import json
import platform
import shutil
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from lxmert_viz.records import Regions, Tokens, Trace
from lxmert_viz.stage_data import stage_data
from tests.helpers.served_page import served

HEADS, HIDDEN = 12, 768
LAYERS = {"lang": 9, "vision": 5, "cross": 5}
SIZE_PX = (640, 480)
WIDE = {"width": 1440, "height": 1400}
STATISTICS = ("k90", "update", "special", "largest", "distance", "entropy")
PAUSE_MILLISECONDS = 60  # a frame and its measure are over by then, also on a busy machine
APP = """
import streamlit as st
from benchmarks.stage import random_payload
from lxmert_viz.ui.browser import stage

st.set_page_config(layout="wide")
stage.show(random_payload({words}, {regions}))
"""
OBSERVE = """
window.measured = [];
new PerformanceObserver((list) => {
  for (const { name, duration } of list.getEntries()) window.measured.push([name, duration]);
}).observe({ entryTypes: ["measure"] });
"""
CENTRES = """
(stage) => [...stage.querySelectorAll(".word, .box, .matrix rect[data-row]")].map((part) => {
  const { x, y, width, height } = part.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
}).filter(([, y]) => y < innerHeight)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--words", type=int, default=20)
    parser.add_argument("--regions", type=int, default=36)
    parser.add_argument("--repeat", type=int, default=200, help="interactions, hover and others")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        script = Path(folder) / "stage_app.py"
        script.write_text(APP.format(words=options.words, regions=options.regions))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        with served(script) as address:
            page = browser.new_page(viewport=WIDE)
            page.add_init_script(OBSERVE)
            sent = listen(page)
            page.goto(address)
            page.locator(".stage .head").first.wait_for(timeout=120_000)
            page.wait_for_timeout(2000)
            sent.clear()
            interact(page, options.repeat)
            measured = page.evaluate("window.measured")
        built = [["stage.payload", building_milliseconds(options)] for _ in range(5)]
        report(options, measured + built, len(sent), browser.version)


def building_milliseconds(options: argparse.Namespace) -> float:
    """Statistics, rollout and payload of a trace that is there, with a picture of no size."""
    trace, picture = random_trace(options.words, options.regions), noise((8, 8))
    start = time.perf_counter()
    stage_payload(trace, picture)
    return 1000 * (time.perf_counter() - start)


def listen(page: Page) -> list[str]:
    """Fills with every request and every message to the server."""
    sent: list[str] = []
    page.on("request", lambda request: is_icon(request.url) or sent.append(request.url))
    page.on("websocket", lambda s: s.on("framesent", lambda _: sent.append("message")))
    return sent


def is_icon(url: str) -> bool:
    """Chromium asks for the page's icon again whenever an address changes."""
    return url.endswith(".png")


def interact(page: Page, repeat: int) -> None:
    """Half of all are hovers over words, boxes, cells; the rest layers, heads, statistics."""
    numbers = np.random.default_rng(0)
    centres = page.locator(".stage").evaluate(CENTRES)
    for place in numbers.integers(len(centres), size=repeat // 2):
        page.mouse.move(*centres[place])
        page.wait_for_timeout(PAUSE_MILLISECONDS)
    page.mouse.move(0, 0)
    heads = page.locator(".head").all()
    choice = page.get_by_label("Colour heads by")
    for turn in range(repeat // 2):
        if turn % 5 == 0:
            page.locator(".word").nth(turn // 5 % 8).click()
        elif turn % 5 == 1:
            choice.select_option(STATISTICS[turn // 5 % len(STATISTICS)])
        elif turn % 5 == 2:
            heads[numbers.integers(len(heads))].click()
        else:
            name = "Previous layer" if turn // 10 % 2 else "Next layer"
            page.get_by_role("button", name=name).click()
        page.wait_for_timeout(PAUSE_MILLISECONDS)


def random_payload(words: int, regions: int) -> bytes:
    return stage_payload(random_trace(words, regions), noise(SIZE_PX))


def noise(size_px: tuple[int, int]) -> bytes:
    picture = BytesIO()
    Image.effect_noise(size_px, 60).convert("RGB").save(picture, "JPEG")
    return picture.getvalue()


def stage_payload(trace: Trace, picture: bytes) -> bytes:
    norms = {name: maps.mean(axis=2) for name, maps in trace.attention.items()}  # any lengths
    return stage_data(trace, picture, norms=norms)


def random_trace(words: int, regions: int) -> Trace:
    numbers = np.random.default_rng(0)
    sizes = {"lang": words, "vision": regions}

    def maps(stage: str, queries: str, keys: str) -> np.ndarray:
        scores = 2 * numbers.normal(size=(LAYERS[stage], HEADS, sizes[queries], sizes[keys]))
        weights = np.exp(scores)
        return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)

    def states(stream: str) -> dict[str, np.ndarray]:
        alone = numbers.normal(size=(LAYERS[stream] + 1, sizes[stream], HIDDEN))
        crossed = numbers.normal(size=(LAYERS["cross"], 3, sizes[stream], HIDDEN))
        return {stream: alone.astype(np.float32), f"{stream}_cross": crossed.astype(np.float32)}

    return Trace(
        model="random",
        tokens=random_tokens(words),
        regions=random_regions(numbers, regions),
        attention={
            "lang": maps("lang", "lang", "lang"),
            "vision": maps("vision", "vision", "vision"),
            "lang_from_vision": maps("cross", "lang", "vision"),
            "vision_from_lang": maps("cross", "vision", "lang"),
            "cross_lang": maps("cross", "lang", "lang"),
            "cross_vision": maps("cross", "vision", "vision"),
        },
        states=states("lang") | states("vision"),
        answers=(),
        answer_kind="",
        match=None,
    )


def random_tokens(words: int) -> Tokens:
    pieces = ("[CLS]", *(f"word{place}" for place in range(1, words - 1)), "[SEP]")
    places = np.arange(words)
    offsets = ((0, 0),) * words
    ids = (None, *range(words - 2), None)
    return Tokens(" ".join(pieces[1:-1]), places, np.zeros_like(places), pieces, offsets, ids)


def random_regions(numbers: np.random.Generator, count: int) -> Regions:
    corners = np.sort(numbers.random((count, 2, 2), np.float32), axis=1)
    labels, scores = np.zeros(count, np.int64), np.ones(count, np.float32)
    return Regions(
        size_px=SIZE_PX,
        digest="",
        boxes_unit=corners.reshape(count, 4),
        feats=np.zeros((count, 1), np.float32),
        names=("some object",) * count,
        object_ids=labels,
        attribute_ids=labels,
        scores=scores,
        attribute_scores=scores,
        profile="trained",
        detector="random",
    )


def report(options: argparse.Namespace, measured: list[Any], sent: int, chromium: str) -> None:
    for name in sorted({name for name, _ in measured if name.startswith("stage.")}):
        durations = [duration for own, duration in measured if own == name]
        print(
            json.dumps(
                {
                    "benchmark": "stage",
                    "what": name.removeprefix("stage."),
                    "count": len(durations),
                    "median_ms": round(float(np.median(durations)), 1),
                    "p95_ms": round(float(np.percentile(durations, 95)), 1),
                    "sent_to_server": sent,
                    "words": options.words,
                    "regions": options.regions,
                    "chromium": chromium,
                    "machine": platform.machine(),
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
