"""The stage as it looked when a person approved it, on a trace that no training changes.

Approved pictures lie in tests/approved, one eighth as wide and as high. After a wanted change:
LXMERT_VIZ_APPROVE=1 python -m pytest tests/browser/test_looks.py, then look at them.
"""

import os
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page

from lxmert_viz.analysis.head_statistics import all_statistics, carried_statistic
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.analysis.rollout import rollout
from lxmert_viz.figures import stage
from lxmert_viz.places import ROOT
from tests.helpers.fixed_trace import fixed_trace
from tests.helpers.stage_alone import mounted

pytestmark = pytest.mark.browser

APPROVED = ROOT / "tests" / "approved"
SMALLER = 8
FAR = 24  # of 255: two pixels of the small pictures that a person tells apart
SHARE = 0.01  # of pixels that may be far apart: fonts are drawn a little unlike everywhere
LOOKS = {
    "wide": ((1416, 820), "light", "map=lang_from_vision.2&heads=1&locks=w3"),
    "difference-dark": ((1416, 820), "dark", "map=lang_from_vision.1&heads=mean&against=other"),
    "phone": ((390, 844), "light", "map=vision_from_lang.2&heads=2&statistic=carried"),
}


def payload() -> bytes:
    trace, other = fixed_trace(seed=1), fixed_trace(seed=2)
    norms = {name: 1 + maps.mean(axis=2) for name, maps in trace.attention.items()}
    picture = Image.new("RGB", trace.regions.size_px, "#9aa7ad")
    ImageDraw.Draw(picture).rectangle((60, 40, 150, 130), fill="#b03030")
    written = BytesIO()
    picture.save(written, "JPEG")
    return stage.payload(
        trace,
        written.getvalue(),
        numbered_names(trace.regions),
        (*all_statistics(trace), carried_statistic(trace, norms)),
        rollout(trace.attention),
        norms=norms,
        other=stage.Compared("before", other, rollout(other.attention), norms),
    )


@pytest.fixture(params=list(LOOKS))
def look(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[str, Page]]:
    size, theme, selection = LOOKS[request.param]
    page = mounted(browser, payload(), size, selection, theme=theme, is_touched=size[0] < 400)
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
