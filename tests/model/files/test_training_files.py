"""Checkpoints as training loops leave them."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from lxmert_viz.errors import CheckpointError
from lxmert_viz.model.files.loading import load_network
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertForQuestionAnswering, LxmertModel
from tests.helpers.small_networks import same_states, small_network

Tensors = dict[str, Tensor]


def prefixed(prefix: str, tensors: Tensors) -> Tensors:
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


@pytest.fixture
def network() -> LxmertForQuestionAnswering:
    return small_network(LxmertForQuestionAnswering)


def folder_of(network: LxmertForQuestionAnswering, saved: Any, folder: Path, name: str) -> Path:
    network.config.to_file(folder / "config.json")
    torch.save(saved, folder / name)
    return folder


@pytest.mark.parametrize(
    "prefix",
    [
        "module.",
        "_orig_mod.",
        "model.",
        "module._orig_mod.",
        "_orig_mod.module.",
        "model._orig_mod.module.",
        "network.backbone.",
    ],
)
def test_what_wrappers_put_before_the_names_is_taken_off(
    network: LxmertForQuestionAnswering, tmp_path: Path, prefix: str
) -> None:
    saved = prefixed(prefix, network.state_dict())
    folder = folder_of(network, saved, tmp_path, "pytorch_model.bin")
    assert same_states(LxmertForQuestionAnswering.from_pretrained(folder), network)


def test_a_wrapped_part_of_a_network_is_read(
    network: LxmertForQuestionAnswering, tmp_path: Path
) -> None:
    saved = {n.replace("lxmert.", "lxmert._orig_mod."): t for n, t in network.state_dict().items()}
    folder = folder_of(network, saved, tmp_path, "pytorch_model.bin")
    assert same_states(LxmertForQuestionAnswering.from_pretrained(folder), network)


def test_two_copies_that_differ_are_not_mixed(
    network: LxmertForQuestionAnswering, tmp_path: Path
) -> None:
    other = small_network(LxmertForQuestionAnswering, seed=1)
    both = prefixed("model.", network.state_dict()) | prefixed("ema.", other.state_dict())
    folder = folder_of(network, both, tmp_path, "last.ckpt")
    with pytest.raises(CheckpointError, match="two different values for lxmert"):
        LxmertForQuestionAnswering.from_pretrained(folder)


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict", "module"])
@pytest.mark.parametrize("zipped", [True, False])
def test_weights_beside_an_optimizer_are_taken(
    network: LxmertForQuestionAnswering, tmp_path: Path, key: str, zipped: bool
) -> None:
    saved = {
        "epoch": 3,
        "best": np.float64(0.7),
        "history": np.ones(3),
        "args": argparse.Namespace(rate=1e-5, out=Path("runs")),
        "optimizer": torch.optim.AdamW(network.parameters()).state_dict(),
        key: prefixed("model.", network.state_dict()),
    }
    network.config.to_file(tmp_path / "config.json")
    path = tmp_path / "last.ckpt"
    torch.save(saved, path, _use_new_zipfile_serialization=zipped)
    assert same_states(LxmertForQuestionAnswering.from_pretrained(tmp_path), network)


class Trap:
    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.victim,)


def test_an_optimizer_that_would_run_code_is_refused(
    network: LxmertForQuestionAnswering, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    saved = {"model": network.state_dict(), "optimizer": Trap(victim)}
    folder = folder_of(network, saved, tmp_path, "last.pt")
    with pytest.raises(CheckpointError, match="may run no code here"):
        LxmertForQuestionAnswering.from_pretrained(folder)
    assert not victim.exists()


def test_a_file_without_weights_says_where_they_were_looked_for(
    network: LxmertForQuestionAnswering, tmp_path: Path
) -> None:
    folder = folder_of(network, {"epoch": 3, "scores": [0.5]}, tmp_path, "last.pt")
    with pytest.raises(CheckpointError, match="int under 'epoch'.*under one of state_dict"):
        LxmertForQuestionAnswering.from_pretrained(folder)


def test_what_lies_there_for_going_on_with_training_is_no_second_choice(
    network: LxmertForQuestionAnswering, tmp_path: Path
) -> None:
    folder = folder_of(network, network.state_dict(), tmp_path, "epoch-3.pt")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state_0.pth", "scaler.pt"):
        torch.save({}, folder / name)
    assert same_states(LxmertForQuestionAnswering.from_pretrained(folder), network)


def test_without_a_config_the_sizes_are_those_of_the_weights(tmp_path: Path) -> None:
    sizes = {
        "hidden_size": 128,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "l_layers": 2,
        "r_layers": 1,
        "x_layers": 3,
        "visual_pos_dim": 4,
    }
    network = small_network(LxmertForPreTraining, **sizes)
    torch.save({"model": network.state_dict()}, tmp_path / "epoch-3.pt")
    found = load_network(tmp_path)
    assert same_states(found, network)
    assert found.config == network.config
    (note,) = found.load_report.notes
    assert "no config.json beside epoch-3.pt" in note
    assert "layers 2/1/3, hidden size 128" in note
    assert "heads of 64, that is 2" in note


def test_without_a_config_an_answering_network_is_known_by_its_head(tmp_path: Path) -> None:
    network = small_network(LxmertForQuestionAnswering, hidden_size=64, num_attention_heads=1)
    torch.save(network.state_dict(), tmp_path / "BEST.pth")
    found = load_network(tmp_path)
    assert type(found) is LxmertForQuestionAnswering
    assert same_states(found, network)


def test_a_file_that_is_no_lxmert_says_that_its_sizes_are_unknown(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(3)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="no config.json.*no word embedding"):
        LxmertModel.from_pretrained(tmp_path)


def test_a_float16_file_with_a_foreign_class_and_layers_as_a_dict_opens(tmp_path: Path) -> None:
    """As Graphcore/lxmert-vqa-uncased is published."""
    network = small_network(LxmertForQuestionAnswering).half()
    config = network.config.to_dict() | {
        "architectures": ["PoptorchPipelinedLxmertForQuestionAnswering"],
        "num_hidden_layers": {"vision": 2, "cross_encoder": 2, "language": 3},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    found = load_network(tmp_path)
    assert type(found) is LxmertForQuestionAnswering
    assert found.dtype == torch.float32
    assert same_states(found.half(), network)


def test_dtype_and_its_older_name_mean_the_same(
    network: LxmertForQuestionAnswering, tmp_path: Path
) -> None:
    network.save_pretrained(tmp_path)
    kind = LxmertForQuestionAnswering
    assert kind.from_pretrained(tmp_path, torch_dtype=torch.float16).dtype == torch.float16
    assert kind.from_pretrained(tmp_path, torch_dtype="float16").dtype == torch.float16
    with pytest.raises(ValueError, match="give one of them"):
        kind.from_pretrained(tmp_path, dtype="float16", torch_dtype="float32")
