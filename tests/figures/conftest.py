"""The stage's script in a browser, with a trace whose maps it has read."""

import base64
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from lxmert_viz.analysis.head_statistics import all_statistics
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.analysis.rollout import rollout
from lxmert_viz.experiments.edits import ZEROED, PictureEdit, edited
from lxmert_viz.figures import stage
from lxmert_viz.figures.stage import Compared
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Trace
from tests.helpers.fixed_trace import made_up_norms

READ = """
(text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  window.trace = readPayload(bytes);
  return [trace.pieces, trace.names.length];
}
"""


@pytest.fixture(scope="module")
def trace(tiny_pipeline: Pipeline, photograph: bytes) -> Trace:
    """Its third and fourth pieces are one word."""
    asked = tiny_pipeline.ask(tiny_pipeline.look(photograph), "how many greens?")
    assert asked.tokens.pieces[3:5] == ("green", "##s")
    return asked


@pytest.fixture(scope="module")
def blank(tiny_pipeline: Pipeline, trace: Trace) -> Trace:
    """The same words and boxes, with nothing to see in them."""
    return tiny_pipeline.ask(edited(trace.regions, PictureEdit(ZEROED)), trace.tokens.text)


@pytest.fixture(scope="module")
def page(browser: Browser, trace: Trace, blank: Trace) -> Iterator[Page]:
    names = numbered_names(trace.regions)
    found = stage.payload(
        trace,
        b"",
        names,
        all_statistics(trace),
        rollout(trace.attention),
        norms=made_up_norms(trace),
        other=Compared("before", blank, rollout(blank.attention), made_up_norms(blank)),
    )
    page = browser.new_page()
    page.add_script_tag(content=stage.script())
    read = page.evaluate(READ, base64.b64encode(found).decode())
    assert read == [list(trace.tokens.pieces), len(trace.regions)]
    yield page
    page.close()
