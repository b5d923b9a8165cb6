from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from lxmert_viz.detector.weights import load_detector, load_weights, save_detector
from lxmert_viz.errors import CheckpointError
from tests.helpers.detector_weights import TINY, tiny_detector

ANCHORS = "proposal_generator.anchor_generator.cell_anchors.0"


def test_a_saved_detector_comes_back_whole(tmp_path: Path) -> None:
    network = tiny_detector()
    network.proposal_generator.anchor_generator.cell_anchors.get_buffer("0").add_(7.5)
    network.backbone.stem.conv1.norm.running_mean.add_(1)
    save_detector(network, tmp_path / "detector")
    again = load_detector(tmp_path / "detector")
    assert again.config == TINY
    assert not again.training
    for name, value in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_a_published_torch_file_is_read(tmp_path: Path) -> None:
    network = tiny_detector()
    TINY.to_file(tmp_path / "config.json")
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    again = load_detector(tmp_path)
    assert torch.equal(again.backbone.res4[0].conv1.weight, network.backbone.res4[0].conv1.weight)


def altered(tmp_path: Path, **changes: torch.Tensor | None) -> Path:
    save_detector(tiny_detector(), tmp_path)
    path = tmp_path / "model.safetensors"
    tensors = load_file(path) | changes
    save_file({name: value for name, value in tensors.items() if value is not None}, path)
    return path


@pytest.mark.parametrize("name", [ANCHORS, "backbone.res2.0.conv1.weight"])
def test_a_missing_weight_is_named(tmp_path: Path, name: str) -> None:
    path = altered(tmp_path, **{name: None})
    with pytest.raises(CheckpointError, match=f"lacks 1 .*first: {name}"):
        load_weights(tiny_detector(), path)


def test_an_unknown_weight_is_named(tmp_path: Path) -> None:
    path = altered(tmp_path, **{"backbone.res4.9.conv1.weight": torch.zeros(1)})
    with pytest.raises(CheckpointError, match="first: backbone.res4.9.conv1.weight"):
        load_weights(tiny_detector(), path)


def test_a_weight_of_another_shape_is_named_with_both_shapes(tmp_path: Path) -> None:
    path = altered(tmp_path, **{ANCHORS: torch.zeros(2, 4)})
    with pytest.raises(CheckpointError, match=r"\(2, 4\), config.json asks for \(6, 4\)"):
        load_weights(tiny_detector(), path)


def test_a_folder_without_weights_says_so(tmp_path: Path) -> None:
    TINY.to_file(tmp_path / "config.json")
    with pytest.raises(CheckpointError, match="pytorch_model.bin"):
        load_detector(tmp_path)
