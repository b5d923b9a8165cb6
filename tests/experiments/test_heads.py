"""What stands inside a head, against what the network computed and against hand-made sums."""

import numpy as np
import pytest
import torch

from lxmert_viz.experiments.heads import head_detail, inputs_of, layer_of, value_norms
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import FAMILIES, Trace


@pytest.fixture(scope="module")
def trace(tiny_pipeline: Pipeline, photograph: bytes) -> Trace:
    return tiny_pipeline.ask(tiny_pipeline.look(photograph), "what color is the cube?")


@pytest.mark.parametrize("family", FAMILIES)
def test_scores_become_the_row_of_the_map(
    tiny_pipeline: Pipeline, trace: Trace, family: str
) -> None:
    layers, heads, queries, _ = trace.attention[family].shape
    for layer in range(layers):
        head, query = layer % heads, (3 * layer + 1) % queries
        found = head_detail(tiny_pipeline.network, trace, family, layer, head, query)
        row = trace.attention[family][layer, head, query]
        shares = np.exp(found.scores - found.scores.max())
        assert np.allclose(shares / shares.sum(), row, atol=1e-6)
        assert np.allclose(found.weights, row, atol=1e-6)
        assert np.allclose(found.contributions.sum(axis=1), found.scores, atol=1e-5)
        size = len(found.query)
        assert np.allclose(found.keys @ found.query / np.sqrt(size), found.scores, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_all_heads_write_is_what_the_layer_writes(
    tiny_pipeline: Pipeline, trace: Trace, family: str
) -> None:
    """Summed over heads, with the bias: the output projection of the layer's own context."""
    layer, query = 1, 2
    attention, output = layer_of(base_of(tiny_pipeline.network), family, layer)
    queries, keys = (torch.from_numpy(s)[None] for s in inputs_of(trace, family, layer))
    with torch.inference_mode():
        context, _ = attention(queries, keys, None)
        expected = output(context)[0, query].numpy()
    details = [
        head_detail(tiny_pipeline.network, trace, family, layer, head, query)
        for head in range(attention.heads)
    ]
    total = sum(detail.written for detail in details) + output.bias.detach().numpy()
    assert np.allclose(total, expected, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_value_norm_is_the_length_of_what_one_key_writes(
    tiny_pipeline: Pipeline, trace: Trace, family: str
) -> None:
    norms = value_norms(tiny_pipeline.network, trace)[family]
    layers, heads, _, keys = trace.attention[family].shape
    assert norms.shape == (layers, heads, keys)
    layer, head, key = layers - 1, 1, 2
    attention, output = layer_of(base_of(tiny_pipeline.network), family, layer)
    _, states = inputs_of(trace, family, layer)
    size = attention.value.out_features // heads
    own = slice(head * size, (head + 1) * size)
    weight, bias = attention.value.weight[own], attention.value.bias[own]
    with torch.inference_mode():
        value = torch.from_numpy(states[key]) @ weight.T + bias
        expected = (value @ output.weight[:, own].T).norm()
    assert np.isclose(norms[layer, head, key], expected, atol=1e-5)
    detail = head_detail(tiny_pipeline.network, trace, family, layer, head, 0)
    assert np.allclose(detail.value_norms, norms[layer, head], atol=1e-6)


def test_a_picture_without_regions_has_norms_of_no_keys(
    tiny_pipeline: Pipeline, trace: Trace
) -> None:
    norms = value_norms(tiny_pipeline.network, tiny_pipeline.ask(trace.regions.only(()), "red"))
    assert norms["lang_from_vision"].shape == (2, 4, 0)
    assert norms["vision_from_lang"].shape == (2, 4, 3)


def test_a_head_that_is_not_there_is_refused(tiny_pipeline: Pipeline, trace: Trace) -> None:
    with pytest.raises(ValueError, match="has maps"):
        head_detail(tiny_pipeline.network, trace, "lang", 0, 4, 0)
