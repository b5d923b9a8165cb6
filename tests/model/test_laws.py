"""What must hold for any LXMERT, and the answers that are known beforehand."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from tests.helpers.small_networks import (
    inputs,
    random_labels,
    random_masks,
    reference_of,
    small_network,
)

EVERYTHING = {"output_attentions": True, "output_hidden_states": True}
BOTH_HEADED = (LxmertForPreTraining, LxmertForQuestionAnswering)


def same(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def differ(ours: Tensor, theirs: Tensor) -> bool:
    return (ours - theirs).abs().max().item() > 1e-3


def pretraining() -> tuple[LxmertForPreTraining, dict[str, Any]]:
    network = small_network(LxmertForPreTraining)
    return network, inputs(network.config)


# what the last cross layer's region side cannot do


def test_the_last_region_sublayers_have_no_gradient_on_answers_and_matching() -> None:
    network, given = pretraining()
    out = network(**given, **EVERYTHING)
    seen, last = out.activations, out.activations.vision_cross_states[-1]
    score = out.question_answering_score.sum() + out.cross_relationship_score[:, 1].sum()
    blind = [seen.attention["vision_from_lang"][-1], seen.attention["cross_vision"][-1], *last]
    for activation in blind:
        (gradient,) = torch.autograd.grad(score, activation, retain_graph=True, allow_unused=True)
        assert gradient is None
        (gradient,) = torch.autograd.grad(seen.object_logits.sum(), activation, retain_graph=True)
        assert gradient.abs().max() > 0
    (gradient,) = torch.autograd.grad(score, seen.attention["vision_from_lang"][-2])
    assert gradient.abs().max() > 0


def test_the_last_region_sublayers_change_regions_and_no_answer() -> None:
    network, given = pretraining()
    before = network(**given, **EVERYTHING)
    last = network.lxmert.encoder.x_layers[-1]
    for module in (last.visn_self_att, last.visn_inter, last.visn_output):
        nn.init.normal_(next(module.parameters()), std=2.0)
    after = network(**given, **EVERYTHING)
    assert torch.equal(before.question_answering_score, after.question_answering_score)
    assert torch.equal(before.cross_relationship_score, after.cross_relationship_score)
    assert differ(before.activations.object_logits, after.activations.object_logits)


# regions have no order


def test_permuting_regions_permutes_their_maps_and_leaves_the_answers() -> None:
    network, given = pretraining()
    order = torch.tensor([3, 0, 4, 1, 2])
    moved = given | {name: given[name][:, order] for name in ("visual_feats", "visual_pos")}
    with torch.no_grad():
        before, after = network(**given, **EVERYTHING), network(**moved, **EVERYTHING)
    same(after.question_answering_score, before.question_answering_score)
    same(after.prediction_logits, before.prediction_logits)
    same(after.activations.object_logits, before.activations.object_logits[:, order])
    pairs = {f: zip(before.activations.attention[f], maps, strict=True)
             for f, maps in after.activations.attention.items()}  # fmt: skip
    for family, maps in pairs.items():
        for old, new in maps:
            expected = old[:, :, order] if family.startswith(("vision", "cross_vision")) else old
            has_region_keys = family in ("vision", "lang_from_vision", "cross_vision")
            same(new, expected[..., order] if has_region_keys else expected)


def test_permuting_features_without_their_boxes_changes_the_answers() -> None:
    network, given = pretraining()
    moved = given | {"visual_feats": given["visual_feats"].flip(1)}
    assert differ(
        network(**moved).question_answering_score, network(**given).question_answering_score
    )


# what a mask does


def test_masking_a_region_is_leaving_it_out() -> None:
    network, given = pretraining()
    kept = torch.tensor([0, 1, 3, 4])
    mask = torch.ones(2, 5).index_fill_(1, torch.tensor([2]), 0)
    sliced = given | {name: given[name][:, kept] for name in ("visual_feats", "visual_pos")}
    masked_out = network(**given, visual_attention_mask=mask)
    sliced_out = network(**sliced)
    same(masked_out.question_answering_score, sliced_out.question_answering_score)
    same(masked_out.cross_relationship_score, sliced_out.cross_relationship_score)
    same(masked_out.prediction_logits, sliced_out.prediction_logits)


def test_masking_a_word_is_not_deleting_it() -> None:
    network, given = pretraining()
    kept = torch.tensor([0, 1, 3, 4, 5])
    mask = torch.ones(2, 6).index_fill_(1, torch.tensor([2]), 0)
    masked_out = network(**given, attention_mask=mask)
    deleted_out = network(**given | {"input_ids": given["input_ids"][:, kept]})
    assert differ(masked_out.question_answering_score, deleted_out.question_answering_score)


def test_hiding_every_region_hides_none_of_them() -> None:
    """The trap: a mask over all keys makes attention uniform, and the picture shines through."""
    network, given = pretraining()
    hidden = {"visual_attention_mask": torch.zeros(2, 5)}
    other = given | {"visual_feats": given["visual_feats"] * 3}
    out, other_out = network(**given, **hidden, **EVERYTHING), network(**other, **hidden)
    for weights in out.activations.attention["lang_from_vision"]:
        same(weights, torch.full_like(weights, 1 / 5))
    assert differ(out.question_answering_score, other_out.question_answering_score)


@pytest.mark.parametrize("kind", BOTH_HEADED)
def test_no_regions_is_a_pass_over_the_text_alone(kind: type) -> None:
    """By the reference's modules: words that look at nothing get a context of zeros."""
    network = small_network(kind)
    given = inputs(network.config, regions=0) | {
        "attention_mask": random_masks(2, 6, 0)["attention_mask"]
    }
    given["attention_mask"][:, 0] = 1
    out = network(**given, **EVERYTHING)
    reference = reference_of(network)
    mask = (1 - given["attention_mask"].float())[:, None, None] * torch.finfo(torch.float32).min
    lang = reference.lxmert.embeddings(given["input_ids"], torch.zeros_like(given["input_ids"]))
    for layer in reference.lxmert.encoder.layer:
        lang = layer(lang, mask)[0]
    for layer in reference.lxmert.encoder.x_layers:
        lang = layer.visual_attention.output(torch.zeros_like(lang), lang)
        lang = layer.lang_self_att(lang, mask)[0]
        lang = layer.lang_output(layer.lang_inter(lang), lang)
    same(out.language_hidden_states[-1], lang)
    same(out.question_answering_score, reference.answer_head(reference.lxmert.pooler(lang)))
    assert out.activations.attention["lang_from_vision"][0].shape == (2, 3, 6, 0)
    assert out.vision_hidden_states[-1].shape == (2, 0, 24)


