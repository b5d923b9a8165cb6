"""What a pipeline has encoded is used again."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lxmert_viz.model import streams
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from tests.helpers.made_up_regions import made_up as random_regions

QUESTION = "what color is the large cube?"
MakeRegions = Callable[..., Regions]


@pytest.fixture(scope="module")
def made_up(tiny_pipeline: Pipeline, photograph: bytes) -> MakeRegions:
    regions = tiny_pipeline.look(photograph)
    return lambda count, seed=0: random_regions(regions, count, seed)


def test_a_second_picture_does_not_encode_the_question_again(
    tiny_folder: Path, made_up: MakeRegions, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, alone = (Pipeline.open(tiny_folder, device="cpu") for _ in range(2))
    first = pipeline.ask(made_up(6), QUESTION)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline._network.lxmert, "encode_language", None)  # nobody may call it
        second = pipeline.ask(made_up(7, seed=1), QUESTION)
        scores = pipeline.score_many([(made_up(6), QUESTION)])[0]
    expected = alone.ask(made_up(7, seed=1), QUESTION)
    for name, states in expected.states.items():
        assert np.array_equal(second.states[name], states)
    for family, maps in expected.attention.items():
        assert np.array_equal(second.attention[family], maps)
    assert scores.match == pytest.approx(first.match, abs=1e-6)
    assert pipeline.ask(made_up(6), "dog").match != first.match


def test_long_texts_are_kept_only_as_far_as_memory_goes(
    tiny_folder: Path, made_up: MakeRegions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "KEPT_BYTES", 9_000)
    pipeline = Pipeline.open(tiny_folder, device="cpu")
    for text in ("dog", QUESTION, "is it red?"):
        pipeline.ask(made_up(3), text)
    kept = pipeline.inputs._texts._kept.values()
    assert 0 < sum(map(streams._bytes, kept)) <= 9_000 and len(kept) < 3


def test_a_row_alone_is_not_copied(tiny_folder: Path, made_up: MakeRegions) -> None:
    pipeline = Pipeline.open(tiny_folder, device="cpu")
    ((regions, tokens),) = pipeline.rows([(made_up(6), QUESTION)])
    with torch.inference_mode():
        first, again = (pipeline.inputs._texts.of([tokens], collect=True) for _ in range(2))
        lean = pipeline.inputs._texts.of([tokens], collect=False)
        twice = pipeline.inputs._texts.of([tokens] * 2, collect=True)
    assert first is again and lean.state is first.state and lean.attention == ()
    assert torch.equal(twice.attention[0][1], first.attention[0][0])
