"""A pipeline in mixed precision: what is shown comes sooner, what is compared is exact."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lxmert_viz.detector import speed
from lxmert_viz.errors import OptionError
from lxmert_viz.experiments.relevance import explain
from lxmert_viz.model.fast import IN_BFLOAT16, FastCrossLayer
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from tests.helpers.made_up_regions import made_up as random_regions

QUESTION = "what color is the large cube?"
MakeRegions = Callable[..., Regions]


@pytest.fixture(scope="module")
def made_up(tiny_pipeline: Pipeline, photograph: bytes) -> MakeRegions:
    regions = tiny_pipeline.look(photograph)
    return lambda count, seed=0: random_regions(regions, count, seed)


@pytest.fixture(scope="module")
def mixed(tiny_folder: Path) -> Pipeline:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "has_bfloat16", lambda device: True)
        return Pipeline.open(tiny_folder, device="cpu", precision="mixed")


def test_answers_move_a_little_and_the_trace_says_so(
    mixed: Pipeline, tiny_pipeline: Pipeline, made_up: MakeRegions
) -> None:
    exact, soon = (p.ask(made_up(5), QUESTION) for p in (tiny_pipeline, mixed))
    assert IN_BFLOAT16 in soon.notes and IN_BFLOAT16 not in exact.notes
    apart = np.abs(exact.states["pooled"] - soon.states["pooled"]).max()
    assert 1e-5 < apart < 0.05
    (scores,) = mixed.score_many([(made_up(5), QUESTION)])
    assert np.allclose(mixed.answer_shares(scores).max(), soon.answers[0].probability, atol=1e-5)


def test_all_that_is_changed_or_compared_is_exact(
    mixed: Pipeline, tiny_pipeline: Pipeline, made_up: MakeRegions
) -> None:
    seen = made_up(5)
    asked = Intervention(gates={("lang_from_vision", 0): torch.tensor([0.0, 1.0, 1.0, 1.0])})
    both = (tiny_pipeline, mixed)
    one, other = (p.score_many([(seen, QUESTION)] * 2, [None, asked]) for p in both)
    for exact, found in zip(one, other, strict=True):
        assert np.array_equal(exact.answer_logits, found.answer_logits)
    one, other = (p.ask(seen, QUESTION, asked) for p in both)
    assert np.array_equal(one.states["pooled"], other.states["pooled"])
    assert IN_BFLOAT16 not in other.notes
    one, other = (explain(p, seen, QUESTION, method="value-norm") for p in both)
    assert np.array_equal(one.regions, other.regions)


def test_its_exact_twin_is_full_precision_and_shares_what_it_opened(
    mixed: Pipeline, tiny_pipeline: Pipeline, made_up: MakeRegions
) -> None:
    exact = mixed.exact
    assert exact.exact is exact and mixed.exact is exact and tiny_pipeline.exact is tiny_pipeline
    assert exact.network is mixed.network and exact.detector is mixed.detector
    assert exact.inputs is mixed.inputs  # so that what is laid out serves both
    one, other = (p.ask(made_up(4), QUESTION) for p in (tiny_pipeline, exact))
    assert np.array_equal(one.states["pooled"], other.states["pooled"])
    assert one.notes == other.notes
    assert not any(isinstance(m, FastCrossLayer) for m in mixed.network.modules())


def test_a_processor_without_bfloat16_is_told_of(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "has_bfloat16", lambda device: False)
    with pytest.raises(OptionError, match="does not compute in bfloat16"):
        Pipeline.open(tiny_folder, device="cpu", precision="mixed")