@pytest.mark.parametrize("kind", BOTH_HEADED)
def test_padding_under_a_mask_changes_nothing(kind: type) -> None:
    network = small_network(kind)
    given = inputs(network.config, words=6, regions=5)
    padded = {
        "input_ids": nn.functional.pad(given["input_ids"], (0, 4), value=7),
        "visual_feats": nn.functional.pad(given["visual_feats"], (0, 0, 0, 3), value=0.5),
        "visual_pos": nn.functional.pad(given["visual_pos"], (0, 0, 0, 3), value=0.5),
        "attention_mask": torch.tensor([[1] * 6 + [0] * 4] * 2),
        "visual_attention_mask": torch.tensor([[1] * 5 + [0] * 3] * 2),
    }
    plain, wide = network(**given, **EVERYTHING), network(**padded, **EVERYTHING)
    same(wide.question_answering_score, plain.question_answering_score)
    for old, new in zip(plain.language_hidden_states, wide.language_hidden_states, strict=True):
        same(new[:, :6], old)
    for old, new in zip(plain.vision_hidden_states, wide.vision_hidden_states, strict=True):
        same(new[:, :5], old)
    for family, maps in plain.activations.attention.items():
        for old, new in zip(maps, wide.activations.attention[family], strict=True):
            same(new[:, :, : old.shape[2], : old.shape[3]], old)


@pytest.mark.parametrize("kind", (LxmertModel, *BOTH_HEADED))
def test_a_batch_is_its_single_examples(kind: type) -> None:
    network = small_network(kind)
    given = inputs(network.config, batch=3) | random_masks(3, 6, 5)
    whole = network(**given, **EVERYTHING)
    for index in range(3):
        single = network(**{n: t[index : index + 1] for n, t in given.items()}, **EVERYTHING)
        for name, value in single.items():
            pairs = (
                zip(value, whole[name], strict=True)
                if type(value) is tuple
                else [(value, whole[name])]
            )
            for one, many in pairs:
                same(one[0], many[index])


# the streams apart


@pytest.mark.parametrize("kind", BOTH_HEADED)
@pytest.mark.parametrize("collect", (False, True))
def test_a_kept_vision_stream_gives_exactly_a_full_pass(kind: type, collect: bool) -> None:
    network = small_network(kind)
    given = inputs(network.config) | random_masks(2, 6, 5)
    flags = dict.fromkeys(EVERYTHING, collect)
    vision = network.lxmert.encode_vision(
        given["visual_feats"],
        given["visual_pos"],
        given["visual_attention_mask"],
        collect=collect,
    )
    words = {name: given[name] for name in ("input_ids", "attention_mask")}
    for shift in range(2):
        words["input_ids"] = (words["input_ids"] + shift) % network.config.vocab_size
        full = network(**given | words, **flags)
        again = network(**words, vision=vision, **flags)
        for name, value in full.items():
            values = value if type(value) is tuple else (value,)
            kept = again[name] if type(value) is tuple else (again[name],)
            assert all(torch.equal(a, b) for a, b in zip(values, kept, strict=True)), name


