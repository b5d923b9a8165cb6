"""The door for TensorFlow users, against what TensorFlow's own classes computed."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.outputs import ModelOutput
from lxmert_viz.model.tensorflow import TFLxmertForPreTraining, TFLxmertModel
from tests.helpers.small_networks import same_states, small_config
from tests.helpers.write_tensorflow_fixtures import (
    OTHER_EPS,
    OUTPUTS,
    TINY,
    flat,
    folder_of,
    inputs,
    labels,
    masks,
)

EVERYTHING = {"output_attentions": True, "output_hidden_states": True}


@pytest.fixture(scope="module")
def full() -> TFLxmertForPreTraining:
    return TFLxmertForPreTraining.from_pretrained(folder_of("tf_model.h5", "tf_model.h5"))


@pytest.fixture(scope="module")
def base() -> TFLxmertModel:
    return TFLxmertModel.from_pretrained(folder_of("tf_model_base.h5", "tf_model.h5"))


def same_as_tensorflow(output: ModelOutput, prefix: str) -> None:
    with np.load(OUTPUTS) as stored:
        expected = {name: stored[name] for name in stored if name.startswith(f"{prefix}/")}
    ours = flat(output, prefix)
    assert ours.keys() == expected.keys() and expected
    for name, array in ours.items():
        assert array.shape == expected[name].shape, name
        np.testing.assert_allclose(array, expected[name], rtol=0, atol=1e-5, err_msg=name)


def equal(one: ModelOutput, other: ModelOutput) -> bool:
    pairs = zip(one.to_tuple(), other.to_tuple(), strict=True)
    return all(torch.equal(ours, theirs) for ours, theirs in pairs)


# numbers


def test_outputs_equal_tensorflows(full: TFLxmertForPreTraining, base: TFLxmertModel) -> None:
    same_as_tensorflow(full(**inputs(), **EVERYTHING), "plain")
    same_as_tensorflow(full(**inputs(), **masks(), **EVERYTHING), "masked")
    same_as_tensorflow(base(**inputs(), **masks()), "base")


def test_losses_equal_tensorflows(full: TFLxmertForPreTraining) -> None:
    same_as_tensorflow(full(**inputs(), **labels()), "labelled")


def test_the_configs_epsilon_counts_as_in_tensorflow() -> None:
    """PyTorch's classes ignore it."""
    folder = folder_of("tf_model_base.h5", "tf_model.h5", layer_norm_eps=OTHER_EPS)
    same_as_tensorflow(TFLxmertModel.from_pretrained(folder)(**inputs()), "other_eps")


def test_each_regions_loss_has_its_own_weight(full: TFLxmertForPreTraining) -> None:
    given = labels()
    other = {
        task: (target, weight.copy()) for task, (target, weight) in given["obj_labels"].items()
    }
    for _, weight in other.values():
        weight[:, ::2], weight[:, 1::2] = 1, 0  # the same mean
    ours = [full(**inputs(), obj_labels=regions).loss for regions in (given["obj_labels"], other)]
    assert abs(ours[0] - ours[1]) > 1e-3


def test_labels_to_leave_out_are_left_out(full: TFLxmertForPreTraining) -> None:
    words = labels()["masked_lm_labels"]
    words[:, 1:] = -100
    once = full(**inputs(), masked_lm_labels=words).loss
    words[:, 1:] = -1
    assert once == full(**inputs(), masked_lm_labels=words).loss
    assert torch.isfinite(once)


def test_a_mask_may_have_any_number_of_regions(base: TFLxmertModel) -> None:
    given = inputs()
    few = {name: given[name][:, :4] for name in ("visual_feats", "visual_pos")}
    mask = np.concatenate([np.ones((2, 4)), np.zeros((2, 2))], axis=1)
    hidden, gone = base(**given, visual_attention_mask=mask), base(**given | few)
    np.testing.assert_allclose(hidden.pooled_output, gone.pooled_output, atol=1e-6)


# how they are called


