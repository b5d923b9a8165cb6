"""The output classes, and what is kept only when asked for."""

import gc
from dataclasses import fields

import pytest
import torch
from torch import Tensor

from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from lxmert_viz.model.outputs import (
    LxmertForPreTrainingOutput,
    LxmertForQuestionAnsweringOutput,
    LxmertModelOutput,
    ModelOutput,
)
from tests.helpers.small_networks import inputs, small_network

TUPLES = [
    "language_hidden_states",
    "vision_hidden_states",
    "language_attentions",
    "vision_attentions",
    "cross_encoder_attentions",
]
FIELDS = {
    LxmertModelOutput: ["language_output", "vision_output", "pooled_output"],
    LxmertForPreTrainingOutput: [
        "loss",
        "prediction_logits",
        "cross_relationship_score",
        "question_answering_score",
    ],
    LxmertForQuestionAnsweringOutput: ["loss", "question_answering_score"],
}
CLASSES = (LxmertModel, LxmertForPreTraining, LxmertForQuestionAnswering)


@pytest.mark.parametrize("kind", FIELDS)
def test_fields_stand_in_the_documented_order(kind: type[ModelOutput]) -> None:
    assert [f.name for f in fields(kind)] == FIELDS[kind] + TUPLES + ["activations"]


def test_an_output_is_read_by_name_position_and_slice() -> None:
    score, state = torch.tensor([1.0]), torch.tensor([2.0])
    out = LxmertForQuestionAnsweringOutput(
        question_answering_score=score, vision_hidden_states=(state,)
    )
    assert out[0] is score and out["question_answering_score"] is score
    assert out[1:] == ((state,),) and out[-1] == (state,)
    assert list(out) == ["question_answering_score", "vision_hidden_states"] and len(out) == 2
    assert "loss" not in out and out.get("loss") is None and out.loss is None
    assert out.to_tuple() == (score, (state,))
    with pytest.raises(KeyError):
        out["loss"]
    with pytest.raises(IndexError):
        out[2]


@pytest.mark.parametrize("kind", CLASSES)
def test_activations_are_no_part_of_the_tuple_form(kind: type) -> None:
    network = small_network(kind)
    given = inputs(network.config)
    out = network(**given, output_attentions=True)
    as_tuple = network(**given, output_attentions=True, return_dict=False)
    assert out.activations is not None and "activations" not in out
    assert len(as_tuple) == len(out) and isinstance(as_tuple, tuple)


@pytest.mark.parametrize("kind", CLASSES)
def test_nothing_is_collected_that_was_not_asked_for(kind: type) -> None:
    network = small_network(kind)
    given = inputs(network.config, batch=2, words=6, regions=5)
    maps = {(2, 3, n, m) for n in (5, 6) for m in (5, 6)}

    def maps_alive() -> int:
        return sum(type(o) is Tensor and tuple(o.shape) in maps for o in gc.get_objects())

    with torch.no_grad():
        out = network(**given)
        assert out.activations is None and not set(TUPLES) & set(out)
        assert maps_alive() == 0
        out = network(**given, output_attentions=True)
        assert maps_alive() == 3 + 2 + 2 * 4


@pytest.mark.parametrize("kind", CLASSES)
def test_a_call_overrules_the_config(kind: type) -> None:
    network = small_network(kind, output_attentions=True, output_hidden_states=True)
    given = inputs(network.config)
    assert set(TUPLES) <= set(network(**given))
    declined = network(**given, output_attentions=False)
    assert declined.language_attentions is None and declined.language_hidden_states is not None
    both_declined = network(**given, output_attentions=False, output_hidden_states=False)
    assert both_declined.activations is None and not set(TUPLES) & set(both_declined)
    network.config.return_dict = False
    assert isinstance(network(**given), tuple)
    assert isinstance(network(**given, return_dict=True), ModelOutput)


def test_hidden_states_leave_out_the_embeddings_that_activations_hold() -> None:
    network = small_network(LxmertModel)
    out = network(**inputs(network.config), output_hidden_states=True)
    assert len(out.language_hidden_states) == 3 + 2 and len(out.vision_hidden_states) == 2 + 2
    assert out.language_hidden_states[0] is out.activations.lang_states[1]
    assert out.language_hidden_states[-1] is out.language_output
    assert out.vision_hidden_states[-1] is out.vision_output
