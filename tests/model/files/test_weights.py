"""Weights at the start, and in and out of a folder."""

import json
import warnings
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from lxmert_viz.errors import CheckpointError
from lxmert_viz.model.files.weights import PretrainedNetwork
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from tests.helpers.small_networks import inputs, same_states, small_config, small_network

CLASSES = (LxmertModel, LxmertForPreTraining, LxmertForQuestionAnswering)
WORDS = "lxmert.embeddings.word_embeddings.weight"
DECODER = "cls.predictions.decoder.weight"


def rewritten(network: PretrainedNetwork, folder: Path, **changes: Tensor | None) -> Path:
    """The network's folder with some tensors replaced (dots as __), or removed by None."""
    network.save_pretrained(folder)
    tensors = load_file(folder / "model.safetensors")
    for name, tensor in changes.items():
        name = name.replace("__", ".")
        if tensor is None:
            del tensors[name]
        else:
            tensors[name] = tensor
    save_file(tensors, folder / "model.safetensors")
    return folder


def tied(network: LxmertForPreTraining) -> bool:
    return network.get_parameter(DECODER) is network.get_parameter(WORDS)


# at the start


def test_fresh_weights_are_spread_as_the_config_says() -> None:
    torch.manual_seed(0)
    sizes = {"hidden_size": 60, "intermediate_size": 200, "vocab_size": 900}
    network = LxmertForPreTraining(small_config(**sizes, initializer_range=0.05))
    spreads = 0
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            assert not parameter.any(), name
        elif parameter.dim() == 1:
            assert torch.equal(parameter, torch.ones_like(parameter)), name
        elif parameter.numel() > 3000:
            drawn = parameter[1:] if "embeddings" in name else parameter
            assert drawn.std().item() == pytest.approx(0.05, rel=0.08), name
            assert abs(drawn.mean().item()) < 0.005, name
            spreads += 1
    assert spreads > 20


def test_padding_rows_start_at_zero_and_the_decoder_is_the_word_embedding() -> None:
    network = LxmertForPreTraining(small_config())
    for table in ("word_embeddings", "position_embeddings", "token_type_embeddings"):
        assert not getattr(network.lxmert.embeddings, table).weight[0].any()
    assert tied(network)


# out and in again


@pytest.mark.parametrize("kind", CLASSES)
def test_a_saved_network_comes_back_bit_by_bit(kind: type, tmp_path: Path) -> None:
    network = small_network(kind, hidden_act="relu", num_qa_labels=3)
    network.save_pretrained(tmp_path / "new" / "folder")
    again = kind.from_pretrained(tmp_path / "new" / "folder")
    assert same_states(again, network)
    assert not again.training and all(p.requires_grad for p in again.parameters())
    assert again.config.architectures == [kind.__name__] and network.config.architectures == []
    assert again.config.hidden_act == "relu"
    given = inputs(network.config)
    for ours, theirs in zip(again(**given)[:], network(**given)[:], strict=True):
        assert torch.equal(ours, theirs)


def test_a_network_that_came_back_can_be_trained_on(tmp_path: Path) -> None:
    small_network(LxmertForPreTraining).save_pretrained(tmp_path)
    network = LxmertForPreTraining.from_pretrained(str(tmp_path))
    network(**inputs(network.config), matched_label=torch.tensor([0, 1])).loss.backward()
    assert network.lxmert.encoder.visn_fc.visn_fc.weight.grad.any()


def test_the_tied_decoder_is_stored_once(tmp_path: Path) -> None:
    small_network(LxmertForPreTraining).save_pretrained(tmp_path)
    with safe_open(tmp_path / "model.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt"}
        names = set(file.keys())
    assert WORDS in names and DECODER not in names
    assert tied(LxmertForPreTraining.from_pretrained(tmp_path))


