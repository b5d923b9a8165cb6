"""The 34 maps and the states between them, recomputed from the reference's own modules."""

from typing import Any

import pytest
import torch
from torch import Tensor

from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertModel
from lxmert_viz.model.outputs import Activations
from lxmert_viz.records import CROSS_FAMILIES, FAMILIES
from tests.helpers.small_networks import inputs, random_masks, reference_of, small_network

BATCH, WORDS, REGIONS = 3, 7, 5


def traced(seed: int, **changes: Any) -> tuple[LxmertModel, dict[str, Any], Activations]:
    network = small_network(LxmertModel, seed, **changes)
    given = inputs(network.config, BATCH, WORDS, REGIONS, seed)
    given |= random_masks(BATCH, WORDS, REGIONS, seed)
    given["attention_mask"][:, 0] = 1  # no row without a visible key
    given["visual_attention_mask"][:, 0] = 1
    with torch.no_grad():
        return network, given, network(**given, output_attentions=True).activations


def masks_of(given: dict[str, Any]) -> tuple[Tensor, Tensor]:
    lowest = torch.finfo(torch.float32).min
    word_mask = (1 - given["attention_mask"].float())[:, None, None] * lowest
    return word_mask, (1 - given["visual_attention_mask"])[:, None, None] * lowest


def same(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_cross_layers_equal_the_reference_sublayer_by_sublayer(seed: int) -> None:
    network, given, seen = traced(seed)
    reference = reference_of(network)
    word_mask, region_mask = masks_of(given)
    lang, vision = seen.lang_states[-1], seen.vision_states[-1]
    for index, layer in enumerate(reference.encoder.x_layers):
        ours_lang, ours_vision = seen.lang_cross_states[index], seen.vision_cross_states[index]
        look = {"output_attentions": True}
        lang_cross, lang_map = layer.visual_attention(lang, vision, region_mask, **look)
        vision_cross, vision_map = layer.visual_attention(vision, lang, word_mask, **look)
        lang_self, lang_self_map = layer.lang_self_att(lang_cross, word_mask, **look)
        vision_self, vision_self_map = layer.visn_self_att(vision_cross, region_mask, **look)
        lang = layer.lang_output(layer.lang_inter(lang_self), lang_self)
        vision = layer.visn_output(layer.visn_inter(vision_self), vision_self)
        for ours, theirs in zip(ours_lang, (lang_cross, lang_self, lang), strict=True):
            same(ours, theirs)
        for ours, theirs in zip(ours_vision, (vision_cross, vision_self, vision), strict=True):
            same(ours, theirs)
        same(seen.attention["lang_from_vision"][index], lang_map)
        same(seen.attention["vision_from_lang"][index], vision_map)
        same(seen.attention["cross_lang"][index], lang_self_map)
        same(seen.attention["cross_vision"][index], vision_self_map)
    same(seen.pooled, reference.pooler(lang))


@pytest.mark.parametrize("seed", range(3))
def test_embedding_states_equal_the_reference(seed: int) -> None:
    network, given, seen = traced(seed)
    reference = reference_of(network)
    no_types = torch.zeros_like(given["input_ids"])
    same(seen.lang_states[0], reference.embeddings(given["input_ids"], no_types))
    regions = reference.encoder.visn_fc(given["visual_feats"], given["visual_pos"])
    same(seen.vision_states[0], regions)


@pytest.mark.parametrize("seed", range(3))
def test_every_map_explains_what_its_sublayer_put_out(seed: int) -> None:
    """Weights times values, projected, plus residual, is the state that follows."""
    network, _, seen = traced(seed)
    lang, vision = seen.lang_states[-1], seen.vision_states[-1]
    for index, layer in enumerate(network.encoder.x_layers):
        maps = {family: seen.attention[family][index] for family in CROSS_FAMILIES}
        lang_cross, lang_self, _ = seen.lang_cross_states[index]
        vision_cross, vision_self, _ = seen.vision_cross_states[index]
        shared, words, regions = layer.visual_attention, layer.lang_self_att, layer.visn_self_att
        for module, attention, weights, keys, residual, after in (
            (shared, shared.att, maps["lang_from_vision"], vision, lang, lang_cross),
            (shared, shared.att, maps["vision_from_lang"], lang, vision, vision_cross),
            (words, words.self, maps["cross_lang"], lang_cross, lang_cross, lang_self),
            (regions, regions.self, maps["cross_vision"], vision_cross, vision_cross, vision_self),
        ):
            values = attention.value(keys).unflatten(-1, (attention.heads, -1))  # (B, M, H, D/H)
            context = torch.einsum("bhnm,bmhd->bnhd", weights, values).flatten(2)
            same(module.output(context, residual), after)
        lang = seen.lang_cross_states[index].feed_forward
        vision = seen.vision_cross_states[index].feed_forward


def test_all_maps_of_all_six_families_are_there() -> None:
    network, _, seen = traced(0, l_layers=4, r_layers=3, x_layers=2)
    heads = network.config.num_attention_heads
    shapes = {
        "lang": [(BATCH, heads, WORDS, WORDS)] * 4,
        "vision": [(BATCH, heads, REGIONS, REGIONS)] * 3,
        "lang_from_vision": [(BATCH, heads, WORDS, REGIONS)] * 2,
        "vision_from_lang": [(BATCH, heads, REGIONS, WORDS)] * 2,
        "cross_lang": [(BATCH, heads, WORDS, WORDS)] * 2,
        "cross_vision": [(BATCH, heads, REGIONS, REGIONS)] * 2,
    }
    assert {f: [tuple(m.shape) for m in maps] for f, maps in seen.attention.items()} == shapes
    assert list(seen.attention) == list(FAMILIES)
    assert (len(seen.lang_states), len(seen.vision_states)) == (5, 4)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_sum_to_one_and_hidden_keys_receive_nothing(family: str) -> None:
    for seed in range(4):
        _, given, seen = traced(seed)
        keys_are_words = family in ("lang", "vision_from_lang", "cross_lang")
        hidden = given["attention_mask" if keys_are_words else "visual_attention_mask"] == 0
        assert hidden.any()
        for weights in seen.attention[family]:
            same(weights.sum(-1), torch.ones(weights.shape[:-1]))
            assert (weights >= 0).all()
            on_hidden = weights.masked_select(hidden[:, None, None].expand_as(weights))
            assert (on_hidden == 0).all()


def test_region_predictions_come_with_the_activations_and_without_labels() -> None:
    network = small_network(LxmertForPreTraining)
    reference = reference_of(network)
    given = inputs(network.config)
    out = network(**given, output_hidden_states=True)
    expected = reference.obj_predict_head(out.vision_hidden_states[-1])
    same(out.activations.object_logits, expected["obj"])
    same(out.activations.attribute_logits, expected["attr"])
    same(out.activations.predicted_feats, expected["feat"])


def test_a_region_task_that_is_off_predicts_nothing() -> None:
    network = small_network(LxmertForPreTraining, visual_attr_loss=False)
    seen = network(**inputs(network.config), output_attentions=True).activations
    assert seen.object_logits is not None and seen.attribute_logits is None
    headless = small_network(LxmertForPreTraining, task_obj_predict=False)
    seen = headless(**inputs(headless.config), output_attentions=True).activations
    assert (seen.object_logits, seen.attribute_logits, seen.predicted_feats) == (None,) * 3
