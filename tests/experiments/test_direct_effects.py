"""What the last layer writes: its parts are the state, and one less is what the network says."""

import numpy as np
import pytest
import torch

from lxmert_viz.errors import OptionError
from lxmert_viz.experiments import direct_effects as room
from lxmert_viz.experiments import target
from lxmert_viz.experiments.direct_effects import BIASES, ENTERING, FEED_FORWARD, direct_effects
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from tests.helpers.small_game import TEXT, red


def test_the_parts_are_the_whole_last_state(tiny_pipeline: Pipeline, regions: Regions) -> None:
    base, trace = tiny_pipeline.network.lxmert, tiny_pipeline.ask(regions, TEXT)
    last = len(base.encoder.x_layers) - 1
    with torch.no_grad():
        for place in (0, 3):
            blocks = room._blocks(base, trace, last, place)
            for step, block in enumerate(blocks):
                own = trace.states["lang_cross"][last, step, place]
                assert block.leaving().numpy() == pytest.approx(own, abs=1e-5)


@pytest.mark.parametrize("kind", ["answer", "match", "word"])
def test_they_sum_to_the_slope_times_the_state(
    tiny_pipeline: Pipeline, regions: Regions, kind: str
) -> None:
    text = "a [MASK] cube"
    asked = {
        "answer": red(tiny_pipeline),
        "match": target.match(tiny_pipeline),
        "word": target.word(tiny_pipeline, 2, "red", "blue"),
    }[kind]
    found = direct_effects(tiny_pipeline, regions, text, asked)
    heads = tiny_pipeline.network.config.num_attention_heads
    assert len(found.names) == len(found.values) == 2 * heads + 3
    assert (found.names[0], *found.names[-2:]) == (ENTERING, FEED_FORWARD, BIASES)
    assert found.values.sum() == pytest.approx(found.total, abs=1e-5)
    last = tiny_pipeline.ask(regions, text).states["lang_cross"][-1, -1, asked.place]
    read = asked.read(tiny_pipeline, torch.from_numpy(last)[None])
    assert found.whole == pytest.approx(read.item(), abs=1e-4)
    assert np.isfinite(found.values).all()
    assert np.isnan(found.removed[[0, -1]]).all() and np.isfinite(found.removed[1:-1]).all()


def test_a_slope_is_that_of_the_network_where_lengths_are_held(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    """A little more of what the feed-forward block writes, its LayerNorm's length held by hand."""
    asked = red(tiny_pipeline)
    base, trace = tiny_pipeline.network.lxmert, tiny_pipeline.ask(regions, TEXT)
    with torch.no_grad():
        *_, last = room._blocks(base, trace, len(base.encoder.x_layers) - 1, 0)
        norm = last.output.LayerNorm
        summed = last.written[0] + last.output.dense.bias + last.residual
        length = (summed.var(unbiased=False) + 1e-12).sqrt()
        values = []
        for share in (1.01, 0.99):
            moved = summed + (share - 1) * last.written[0]
            state = (moved - moved.mean()) / length * norm.weight + norm.bias
            values.append(float(asked.read(tiny_pipeline, state[None])))
    found = direct_effects(tiny_pipeline, regions, TEXT, asked)
    assert found.values[-2] == pytest.approx((values[0] - values[1]) / 0.02, rel=1e-2)


def test_without_a_head_is_what_an_intervention_says(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    found = direct_effects(tiny_pipeline, regions, TEXT, red(tiny_pipeline))
    heads = tiny_pipeline.network.config.num_attention_heads
    layer = len(tiny_pipeline.network.lxmert.encoder.x_layers) - 1
    gate = torch.ones(heads)
    gate[1] = 0
    off = Intervention(gates={("cross_lang", layer): gate})
    known = tiny_pipeline.answer_vocabulary
    logits = [
        tiny_pipeline.score_many([(regions, TEXT)], interventions=given)[0].answer_logits
        for given in (None, [off])
    ]
    whole, without = (own[known.index("red")] - own[known.index("blue")] for own in logits)
    assert found.names[1 + heads + 1].endswith("words read words, head 2")
    assert found.removed[1 + heads + 1] == pytest.approx(whole - without, abs=1e-5)


def test_a_region_is_no_place_to_write_to(tiny_pipeline: Pipeline, regions: Regions) -> None:
    names = tiny_pipeline.region_names.objects
    thing = target.region_label(tiny_pipeline, "object", 1, names[1])
    with pytest.raises(OptionError, match="is read from a region"):
        direct_effects(tiny_pipeline, regions, TEXT, thing)
