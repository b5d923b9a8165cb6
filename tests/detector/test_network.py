import pytest
import torch
from torch import nn

from lxmert_viz.config import DetectorConfig
from lxmert_viz.detector import network as network_module
from lxmert_viz.detector.network import FasterRCNN, NormedConv
from tests.helpers.detector_weights import TINY, VECTORS, tiny_detector

BOXES = torch.tensor(
    [[0.0, 0.0, 40.0, 60.0], [5.0, 5.0, 30.0, 20.0], [0.0, 30.0, 95.0, 63.0], [7.0, 7.0, 7.0, 7.0]]
)


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    torch.manual_seed(1)
    with torch.no_grad():
        return tiny_detector().features(50 * torch.randn(1, 3, 64, 96))


def test_names_and_shapes_are_those_of_the_published_checkpoint() -> None:
    with torch.device("meta"):
        state = FasterRCNN(DetectorConfig()).state_dict()
    ours = [f"{name} {tuple(value.shape)} {value.dtype}" for name, value in state.items()]
    published = (VECTORS / "state_dict_keys.txt").read_text().split("\n")
    assert sorted(ours) == sorted(line for line in published if line)
    assert len(ours) == 640


def test_a_stage_strides_in_its_first_1x1_and_in_the_shortcut() -> None:
    with torch.device("meta"):
        network = FasterRCNN(DetectorConfig())
    strided = [
        name
        for name, module in network.named_modules()
        if isinstance(module, NormedConv) and module.stride != (1, 1)
    ]
    stages = [f"backbone.{s}.0.{c}" for s in ("res3", "res4") for c in ("shortcut", "conv1")]
    assert strided == ["backbone.stem.conv1", *stages]


def test_only_the_3x3_of_res5_have_holes() -> None:
    with torch.device("meta"):
        network = FasterRCNN(DetectorConfig())
    dilated = [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d) and module.dilation != (1, 1)
    ]
    assert dilated == [f"roi_heads.res5.{i}.conv2" for i in range(3)]


@pytest.mark.parametrize(("side", "cells"), [(3, 1), (64, 4), (68, 5), (800, 50), (1067, 67)])
def test_sixteen_pixels_become_a_cell(side: int, cells: int) -> None:
    with torch.inference_mode():
        features = tiny_detector().features(torch.zeros(1, 3, side, 64))
    assert features.shape == (1, TINY.res2_channels * 4, cells, 4)


def test_the_stored_anchors_are_used(features: torch.Tensor) -> None:
    network = tiny_detector()
    head = network.proposal_generator.rpn_head
    for layer in (head.anchor_deltas, head.objectness_logits):
        nn.init.zeros_(layer.weight)
    stored = network.proposal_generator.anchor_generator.cell_anchors.get_buffer("0")
    stored.copy_(torch.tensor([1.0, 2.0, 3.0, 5.0]).expand_as(stored))
    boxes, _ = network.propose(features, (64, 96))
    assert boxes[0].tolist() == [1, 2, 3, 5]
    assert boxes[1].tolist() == [17, 2, 19, 5]


def test_proposals_lie_in_the_picture_and_fall_in_logit(features: torch.Tensor) -> None:
    boxes, logits = tiny_detector().propose(features, (64, 96))
    assert 0 < len(boxes) <= TINY.rpn_post_nms
    assert (boxes >= 0).all() and (boxes <= torch.tensor([96, 64, 96, 64])).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert (logits.diff() <= 0).all()


def test_a_few_at_a_time_is_all_at_once(
    features: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with torch.inference_mode():
        whole = tiny_detector().describe(features, BOXES)
        monkeypatch.setattr(network_module, "REGIONS_AT_ONCE", 3)
        parts = tiny_detector().describe(features, BOXES)
    for one, other in zip(whole, parts, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_heads_have_a_background_and_a_no_attribute(features: torch.Tensor) -> None:
    heads = tiny_detector().describe(features, BOXES)
    assert heads.feats.shape == (4, TINY.feature_size)
    assert heads.class_logits.shape == (4, 3 + 1)
    assert heads.box_deltas.shape == (4, 3, 4)
    assert heads.attribute_logits.shape == (4, 4 + 1)
    assert (heads.feats >= 0).all()


def test_no_boxes_are_described_as_nothing(features: torch.Tensor) -> None:
    heads = tiny_detector().describe(features, BOXES[:0])
    assert [len(column) for column in heads] == [0, 0, 0, 0]


@pytest.mark.parametrize("winner", [0, 3])
def test_attributes_are_told_the_most_probable_class_or_background(winner: int) -> None:
    predictor = tiny_detector().roi_heads.box_predictor
    predictor.cls_score.bias.data[winner] = 100
    feats = torch.rand(5, TINY.feature_size)
    told = predictor.attributes(feats, torch.full((5,), winner))
    assert torch.equal(predictor(feats).attribute_logits, told)
    assert not torch.equal(predictor.attributes(feats, torch.full((5,), 1)), told)


def test_progress_is_told_by_share(features: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_module, "REGIONS_AT_ONCE", 2)
    heard = []
    tiny_detector().describe(features, BOXES, lambda *news: heard.append(news))
    blocks = TINY.blocks[3]
    shares = [part / 2 + block / blocks / 2 for part in (0, 1) for block in range(blocks)]
    assert heard == [("regions", pytest.approx(share)) for share in shares]