def test_the_reference_opens_what_we_save_and_we_what_it_saves(tmp_path: Path) -> None:
    import transformers

    network = small_network(LxmertForPreTraining)
    network.save_pretrained(tmp_path / "ours")
    reference, report = transformers.LxmertForPreTraining.from_pretrained(
        tmp_path / "ours", output_loading_info=True
    )
    assert not any(report.values())
    reference.save_pretrained(tmp_path / "theirs")
    assert same_states(LxmertForPreTraining.from_pretrained(tmp_path / "theirs"), network)


@pytest.mark.parametrize("legacy", (False, True))
def test_torch_files_are_read_where_no_safetensors_are(tmp_path: Path, legacy: bool) -> None:
    network = small_network(LxmertForPreTraining)
    network.config.to_file(tmp_path / "config.json")
    torch.save(
        network.state_dict(),
        tmp_path / "pytorch_model.bin",
        _use_new_zipfile_serialization=not legacy,
    )
    again = LxmertForPreTraining.from_pretrained(tmp_path)
    assert same_states(again, network) and tied(again)


def test_half_precision_files_become_float32(tmp_path: Path) -> None:
    network = small_network(LxmertForPreTraining).half()
    network.save_pretrained(tmp_path)
    again = LxmertForPreTraining.from_pretrained(tmp_path)
    assert {p.dtype for p in again.parameters()} == {torch.float32}
    assert same_states(again, network.float())


# one class's folder, another class


def test_a_full_checkpoint_gives_the_base_and_the_answering_network(tmp_path: Path) -> None:
    network = small_network(LxmertForPreTraining)
    network.save_pretrained(tmp_path)
    assert same_states(LxmertModel.from_pretrained(tmp_path), network.lxmert)
    answering = LxmertForQuestionAnswering.from_pretrained(tmp_path)
    assert same_states(answering.lxmert, network.lxmert)
    assert same_states(answering.answer_head, network.answer_head)


@pytest.mark.parametrize("kind", (LxmertForPreTraining, LxmertForQuestionAnswering))
def test_a_base_checkpoint_is_not_enough_for_heads(tmp_path: Path, kind: type) -> None:
    small_network(LxmertModel).save_pretrained(tmp_path)
    first = "cls.predictions.bias" if kind is LxmertForPreTraining else "answer_head.logit_fc.0"
    with pytest.raises(CheckpointError, match=f"lacks .* {kind.__name__} .first: {first}"):
        kind.from_pretrained(tmp_path)


def test_base_names_without_prefix_fit_when_the_heads_are_there(tmp_path: Path) -> None:
    network = small_network(LxmertForQuestionAnswering)
    network.save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file(
        {n.removeprefix("lxmert."): t for n, t in tensors.items()}, tmp_path / "model.safetensors"
    )
    assert same_states(LxmertForQuestionAnswering.from_pretrained(tmp_path), network)


# the tied decoder


def test_a_stored_decoder_equal_to_the_embedding_is_tied(tmp_path: Path) -> None:
    network = small_network(LxmertForPreTraining)
    copy = network.get_parameter(DECODER).detach().clone()
    with warnings.catch_warnings(action="error"):
        again = LxmertForPreTraining.from_pretrained(
            rewritten(network, tmp_path, cls__predictions__decoder__weight=copy)
        )
    assert tied(again) and same_states(again, network)


def test_a_lone_decoder_serves_as_embedding_too(tmp_path: Path) -> None:
    network = small_network(LxmertForPreTraining)
    copy = network.get_parameter(DECODER).detach().clone()
    changes = {
        DECODER.replace(".", "__"): copy,
        "lxmert__embeddings__word_embeddings__weight": None,
    }
    again = LxmertForPreTraining.from_pretrained(rewritten(network, tmp_path, **changes))
    assert tied(again) and same_states(again, network)


