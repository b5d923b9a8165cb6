"""Asked where nobody looks inside: the same numbers, and nothing that is not needed."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lxmert_viz.errors import TextError
from lxmert_viz.model import inputs
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.model.outputs import Stream
from lxmert_viz.model.packed import PackedLinear, can_pack
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from tests.helpers.made_up_regions import made_up

QUESTION = "what color is the large cube?"


@pytest.fixture(scope="module")
def regions(tiny_pipeline: Pipeline, photograph: bytes) -> Regions:
    return tiny_pipeline.look(photograph)


@pytest.fixture
def fresh(tiny_folder: Path) -> Pipeline:
    """A pipeline of its own, that has seen no picture yet."""
    return Pipeline.open(tiny_folder, device="cpu")


@pytest.fixture
def encoded(fresh: Pipeline, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether maps and states were collected, each time that the vision encoder ran."""
    calls: list[bool] = []
    encode = fresh.network.lxmert.encode_vision

    def counted(*given: torch.Tensor, collect: bool, **named: torch.Tensor) -> Stream:
        calls.append(collect)
        return encode(*given, collect=collect, **named)

    monkeypatch.setattr(fresh.network.lxmert, "encode_vision", counted)
    return calls


def test_scores_are_those_of_the_trace_to_the_last_bit(
    fresh: Pipeline, tiny_folder: Path, regions: Regions
) -> None:
    texts = (QUESTION, "dog", "is the red ball left of the blue cube?")
    pairs = [(made_up(regions, count, count), text) for count in (5, 0, 9, 1) for text in texts]
    traces = Pipeline.open(tiny_folder, device="cpu").ask_many(pairs)
    for (seen, text), scores, trace in zip(pairs, fresh.score_many(pairs), traces, strict=True):
        assert fresh.answers(scores) == trace.answers
        assert scores.match == trace.match
        assert fresh.answers(scores, 2) == trace.answers[:2]
        (alone,) = fresh.score_many([(seen, text)])
        shares = [fresh.answer_shares(one) for one in (alone, scores)]
        assert np.allclose(*shares, rtol=0, atol=1e-5)
        assert alone.match == pytest.approx(scores.match, abs=1e-5)
    assert fresh.score_many([]) == []


def test_shares_are_the_networks_own(fresh: Pipeline, regions: Regions) -> None:
    (scores,) = fresh.score_many([(regions, QUESTION)])
    tokens = fresh.tokenizer.read(QUESTION, 64)
    with torch.inference_mode():
        output = fresh.network(
            input_ids=torch.from_numpy(tokens.ids)[None],
            visual_feats=torch.from_numpy(regions.feats)[None],
            visual_pos=torch.from_numpy(regions.boxes_unit)[None],
        )
    expected = output.question_answering_score[0]
    assert scores.answer_logits.dtype == np.float32
    assert np.allclose(scores.answer_logits, expected, atol=1e-4)
    assert np.allclose(fresh.answer_shares(scores), expected.softmax(-1), atol=1e-6)
    assert np.allclose(scores.match_logits, output.cross_relationship_score[0], atol=1e-4)
    match = output.cross_relationship_score[0].softmax(-1)[1]
    assert scores.match == pytest.approx(float(match), abs=1e-6)


def test_sigmoid_answers_each_have_a_share_of_their_own(fresh: Pipeline, regions: Regions) -> None:
    fresh.answer_kind = "sigmoid"
    (scores,) = fresh.score_many([(regions, QUESTION)])
    expected = 1 / (1 + np.exp(-scores.answer_logits.astype(np.float64)))
    assert np.allclose(fresh.answer_shares(scores), expected, atol=1e-6)
    assert fresh.answers(scores) == fresh.ask(regions, QUESTION).answers


def test_heads_that_nobody_reads_are_not_computed(
    fresh: Pipeline, regions: Regions, encoded: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    for head in (fresh.network.cls.predictions, fresh.network.obj_predict_head):
        monkeypatch.setattr(head, "forward", None)
    fresh.score_many([(regions, QUESTION)])
    assert encoded == [False]
    fresh.ask(regions, QUESTION)


def test_a_stream_that_is_kept_whole_serves_scores_and_not_the_other_way_round(
    fresh: Pipeline, regions: Regions, encoded: list[bool]
) -> None:
    fresh.score_many([(regions, QUESTION)])
    fresh.score_many([(regions, "dog")])
    assert encoded == [False]
    trace = fresh.ask(regions, QUESTION)
    assert encoded == [False, True]
    assert trace.attention["vision"].shape == (2, 4, len(regions), len(regions))
    fresh.score_many([(regions, QUESTION), (made_up(regions, 3), QUESTION)])
    assert encoded == [False, True, False]
    assert fresh.ask(regions, "dog").states["vision"].shape == (3, len(regions), 16)
    assert encoded == [False, True, False]


def test_gradients_reach_regions_and_their_encoder_past_kept_streams(
    fresh: Pipeline, regions: Regions
) -> None:
    rows = fresh.rows([(regions, QUESTION), (made_up(regions, 3), "dog")])
    scores = fresh.score_many([(regions, QUESTION), (made_up(regions, 3), "dog")])
    given = fresh.inputs.of(rows, collect=False)
    given["visual_feats"].requires_grad_()
    output = fresh.network(**given)
    logits = output.question_answering_score
    assert np.allclose(logits.detach(), [s.answer_logits for s in scores], atol=1e-4)
    logits[:, 0].sum().backward()
    assert given["visual_feats"].grad[0, : len(regions)].abs().min(-1).values.gt(0).all()
    assert fresh.network.lxmert.encoder.visn_fc.visn_fc.weight.grad.abs().sum() > 0
    with torch.no_grad():
        assert "vision" in fresh.inputs.of(rows, collect=False)


def test_a_text_that_cannot_be_taken_is_said(tiny_pipeline: Pipeline, regions: Regions) -> None:
    with pytest.raises(TextError):
        tiny_pipeline.score_many([(regions, QUESTION), (regions, " ")])


def test_weights_that_are_laid_out_change_no_answer_and_nobody_elses_network(
    tiny_folder: Path, regions: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, fast = (Pipeline.open(tiny_folder, device="cpu") for _ in range(2))
    fast.inputs.lay_out()  # too small a network to gain
    assert not any(isinstance(m, PackedLinear) for m in fast.inputs._network.modules())
    monkeypatch.setattr(inputs, "PACKED_FROM", 0)
    fast.inputs.lay_out()
    if not can_pack(fast.network.lxmert.pooler.dense.weight):
        pytest.skip("this torch lays out no weights")
    assert any(isinstance(m, PackedLinear) for m in fast.inputs._network.modules())
    assert not any(isinstance(m, PackedLinear) for m in fast.network.modules())
    gate = torch.tensor([0.0, 1.0, 1.0, 1.0])
    for asked in (None, Intervention(gates={("lang_from_vision", 0): gate})):
        one, other = (p.ask(regions, QUESTION, asked) for p in (plain, fast))
        for name in one.states:
            assert np.allclose(one.states[name], other.states[name], atol=1e-4), name
        for name in one.attention:
            assert np.allclose(one.attention[name], other.attention[name], atol=1e-5), name