def test_every_form_of_call_gives_the_same(base: TFLxmertModel) -> None:
    given = inputs()
    expected = base(**given)
    in_order = list(given.values())
    assert equal(base(*in_order), expected)
    assert equal(base(in_order), expected)
    assert equal(base(tuple(in_order)), expected)
    assert equal(base(given), expected)
    assert equal(base(input_ids=given), expected)
    ids, feats, boxes = in_order
    assert equal(base(ids, visual_feats=feats, visual_pos=boxes), expected)
    assert equal(base([ids, feats], visual_pos=boxes), expected)
    assert equal(base(given, training=False), expected)
    masked = base([*in_order, masks()["attention_mask"]])
    assert equal(masked, base(given, attention_mask=masks()["attention_mask"]))


def test_word_vectors_may_take_the_place_of_words(base: TFLxmertModel) -> None:
    given = inputs()
    table = base.network.embeddings.word_embeddings.weight.detach().numpy()
    vectors = table[given.pop("input_ids")]
    expected = base(**inputs())
    assert equal(base(None, **given, inputs_embeds=vectors), expected)
    assert equal(base(**given, inputs_embeds=vectors), expected)


def test_whatever_numpy_understands_is_taken(base: TFLxmertModel) -> None:
    given = inputs()
    lists = {name: array.tolist() for name, array in given.items()}
    doubles = {name: array.astype("f8") for name, array in given.items()}
    tensors = {name: torch.tensor(array) for name, array in given.items()}
    for other in (lists, doubles, tensors):
        assert equal(base(**{**other, "input_ids": given["input_ids"]}), base(**given))


def test_outputs_are_read_as_numpy_or_as_a_tuple(full: TFLxmertForPreTraining) -> None:
    output = full(**inputs(), ans=labels()["ans"])
    assert isinstance(output.loss.numpy(), np.ndarray | np.float32)
    assert output["question_answering_score"].numpy().shape == (2, 7)
    listed = full(**inputs(), ans=labels()["ans"], return_dict=False)
    assert isinstance(listed, tuple) and torch.equal(listed[0], output.loss)
    assert not any(tensor.requires_grad for tensor in listed)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    (
        (lambda door, ids: door(ids), ValueError, "visual_feats and visual_pos are needed"),
        (lambda door, ids: door([ids]), ValueError, "visual_feats and visual_pos are needed"),
        (lambda door, ids: door({"words": ids}), TypeError, "no argument 'words'"),
        (lambda door, ids: door(**inputs(), labels=ids), TypeError, "no argument 'labels'"),
        (lambda door, ids: door(ids, input_ids=ids), TypeError, "input_ids is given twice"),
        (lambda door, ids: door([ids] * 20), TypeError, "20 arguments are given; there are 15"),
    ),
)
def test_calls_that_cannot_be_understood(
    full: TFLxmertForPreTraining, call: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(full, inputs()["input_ids"])


def test_training_drops_out_and_is_over_afterwards(base: TFLxmertModel) -> None:
    expected = base(**inputs())
    assert not equal(base(**inputs(), training=True), expected)
    assert equal(base(**inputs()), expected)


# files


def test_a_door_saves_what_tensorflow_reads(full: TFLxmertForPreTraining, tmp_path: Path) -> None:
    full.save_pretrained(tmp_path)
    again = TFLxmertForPreTraining.from_pretrained(tmp_path)
    assert same_states(again.network, full.network)
    assert (tmp_path / "tf_model.h5").exists()
    assert json.loads((tmp_path / "config.json").read_text())["layer_norm_eps"] == 1e-12


def test_a_door_opens_pytorch_files_too(full: TFLxmertForPreTraining, tmp_path: Path) -> None:
    for file in ("config.json", "pytorch_model.bin"):
        shutil.copy(TINY / file, tmp_path / file)
    again = TFLxmertForPreTraining.from_pretrained(tmp_path)
    assert same_states(again.network, full.network)


def test_a_new_door_has_the_configs_sizes() -> None:
    door = TFLxmertModel(small_config())
    assert isinstance(door.config, LxmertConfig) and door.config.hidden_size == 24
