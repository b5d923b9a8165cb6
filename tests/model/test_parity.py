"""The network against transformers: the same weights, every number."""

import copy
import random
from typing import Any

import pytest
import torch
from torch import Tensor

from lxmert_viz.model.fast import fast
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from tests.helpers.small_networks import (
    inputs,
    random_labels,
    random_masks,
    reference_of,
    small_config,
    small_network,
)

CLASSES = (LxmertModel, LxmertForPreTraining, LxmertForQuestionAnswering)
EVERYTHING = {"output_attentions": True, "output_hidden_states": True}
Network = LxmertModel | LxmertForPreTraining | LxmertForQuestionAnswering
SIZES = {0: (1, 1), 1: (512, 3), 2: (7, 36), 3: (5, 1), 4: (1, 36)}  # seed: words, regions


def drawn_config(seed: int) -> dict[str, Any]:
    """A config of odd sizes, with some tasks switched off."""
    draw = random.Random(seed)
    heads = draw.choice((1, 2, 3, 5))

    def usually() -> bool:
        return draw.random() < 0.75

    return {
        "vocab_size": draw.randint(20, 70),
        "hidden_size": heads * draw.choice((1, 3, 7, 8)),
        "num_attention_heads": heads,
        "num_qa_labels": draw.randint(2, 11),
        "num_object_labels": draw.randint(2, 11),
        "num_attr_labels": draw.randint(2, 11),
        "intermediate_size": draw.randint(3, 50),
        "hidden_act": draw.choice(("gelu", "gelu", "relu", "silu", "gelu_new", "swish")),
        "max_position_embeddings": 512,
        "type_vocab_size": draw.randint(2, 3),
        "l_layers": draw.randint(1, 4),
        "r_layers": draw.randint(1, 3),
        "x_layers": draw.randint(1, 3),
        "visual_feat_dim": draw.randint(1, 20),
        "visual_pos_dim": draw.choice((4, 4, 5)),
        "visual_loss_normalizer": draw.choice((6.67, 1.5)),
        "task_matched": usually(),
        "task_mask_lm": usually(),
        "task_obj_predict": usually(),
        "task_qa": usually(),
        "visual_obj_loss": usually(),
        "visual_attr_loss": usually(),
        "visual_feat_loss": usually(),
    }


def assert_same(ours: Any, theirs: Any, name: str) -> None:
    if isinstance(theirs, tuple):
        assert len(ours) == len(theirs), name
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            assert_same(*pair, f"{name}[{index}]")
    else:
        assert isinstance(ours, Tensor) and ours.shape == theirs.shape, name
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5, msg=lambda m: f"{name}: {m}")


def made_fast(network: Network) -> Network:
    if isinstance(network, LxmertModel):
        return fast(network)
    other = copy.deepcopy(network)
    other.lxmert = fast(other.lxmert)
    return other


@pytest.mark.parametrize("seed", range(24))
def test_every_output_equals_the_reference(seed: int) -> None:
    draw = random.Random(1000 + seed)
    words, regions = SIZES.get(seed, (draw.randint(2, 20), draw.randint(2, 12)))
    batch = draw.randint(1, 3)
    kind = CLASSES[0] if seed % 4 == 3 else CLASSES[2] if seed % 4 == 2 else CLASSES[1]
    network = small_network(kind, seed, **drawn_config(seed))
    reference = reference_of(network)
    given = inputs(network.config, batch, words, regions, seed)
    if draw.random() < 0.7:
        given |= random_masks(batch, words, regions, seed)
    if draw.random() < 0.7:
        given["token_type_ids"] = torch.randint(0, 2, (batch, words))
    if kind is LxmertForPreTraining:
        given |= random_labels(network.config, batch, words, regions, seed)
    if kind is LxmertForQuestionAnswering:
        given["labels"] = torch.randint(0, network.config.num_qa_labels, (batch,))
    with torch.no_grad():
        ours, theirs = network(**given, **EVERYTHING), reference(**given, **EVERYTHING)
        our_tuple = network(**given, **EVERYTHING, return_dict=False)
        soon = made_fast(network)(**given, **EVERYTHING)
    assert list(ours) == list(soon) == list(theirs)
    for name in theirs:
        assert_same(ours[name], theirs[name], name)
        assert_same(soon[name], theirs[name], f"{name}, fast")
    for family, maps in ours.activations.attention.items():
        assert_same(soon.activations.attention[family], maps, f"{family}, fast")
    assert_same(our_tuple, theirs.to_tuple(), "tuple form")


