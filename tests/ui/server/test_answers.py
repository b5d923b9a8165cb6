"""What many wait for is asked in one batch, and each sees what they would see alone."""

from collections.abc import Sequence

import numpy as np
import pytest

from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Trace
from lxmert_viz.ui.server import answers
from lxmert_viz.ui.server.answers import unheard
from lxmert_viz.ui.server.examples import examples
from lxmert_viz.ui.server.models import pipeline
from lxmert_viz.ui.server.variant import RegionsAsked, Variant


@pytest.fixture
def asked() -> list[Variant]:
    """Of several pictures, texts of several lengths."""
    texts = ("is there a ring?", "what color is the large cube?", "how many balls are there?")
    pictures = [scene.picture for scene in examples()[:2]]
    return [
        Variant("miniature", RegionsAsked("trained"), picture, text)
        for picture in pictures
        for text in texts
    ]


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many were asked each time."""
    sizes: list[int] = []
    ask_many = Pipeline.ask_many

    def counted(self: Pipeline, pairs: Sequence[tuple[Regions, str]], *more: object) -> list[Trace]:
        sizes.append(len(pairs))
        return ask_many(self, pairs, *more)

    monkeypatch.setattr(Pipeline, "ask_many", counted)
    return sizes


def test_only_what_is_not_kept_is_asked_and_in_one_batch(
    asked: list[Variant], batches: list[int]
) -> None:
    answers.trace.clear()
    first = answers.trace(asked[0], unheard)
    together = answers.traces([*asked, asked[1]])
    again = answers.trace(asked[-1], unheard)
    assert batches == [1, len(asked) - 1]
    assert together[0].match == first.match
    assert together[1].match == together[-1].match
    assert again.match == together[-2].match


def test_each_is_as_it_would_be_alone(asked: list[Variant]) -> None:
    answers.trace.clear()
    for variant, found in zip(asked, answers.traces(asked), strict=True):
        regions = answers.regions_of(variant, unheard)
        alone = pipeline(variant.model).ask(regions, variant.text)
        assert found.tokens.text == alone.tokens.text
        assert found.answers[0].text == alone.answers[0].text
        assert found.match == pytest.approx(alone.match, abs=1e-5)
        for name, maps in alone.attention.items():
            np.testing.assert_allclose(found.attention[name], maps, atol=1e-5)