@pytest.mark.parametrize("collect", (False, True))
def test_a_kept_language_stream_gives_exactly_a_full_pass(collect: bool) -> None:
    network = small_network(LxmertModel)
    given = inputs(network.config) | random_masks(2, 6, 5)
    words = {name: given.pop(name) for name in ("input_ids", "attention_mask")}
    flags = dict.fromkeys(EVERYTHING, collect)
    lang = network.encode_language(**words, collect=collect)
    for shift in range(2):
        given["visual_feats"] = given["visual_feats"] + shift
        full, again = network(**words, **given, **flags), network(**given, lang=lang, **flags)
        for one, other in zip(full.to_tuple(), again.to_tuple(), strict=True):
            pairs = zip(one, other, strict=True) if type(one) is tuple else [(one, other)]
            assert all(torch.equal(*pair) for pair in pairs)
    with pytest.raises(ValueError, match="either lang or input_ids"):
        network(**words, **given, lang=lang)


def test_the_streams_joined_by_hand_are_the_network() -> None:
    network = small_network(LxmertModel)
    given = inputs(network.config)
    lang = network.encode_language(given["input_ids"])
    vision = network.encode_vision(given["visual_feats"], given["visual_pos"])
    lang_output, vision_output, steps = network.cross(lang, vision)
    out = network(**given)
    assert torch.equal(lang_output, out.language_output)
    assert torch.equal(vision_output, out.vision_output)
    assert torch.equal(network.pooler(lang_output), out.pooled_output)
    assert (lang.states, lang.attention, vision.states, vision.attention, steps) == ((),) * 5


def test_a_vision_stream_without_its_states_cannot_be_traced() -> None:
    network, given = pretraining()
    lean = network.lxmert.encode_vision(given["visual_feats"], given["visual_pos"])
    with pytest.raises(ValueError, match="collect=True"):
        network(input_ids=given["input_ids"], vision=lean, output_attentions=True)


def test_a_vision_stream_stands_instead_of_visual_arguments() -> None:
    network, given = pretraining()
    vision = network.lxmert.encode_vision(given["visual_feats"], given["visual_pos"])
    with pytest.raises(ValueError, match="either vision or visual_feats"):
        network(**given, vision=vision)


# what goes in


def test_one_picture_for_many_texts_is_refused() -> None:
    network, given = pretraining()
    one = given | {name: given[name][:1] for name in ("visual_feats", "visual_pos")}
    with pytest.raises(ValueError, match="batch size 2, the regions 1"):
        network(**one)


@pytest.mark.parametrize("dtype", (torch.float64, torch.float16))
def test_features_of_another_float_type_are_cast(dtype: torch.dtype) -> None:
    network, given = pretraining()
    cast = given | {name: given[name].to(dtype) for name in ("visual_feats", "visual_pos")}
    expected = given | {name: cast[name].float() for name in ("visual_feats", "visual_pos")}
    assert torch.equal(network(**cast).prediction_logits, network(**expected).prediction_logits)


@pytest.mark.parametrize(
    ("changes", "message"),
    (
        ({"visual_feats": torch.ones(2, 5, 13, dtype=torch.long)}, "visual_feats are torch.int64"),
        ({"visual_feats": None}, "visual_feats and visual_pos are needed"),
        ({"visual_pos": None}, "visual_feats and visual_pos are needed"),
        ({"visual_pos": torch.ones(2, 4, 4)}, r"\(2, 5, 13\), visual_pos \(2, 4, 4\)"),
        ({"visual_attention_mask": torch.ones(2, 6)}, r"\(2, 6\), not \(2, 5\)"),
        ({"attention_mask": torch.ones(2, 6, 6)}, r"\(2, 6, 6\), not \(2, 6\)"),
        ({"input_ids": None}, "either input_ids or inputs_embeds"),
        ({"inputs_embeds": torch.ones(2, 6, 24)}, "either input_ids or inputs_embeds"),
        ({"input_ids": torch.ones(2, 33, dtype=torch.long)}, "has 33 tokens; .* 1 to 32"),
        ({"input_ids": torch.ones(2, 0, dtype=torch.long)}, "has 0 tokens; .* 1 to 32"),
    ),
)
def test_inputs_that_do_not_fit_are_named(changes: dict[str, Any], message: str) -> None:
    network, given = pretraining()
    with pytest.raises(ValueError, match=message):
        network(**given | changes)


def test_everything_is_made_on_the_device_of_the_inputs() -> None:
    """On the meta device a tensor made elsewhere cannot be mixed in."""
    network, given = pretraining()
    labels = random_labels(network.config)
    labels["obj_labels"] = {
        k: tuple(t.to("meta") for t in v) for k, v in labels["obj_labels"].items()
    }
    on_meta = {n: t.to("meta") if isinstance(t, Tensor) else t for n, t in (given | labels).items()}
    out = network.to("meta")(**on_meta, **EVERYTHING)
    assert out.loss.device.type == "meta" and out.activations.pooled.device.type == "meta"


@pytest.mark.parametrize("dtype", (torch.float16, torch.bfloat16))
def test_a_half_precision_network_agrees_roughly(dtype: torch.dtype) -> None:
    network, given = pretraining()
    given |= random_masks(2, 6, 5)
    exact = network(**given).question_answering_score
    rough = network.to(dtype)(**given).question_answering_score
    assert rough.dtype == dtype
    torch.testing.assert_close(rough.float(), exact, rtol=0.1, atol=0.25)