@pytest.mark.parametrize("kind", CLASSES)
def test_a_call_by_position_means_the_same(kind: type) -> None:
    network = small_network(kind)
    reference = reference_of(network)
    given = inputs(network.config) | random_masks(2, 6, 5)
    types = torch.tensor([[0, 0, 1, 1, 1, 1]] * 2)
    arguments = [*given.values(), types, None]
    if kind is LxmertForPreTraining:
        arguments += random_labels(network.config).values()
    if kind is LxmertForQuestionAnswering:
        arguments += [torch.tensor([1, 3])]
    for flags in ((True, False, False), (False, True, False), (None, None, None)):
        theirs = reference(*arguments, *flags)
        ours = network(*arguments, *flags)
        assert_same(tuple(ours[:]), tuple(theirs[:]), f"flags {flags}")


@pytest.mark.parametrize("kind", CLASSES)
def test_word_vectors_can_be_given_instead_of_ids(kind: type) -> None:
    network = small_network(kind)
    given = inputs(network.config)
    from_ids = network(**given).to_tuple()
    ids = given.pop("input_ids")
    table = network.get_parameter(
        next(n for n, _ in network.named_parameters() if n.endswith("word_embeddings.weight"))
    )
    assert_same(network(**given, inputs_embeds=table[ids]).to_tuple(), from_ids, "from vectors")


@pytest.mark.parametrize("seed", range(3))
def test_every_gradient_equals_the_reference(seed: int) -> None:
    network = small_network(LxmertForPreTraining, seed, hidden_act=("gelu", "relu", "silu")[seed])
    reference = reference_of(network)
    reference.tie_weights()
    given = inputs(network.config) | random_masks(2, 6, 5, seed) | random_labels(network.config)
    network(**given).loss.backward()
    reference(**given).loss.backward()
    theirs = dict(reference.named_parameters())
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(
            parameter.grad,
            theirs[name].grad,
            rtol=1e-4,
            atol=1e-5,
            msg=lambda m, n=name: f"{n}: {m}",
        )


def test_dropout_falls_where_the_reference_drops(monkeypatch: pytest.MonkeyPatch) -> None:
    def drop_by_place(states: Tensor, p: float, training: bool, inplace: bool = False) -> Tensor:
        """The same elements whenever it is called: the two networks draw in different orders."""
        kept = torch.rand(states.shape, generator=torch.Generator().manual_seed(0)) >= p
        return states * kept / (1 - p) if training else states

    network = small_network(
        LxmertForPreTraining, hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.5
    )
    reference = reference_of(network).train()
    given = inputs(network.config) | random_masks(2, 6, 5)
    monkeypatch.setattr(torch.nn.functional, "dropout", drop_by_place)
    resting = network(**given, **EVERYTHING)
    ours, theirs = network.train()(**given, **EVERYTHING), reference(**given, **EVERYTHING)
    assert_same(ours.to_tuple(), theirs.to_tuple(), "training mode")
    assert not torch.allclose(ours.prediction_logits, resting.prediction_logits, atol=0.1)


@pytest.mark.parametrize("kind", CLASSES)
def test_arguments_stand_in_the_documented_order(kind: type) -> None:
    import inspect

    names = list(inspect.signature(kind.forward).parameters)
    labels = {
        LxmertModel: [],
        LxmertForPreTraining: ["labels", "obj_labels", "matched_label", "ans"],
        LxmertForQuestionAnswering: ["labels"],
    }[kind]
    first = ["self", "input_ids", "visual_feats", "visual_pos", "attention_mask"]
    then = ["visual_attention_mask", "token_type_ids", "inputs_embeds"]
    last = ["output_attentions", "output_hidden_states", "return_dict"]
    assert names == first + then + labels + last


def test_an_unknown_activation_is_named() -> None:
    with pytest.raises(ValueError, match="hidden_act is 'mish'"):
        LxmertModel(small_config(hidden_act="mish"))
