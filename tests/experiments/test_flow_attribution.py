"""Edges by attribution: against finite differences, and opened into heads that sum to the edge."""

import numpy as np
import pytest
import torch

from lxmert_viz.analysis.flow import Node, graph
from lxmert_viz.errors import OptionError
from lxmert_viz.experiments import flow, flow_attribution
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.kept_run import Kept
from lxmert_viz.experiments.target import Target
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

TEXT = "what color is the large cube?"
STEP = 1e-2


@pytest.fixture(scope="module")
def target(tiny_pipeline: Pipeline) -> Target:
    return targets.answer(tiny_pipeline, "red", "blue")


@pytest.fixture(scope="module")
def kept(tiny_pipeline: Pipeline, regions: Regions, target: Target) -> Kept:
    return Kept(tiny_pipeline, regions, TEXT, target)


@pytest.fixture(scope="module")
def found(tiny_pipeline: Pipeline, regions: Regions, target: Target) -> flow.Shares:
    return flow_attribution.attributions(tiny_pipeline, regions, TEXT, target)


@pytest.mark.parametrize(("family", "layer"), [("lang_from_vision", 0), ("cross_lang", 1)])
def test_parts_sum_to_the_state_and_an_edge_is_the_targets_slope_along_its_part(
    kept: Kept, found: flow.Shares, family: str, layer: int
) -> None:
    with torch.inference_mode():
        parts = flow.parts_of(kept, family, layer)
        heads = flow.head_parts(kept, family, layer)
        state = kept.state(family, layer)
        output = kept.head_layer(family, layer).output
        left = state[0] - output.LayerNorm.bias - parts.sum(1)
        assert torch.allclose(heads.sum(1), parts[:, 1:], atol=1e-5)
        # what is left is the dense layer's bias alone, the same direction at every place
        assert torch.linalg.matrix_rank(left, atol=1e-4) <= 1
        query, key = 0, 2
        moved = state.expand(2, -1, -1).clone()
        moved[0, query] += STEP * parts[query, 1 + key]
        moved[1, query] -= STEP * parts[query, 1 + key]
    up, down = kept.onward(family, layer, moved)
    source = "vision" if family == "lang_from_vision" else "lang"
    own = found["lang", layer + 1][source][query, key]
    assert own == pytest.approx((up - down) / (2 * STEP), rel=0.02, abs=1e-4) and own != 0


def test_edges_of_a_streams_own_layers_go_through_their_feed_forward(
    kept: Kept, found: flow.Shares
) -> None:
    with torch.inference_mode():
        parts = flow.parts_of(kept, "lang", 1)
        attended = kept.attended("lang", 1).expand(2, -1, -1).clone()
        attended[0, 3] += STEP * parts[3, 1 + 5]
        attended[1, 3] -= STEP * parts[3, 1 + 5]
    up, down = kept.onward(*_placed(kept, attended))
    layers = len(kept.lang) - 1
    own = found["lang", 2 - layers]["lang"][3, 5]
    assert own == pytest.approx((up - down) / (2 * STEP), rel=0.02, abs=1e-4)


def _placed(kept: Kept, attended: torch.Tensor) -> tuple[str, int, torch.Tensor]:
    place, states = kept.fed("lang", 1, attended, attended)
    return place, 1, states


def test_shares_leave_signs_out_and_what_nobody_reads_has_none(found: flow.Shares) -> None:
    shares = flow_attribution.as_shares(found)
    for key, own in shares.items():
        total = sum(weights.sum(axis=1) for weights in own.values())
        counts = sum(np.abs(values).sum(axis=1) for values in found[key].values()) > 0
        assert np.allclose(total[counts], 1) and (total[~counts] == 0).all()
    last = max(depth for _, depth in shares)
    assert all((values == 0).all() for values in shares["vision", last].values())
    whole = graph(shares, Node("lang", last, 0), 1.0, 1.0)
    assert sum(edge.influence for edge in whole.edges if edge.target.depth == last) == (
        pytest.approx(1)
    )


def test_an_opened_edges_heads_sum_to_it(
    tiny_pipeline: Pipeline, regions: Regions, target: Target, kept: Kept, found: flow.Shares
) -> None:
    source, reader = Node("vision", 0, 2), Node("lang", 1, 4)
    one = flow_attribution.opened(tiny_pipeline, regions, TEXT, target, source, reader)
    assert one.share.sum() == pytest.approx(1, abs=1e-5) and len(one.share) == 4
    assert one.attribution.sum() == pytest.approx(found["lang", 1]["vision"][4, 2], abs=1e-5)
    (whole,) = flow.knocked_out(tiny_pipeline, regions, TEXT, target, [(source, reader)])
    assert one.whole == pytest.approx(whole, abs=1e-5) and np.abs(one.fall).max() > 0
    alone = flow_attribution.opened(
        tiny_pipeline, regions, TEXT, target, Node("lang", -1, 1), Node("lang", 0, 3)
    )
    assert (alone.edge.family, alone.edge.layer) == ("lang", len(kept.lang) - 2)
    for ends in ((Node("vision", -1, 0), Node("lang", 0, 0)), (source, Node("lang", 2, 0))):
        with pytest.raises(OptionError, match="No attention leads"):
            flow_attribution.opened(tiny_pipeline, regions, TEXT, target, *ends)
