"""The detector made fast sees what the detector sees."""

import numpy as np
import pytest
import torch
from torch import nn

from lxmert_viz.detector.network import FasterRCNN, NormedConv
from lxmert_viz.detector.selection import detect
from lxmert_viz.detector.speed import FULL, MIXED, make_fast
from lxmert_viz.detector.winograd import WinogradConv
from tests.helpers.detector_weights import TINY, tiny_detector

BOXES = torch.tensor([[0.0, 0.0, 40.0, 60.0], [5.0, 5.0, 30.0, 20.0], [7.0, 7.0, 7.0, 7.0]])


def trained() -> FasterRCNN:
    """Batch norms as training leaves them: nothing is 0 or 1."""
    network = tiny_detector()
    random = torch.Generator().manual_seed(4)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            size = module.weight.shape
            module.running_mean.copy_(0.3 * torch.randn(size, generator=random))
            module.running_var.copy_(0.5 + torch.rand(size, generator=random))
            module.weight.data.copy_(0.5 + torch.rand(size, generator=random))
            module.bias.data.copy_(0.2 * torch.randn(size, generator=random))
    return network


def seen(network: FasterRCNN) -> tuple[torch.Tensor, torch.Tensor]:
    """res4 and the features of BOXES."""
    pixels = 50 * torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        features = network.features(pixels)
        return features, network.describe(features, BOXES).feats


def relative(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).norm() / other.norm())


def test_folded_batch_norms_change_nothing_but_the_last_digits() -> None:
    for fast, plain in zip(seen(make_fast(trained())), seen(trained()), strict=True):
        assert relative(fast, plain) < 1e-6


def test_no_batch_norm_is_left_and_weights_lie_channels_last() -> None:
    network = make_fast(trained())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    for module in network.modules():
        if isinstance(module, NormedConv):
            assert module.weight.is_contiguous(memory_format=torch.channels_last)
            assert module.bias is not None


def test_making_it_fast_twice_is_making_it_fast_once() -> None:
    once, twice = make_fast(trained()), make_fast(make_fast(trained()))
    for one, other in zip(seen(twice), seen(once), strict=True):
        assert torch.equal(one, other)


def test_mixed_precision_moves_features_a_little() -> None:
    for mixed, full in zip(
        seen(make_fast(trained(), MIXED)), seen(make_fast(trained(), FULL)), strict=True
    ):
        assert mixed.dtype == torch.float32
        assert 1e-5 < relative(mixed, full) < 2e-2


def test_a_fast_detector_finds_the_same_regions() -> None:
    picture = np.random.default_rng(7).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    for profile in TINY.profiles.values():
        fast, plain = (detect(n, picture, profile) for n in (make_fast(trained()), trained()))
        assert fast.object_ids.tolist() == plain.object_ids.tolist()
        assert np.abs(fast.boxes_unit - plain.boxes_unit).max() < 1e-4
        assert np.abs(fast.feats - plain.feats).max() < 1e-5 * plain.feats.max()


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="'half'"):
        make_fast(trained(), "half")


@pytest.mark.parametrize("size", ((1, 1), (3, 4), (7, 7), (8, 5)))
def test_fewer_multiplications_give_the_same_convolution(size: tuple[int, int]) -> None:
    random = torch.Generator().manual_seed(5)
    conv = nn.Conv2d(6, 10, 3, padding=1).requires_grad_(False)
    x = torch.randn(3, 6, *size, generator=random).to(memory_format=torch.channels_last)
    less = WinogradConv(conv)
    assert relative(less(x), conv(x)) < 1e-5
    assert less(x).is_contiguous(memory_format=torch.channels_last)
    assert less(x[:0]).shape == (0, 10, *size)
    holes = [block.conv2 for block in make_fast(trained()).roi_heads.res5]
    assert all(isinstance(found, WinogradConv) for found in holes)


def test_no_box_at_all_is_no_feature() -> None:
    with torch.inference_mode():
        found = make_fast(trained()).describe(torch.zeros(1, 32, 4, 6), torch.zeros(0, 4))
    assert found.feats.shape[0] == 0
