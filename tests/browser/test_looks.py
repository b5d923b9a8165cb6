"""The stage as it looked when a person approved it, on a trace that no training changes.

Approved pictures lie in tests/approved, one eighth as wide and as high. After a wanted change:
LXMERT_VIZ_APPROVE=1 python -m pytest tests/browser/test_looks.py, then look at them.
"""

import base64
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import streamlit
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page

from lxmert_viz.analysis.head_statistics import all_statistics, carried_statistic
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.analysis.rollout import rollout
from lxmert_viz.figures import stage
from lxmert_viz.places import ROOT
from tests.helpers.fixed_trace import fixed_trace

pytestmark = pytest.mark.browser

APPROVED = ROOT / "tests" / "approved"
SMALLER = 8
FAR = 24  # of 255: two pixels of the small pictures that a person tells apart
SHARE = 0.01  # of pixels that may be far apart: fonts are drawn a little unlike everywhere
LOOKS = {
    "wide": ((1200, 1330), "light", "map=lang_from_vision.2&heads=1&locks=w3"),
    "difference-dark": ((1200, 1330), "dark", "map=lang_from_vision.1&heads=mean&against=other"),
    "phone": ((390, 1640), "light", "map=vision_from_lang.2&heads=2&statistic=carried"),
}
PAGE = """<!doctype html><meta charset="utf-8"><style>
@font-face {{ font-family: Fixed; src: url(data:font/woff2;base64,{font}); font-weight: 200 900; }}
:root {{ --st-font: Fixed; {colours} }} body {{ margin: 12px; background: {ground}; }} {style}
</style><body><div class="stage-frame"><div class="stage"></div></div><script>{script}</script>
"""
MOUNT = """
async ([payload, selection]) => {
  await Promise.all([400, 600, 700].map((weight) => document.fonts.load(`${weight} 16px Fixed`)));
  const bytes = Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0));
  const address = { read: () => new URLSearchParams(selection), write() {}, stop() {} };
  mountStage(document, bytes, { script: "", style: "", pageStyle: "" }, address);
  await document.querySelector(".picture img").decode();
  for (let frame = 0; frame < 5; frame += 1) await new Promise(requestAnimationFrame);
}
"""
DARK = (
    "--st-text-color: #e6ebed; --st-background-color: #14191c; "
    "--st-secondary-background-color: #1d2428; color-scheme: dark;"
)


def font() -> str:
    """Streamlit's own, so that words are as wide on every machine."""
    media = Path(streamlit.__file__).parent / "static" / "static" / "media"
    return base64.b64encode(next(media.glob("SourceSansVF-Upright*.woff2")).read_bytes()).decode()


def payload() -> str:
    trace, other = fixed_trace(seed=1), fixed_trace(seed=2)
    norms = {name: 1 + maps.mean(axis=2) for name, maps in trace.attention.items()}
    picture = Image.new("RGB", trace.regions.size_px, "#9aa7ad")
    ImageDraw.Draw(picture).rectangle((60, 40, 150, 130), fill="#b03030")
    written = BytesIO()
    picture.save(written, "JPEG")
    found = stage.payload(
        trace,
        written.getvalue(),
        numbered_names(trace.regions),
        (*all_statistics(trace), carried_statistic(trace, norms)),
        rollout(trace.attention),
        norms=norms,
        other=stage.Compared("before", other, rollout(other.attention), norms),
    )
    return base64.b64encode(found).decode()


@pytest.fixture(params=list(LOOKS))
def look(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[str, Page]]:
    (width, height), theme, selection = LOOKS[request.param]
    page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
    colours, ground = (DARK, "#14191c") if theme == "dark" else ("", "#ffffff")
    script, style = stage.script(), stage.style()
    page.set_content(
        PAGE.format(font=font(), colours=colours, ground=ground, style=style, script=script)
    )
    page.evaluate(MOUNT, [payload(), selection])
    yield request.param, page
    page.close()


def seen(page: Page) -> np.ndarray:
    """What stands on the page, small enough to forgive how letters are smoothed."""
    with Image.open(BytesIO(page.screenshot())) as whole:
        size = (whole.width // SMALLER, whole.height // SMALLER)
        return np.asarray(whole.convert("RGB").resize(size, Image.Resampling.BOX))


def far_apart(one: np.ndarray, other: np.ndarray) -> float:
    """The share of pixels that a person tells apart; 1 for pictures of other sizes."""
    if one.shape != other.shape:
        return 1.0
    return float((np.abs(one.astype(int) - other).max(axis=-1) > FAR).mean())


def test_the_stage_looks_as_it_was_approved(look: tuple[str, Page]) -> None:
    name, page = look
    found, path = seen(page), APPROVED / f"{name}.png"
    if os.environ.get("LXMERT_VIZ_APPROVE"):
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(found).save(path, optimize=True)
    with Image.open(path) as approved:
        assert far_apart(found, np.asarray(approved)) <= SHARE
    # and a change that a person would see is seen: this test can fail
    page.add_style_tag(content=".picture, .matrix { translate: 24px 0; }")
    page.wait_for_timeout(100)
    assert far_apart(seen(page), found) > SHARE
