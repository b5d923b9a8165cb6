"""Asked with interventions: each row its own, and what was encoded before is not taken for it."""

import numpy as np
import pytest
import torch

from lxmert_viz.model.interventions import Intervention
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from tests.helpers.made_up_regions import made_up

TEXTS = ("what color is the large cube?", "dog", "is the red ball left of the blue cube?")


@pytest.fixture(scope="module")
def regions(tiny_pipeline: Pipeline, photograph: bytes) -> Regions:
    return tiny_pipeline.look(photograph)


def test_each_pair_is_asked_with_its_own_intervention(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    heads = tiny_pipeline.network.config.num_attention_heads
    pairs = [(made_up(regions, count, count), text) for count in (5, 0, 9) for text in TEXTS]
    asked: list[Intervention | None] = []
    for place in range(len(pairs)):
        gate = torch.ones(heads)
        gate[place % heads] = 0
        family = ("lang", "vision", "cross_lang")[place % 3]
        asked.append(Intervention(gates={(family, 0): gate}) if place % 4 else None)
    plain, found = (tiny_pipeline.score_many(pairs, given) for given in (None, asked))
    traces = tiny_pipeline.ask_many(pairs, asked)
    for place, (pair, own) in enumerate(zip(pairs, asked, strict=True)):
        alone = tiny_pipeline.ask(*pair, own)
        (scores,) = tiny_pipeline.score_many([pair], [own])
        assert np.allclose(scores.answer_logits, found[place].answer_logits, atol=1e-5)
        assert alone.match == pytest.approx(traces[place].match, abs=1e-5)
        same = np.allclose(plain[place].answer_logits, found[place].answer_logits, atol=1e-4)
        sees_nothing = own is not None and place % 3 == 1 and len(pair[0]) == 0
        assert same is (own is None or sees_nothing)


def test_a_trace_has_the_maps_and_states_of_the_changed_run(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    count, words = len(regions), len(tiny_pipeline.ask(regions, TEXTS[0]).tokens.pieces)
    cut = torch.ones(words, count)
    cut[:, 0] = 0
    trace = tiny_pipeline.ask(
        regions, TEXTS[0], Intervention(edges={("lang_from_vision", 1): cut}, renormalise=True)
    )
    maps = trace.attention["lang_from_vision"][1]
    assert (maps[..., 0] == 0).all()
    assert np.allclose(maps.sum(-1), 1, atol=1e-6)
    assert (trace.attention["lang_from_vision"][0, ..., 0] > 0).all()
