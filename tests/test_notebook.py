"""The stage in a notebook's frame, and as a file, in a real Chromium."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from lxmert_viz.figures.stage_page import HEIGHT_PX
from lxmert_viz.notebook import show
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ROOT
from tests.helpers.accessibility import grave_faults

pytestmark = pytest.mark.browser


def test_a_notebook_frame_shows_the_stage(
    browser: Browser, tiny_pipeline: Pipeline, photograph: bytes, tmp_path: Path
) -> None:
    trace = tiny_pipeline.ask(tiny_pipeline.look(photograph), "what </script> is <b>red?")
    selection = "map=lang.2&heads=3&locks=w2"
    shown = show(trace, photograph, network=tiny_pipeline.network, selection=selection)
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_content(shown._repr_html_())
    frame = page.frame_locator("iframe")
    title = "Words read words, language layer 2 of 3, head 3"
    expect(frame.locator("h3")).to_have_text(title)
    expect(frame.locator(".lock")).to_have_count(1)
    expect(page.locator("iframe")).not_to_have_css("height", f"{HEIGHT_PX}px")
    fits = "frame => frame.clientHeight === frame.contentDocument.documentElement.scrollHeight"
    assert page.locator("iframe").evaluate(fits)
    frame.get_by_role("button", name="Next layer").click()
    expect(frame.locator("h3")).to_have_text(title.replace("2 of", "3 of"))
    frame.get_by_text("Display", exact=True).click()
    frame.get_by_role("radio", name="× value norm").check(force=True)
    expect(frame.locator("h3")).to_contain_text("weight × value norm")
    shown.save(tmp_path / "stage.html")
    page.goto((tmp_path / "stage.html").as_uri())
    expect(page.locator("h3")).to_have_text(title)
    assert grave_faults(page) == []
    page.locator(".stage-frame").evaluate("frame => frame.remove()")  # it draws no more
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert complaints == []
    page.close()


def test_a_notebook_needs_no_streamlit() -> None:
    check = "import sys, lxmert_viz.notebook; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT).returncode == 0
