"""Shares of what states are made of: sums, and a head that reads one key alone."""

import numpy as np
import pytest
import torch

from lxmert_viz.analysis.flow import Node, graph
from lxmert_viz.experiments import flow
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.counterfactuals import logit
from lxmert_viz.experiments.edges import Edge, cut
from lxmert_viz.experiments.kept_run import Kept
from lxmert_viz.experiments.target import Target
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

TEXT = "what color is the large cube?"


@pytest.fixture(scope="module")
def target(tiny_pipeline: Pipeline) -> Target:
    return targets.answer(tiny_pipeline, "red", "blue")


def test_shares_of_every_state_sum_to_one_and_the_graph_loses_nothing(
    tiny_pipeline: Pipeline, regions: Regions, target: Target
) -> None:
    shares = flow.shares(tiny_pipeline, regions, TEXT, target)
    assert set(shares) == {
        *(("lang", depth) for depth in range(-2, 3)),
        *(("vision", depth) for depth in range(-1, 3)),
    }
    for own in shares.values():
        total = sum(weights.sum(axis=1) for weights in own.values())
        assert np.allclose(total, 1, atol=1e-6)
        assert all((weights >= 0).all() for weights in own.values())
    found = graph(shares, Node("lang", 2, 0), 1.0, 1.0)
    ends = [n for n in found.nodes if (n.stream, n.depth) in (("lang", -3), ("vision", -2))]
    assert sum(found.nodes[n] for n in ends) == pytest.approx(1, abs=1e-6)


@torch.inference_mode()
def test_what_carries_nothing_has_no_share_and_parts_sum_to_the_state(
    tiny_pipeline: Pipeline, regions: Regions, target: Target
) -> None:
    kept = Kept(tiny_pipeline, regions, TEXT, target)
    residual, read = flow.sources(kept, "lang_from_vision", 0)
    assert residual.shape == (9,) and read.shape == (9, len(regions))
    block = tiny_pipeline.network.lxmert.encoder.x_layers[0].visual_attention
    weight = block.att.value.weight.clone()
    bias = block.att.value.bias.clone()
    try:
        block.att.value.weight.zero_()
        block.att.value.bias.zero_()
        alone, nothing = flow.sources(kept, "lang_from_vision", 0)
    finally:
        block.att.value.weight.copy_(weight)
        block.att.value.bias.copy_(bias)
    assert np.allclose(alone, 1) and (nothing == 0).all() and not np.allclose(residual, 1)


def test_a_crossings_knock_out_is_the_full_run_without_that_weight(
    tiny_pipeline: Pipeline, regions: Regions, target: Target
) -> None:
    pairs = [
        (Node("vision", 0, 2), Node("lang", 1, 4)),
        (Node("lang", 0, 3), Node("vision", 1, 1)),
        (Node("lang", 1, 3), Node("vision", 2, 1)),
    ]
    found = flow.knocked_out(tiny_pipeline, regions, TEXT, target, pairs)
    asked = cut(Edge("", "lang_from_vision", (4,), (2,)), [0], 9, len(regions))
    whole, without = tiny_pipeline.score_many([(regions, TEXT)] * 2, [None, asked])
    assert found[0] == pytest.approx(logit(target, whole) - logit(target, without), abs=1e-5)
    assert found[1] != 0 and abs(found[2]) < 1e-5  # nobody reads regions after the last layer