def test_a_decoder_that_differs_is_kept_apart_with_a_warning(tmp_path: Path) -> None:
    network = small_network(LxmertForPreTraining)
    other = network.get_parameter(DECODER).detach() + 1
    rewritten(network, tmp_path, cls__predictions__decoder__weight=other)
    with pytest.warns(UserWarning, match="differs from its word embedding") as caught:
        again = LxmertForPreTraining.from_pretrained(tmp_path)
    assert caught[0].filename == __file__
    assert torch.equal(again.get_parameter(DECODER), other) and not tied(again)
    assert torch.equal(again.get_parameter(WORDS), network.get_parameter(WORDS))
    again.save_pretrained(tmp_path / "again")
    with pytest.warns(UserWarning, match="differs"):
        assert same_states(LxmertForPreTraining.from_pretrained(tmp_path / "again"), again)


# folders that do not fit


def test_missing_weights_are_counted_and_named(tmp_path: Path) -> None:
    changes = {"lxmert__pooler__dense__weight": None, "lxmert__pooler__dense__bias": None}
    rewritten(small_network(LxmertForPreTraining), tmp_path, **changes)
    with pytest.raises(CheckpointError) as caught:
        LxmertForPreTraining.from_pretrained(tmp_path)
    assert "lacks 2 of the " in str(caught.value)
    assert "(first: lxmert.pooler.dense.weight)" in str(caught.value)
    assert str(tmp_path / "model.safetensors") in str(caught.value)


def test_weights_of_another_shape_are_named_with_both_shapes(tmp_path: Path) -> None:
    network = small_network(LxmertForPreTraining)
    rewritten(network, tmp_path, lxmert__pooler__dense__bias=torch.ones(25))
    with pytest.raises(
        CheckpointError, match=r"1 weights of .*pooler.dense.bias is \(25,\), not \(24,\)"
    ):
        LxmertForPreTraining.from_pretrained(tmp_path)


def test_unknown_weights_are_an_error_and_an_old_index_buffer_is_not(tmp_path: Path) -> None:
    network = small_network(LxmertForPreTraining)
    places = torch.arange(32)
    rewritten(network, tmp_path, lxmert__embeddings__position_ids=places)
    assert same_states(LxmertForPreTraining.from_pretrained(tmp_path), network)
    rewritten(network, tmp_path, lxmert__encoder__layer__9__output=places)
    with pytest.raises(
        CheckpointError, match=r"1 weights that .*first: lxmert.encoder.layer.9.output"
    ):
        LxmertForPreTraining.from_pretrained(tmp_path)


def test_a_network_with_fewer_layers_than_its_file_is_refused(tmp_path: Path) -> None:
    small_network(LxmertModel).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"l_layers": 2}))
    with pytest.raises(CheckpointError, match="16 weights that LxmertModel does not know"):
        LxmertModel.from_pretrained(tmp_path)


def test_what_a_folder_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There is no folder or file .*nowhere"):
        LxmertModel.from_pretrained(tmp_path / "nowhere")
    small_config().to_file(tmp_path / "config.json")
    with pytest.raises(CheckpointError, match="no weights: none of model.safetensors, .*pth, .*pt"):
        LxmertModel.from_pretrained(tmp_path)
    small_network(LxmertModel).save_pretrained(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(CheckpointError, match="There is no config.json"):
        LxmertModel.from_pretrained(tmp_path)


@pytest.mark.parametrize("values", ({"hidden_act": "mish"}, {"num_attention_heads": 5}))
def test_an_unusable_config_is_named(tmp_path: Path, values: dict[str, object]) -> None:
    small_network(LxmertModel).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | values))
    with pytest.raises(CheckpointError, match=next(iter(values))):
        LxmertModel.from_pretrained(tmp_path)


@pytest.mark.parametrize("name", ("model.safetensors", "pytorch_model.bin"))
def test_a_broken_weight_file_is_named(tmp_path: Path, name: str) -> None:
    small_config().to_file(tmp_path / "config.json")
    (tmp_path / name).write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(CheckpointError, match=name):
        LxmertModel.from_pretrained(tmp_path)
