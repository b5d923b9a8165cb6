import pytest
import torch
from torch import Tensor

from lxmert_viz.detector.losses import (
    REGIONS_PER_PICTURE,
    RegionSample,
    Targets,
    detector_losses,
    proposal_losses,
    region_losses,
    sample_anchors,
    sample_regions,
)
from tests.helpers.detector_weights import TINY, tiny_detector

BACKGROUND = TINY.num_objects


@pytest.fixture
def scenes() -> tuple[Tensor, list[Targets]]:
    """Two pictures with two plain rectangles each; the colour is the class."""
    pixels = torch.zeros(2, 3, 96, 128)
    boxes = torch.tensor([[8.0, 8.0, 40.0, 40.0], [64.0, 48.0, 112.0, 88.0]])
    targets = []
    for row, objects in enumerate(([0, 1], [2, 0])):
        for (x1, y1, x2, y2), channel in zip(boxes.int().tolist(), objects, strict=True):
            pixels[row, channel, y1:y2, x1:x2] = 120
        targets.append((boxes.clone(), torch.tensor(objects), torch.tensor(objects) + 1))
    return pixels, targets


def test_every_loss_falls_when_two_pictures_are_learnt(
    scenes: tuple[Tensor, list[Targets]],
) -> None:
    network = tiny_detector().train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    history = []
    for _ in range(40):
        losses = detector_losses(network, *scenes)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        history.append({name: value.item() for name, value in losses.items()})
    assert set(history[0]) == {"rpn_objectness", "rpn_boxes", "class", "boxes", "attribute"}
    early, late = (
        {n: sum(h[n] for h in part) / 5 for n in part[0]} for part in (history[:5], history[-5:])
    )
    for name in ("rpn_objectness", "rpn_boxes", "class", "attribute"):
        assert late[name] < 0.8 * early[name], name


def test_every_trained_weight_gets_a_gradient(scenes: tuple[Tensor, list[Targets]]) -> None:
    network = tiny_detector().train()
    sum(detector_losses(network, *scenes).values()).backward()
    idle = [name for name, p in network.named_parameters() if p.grad is None]
    assert idle == []


def test_pictures_without_objects_teach_background() -> None:
    network = tiny_detector().train()
    nothing = (
        torch.zeros(0, 4),
        torch.zeros(0, dtype=torch.long),
        torch.zeros(0, dtype=torch.long),
    )
    losses = detector_losses(network, torch.randn(2, 3, 64, 96), [nothing, nothing])
    assert losses["class"] > 0
    assert losses["boxes"] == losses["attribute"] == losses["rpn_boxes"] == 0
    sum(losses.values()).backward()


def test_anchors_on_an_object_are_told_apart_from_the_rest() -> None:
    truth = torch.tensor([[0.0, 0.0, 10.0, 10.0], [100.0, 0.0, 110.0, 10.0]])
    anchors = torch.tensor(
        [
            [0.0, 0.0, 10.0, 9.0],  # IoU 0.9
            [0.0, 0.0, 10.0, 5.0],  # 0.5: says nothing
            [0.0, 0.0, 10.0, 2.0],  # 0.2
            [100.0, 0.0, 110.0, 4.0],  # 0.4, but the best that the second object has
            [300.0, 0.0, 310.0, 10.0],
        ]
    )
    sample = sample_anchors(anchors, truth)
    labels = dict(zip(sample.chosen.tolist(), sample.is_object.tolist(), strict=True))
    assert labels == {0: 1, 3: 1, 2: 0, 4: 0}
    assert set(sample.positive.tolist()) == {0, 3}


def test_right_proposals_cost_nothing() -> None:
    truth = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    anchors = torch.tensor([[0.0, 0.0, 10.0, 10.0], [50.0, 50.0, 60.0, 60.0]])
    logits = torch.tensor([[50.0, -50.0]])
    losses = proposal_losses(anchors, logits, torch.zeros(1, 2, 4), [truth])
    assert losses["rpn_objectness"] < 1e-6
    assert losses["rpn_boxes"] == 0
    wrong = proposal_losses(anchors, -logits, torch.ones(1, 2, 4), [truth])
    assert wrong["rpn_objectness"].item() == pytest.approx(100 / 256)
    assert wrong["rpn_boxes"].item() == pytest.approx(4 / 256)  # of the positive anchor alone


def test_sampled_regions_carry_what_they_show() -> None:
    target = (
        torch.tensor([[0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0]]),
        torch.tensor([2, 1]),
        torch.tensor([3, 0]),
    )
    proposals = torch.tensor([[20.0, 0.0, 30.0, 6.0], [50.0, 0.0, 60.0, 10.0]])
    sample = sample_regions(proposals, target, BACKGROUND)
    rows = {
        tuple(b): (c, tuple(t), a)
        for b, c, t, a in zip(*(column.tolist() for column in sample), strict=True)
    }
    first, second = (tuple(b) for b in target[0].tolist())
    assert rows[first] == (2, first, 3)
    assert rows[second] == (1, second, 0)
    assert rows[(20, 0, 30, 6)] == (1, second, 0)
    assert rows[(50, 0, 60, 10)][0] == BACKGROUND
    assert len(rows) == 4


def test_at_most_half_of_a_sample_shows_objects() -> None:
    truth = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    target = (truth, torch.tensor([0]), torch.tensor([0]))
    near, far = truth.repeat(200, 1), truth.repeat(200, 1) + 500
    sample = sample_regions(torch.cat([near, far]), target, BACKGROUND)
    assert len(sample.boxes) == REGIONS_PER_PICTURE
    assert (sample.classes != BACKGROUND).sum() == REGIONS_PER_PICTURE // 2


def test_background_teaches_neither_boxes_nor_attributes() -> None:
    network = tiny_detector()
    feats = torch.rand(3, TINY.feature_size)
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0]]).repeat(3, 1)

    def losses(far: float, attribute: int) -> dict[str, Tensor]:
        classes = torch.tensor([0, 1, BACKGROUND])
        truth = boxes + torch.tensor([[0.0], [1.0], [far]])
        attributes = torch.tensor([1, 2, attribute])
        return region_losses(network, feats, RegionSample(boxes, classes, truth, attributes))

    assert losses(0, 0) == losses(1000, 4)
    assert losses(0, 0)["boxes"] > 0
