"""All classes at once keep what each alone would keep."""

import pytest
import torch
from torch import Tensor

from lxmert_viz.detector.operators import nms
from lxmert_viz.detector.suppression import best_shares_apart


def one_class_after_the_other(boxes: Tensor, shares: Tensor, overlap: float) -> Tensor:
    best = torch.zeros(len(boxes))
    for of_class in shares.unbind(1):
        kept = nms(boxes, of_class, overlap)
        best[kept] = torch.maximum(best[kept], of_class[kept])
    return best


@pytest.mark.parametrize("levels", [3, 50, 10_000])  # with few, many boxes are equally good
@pytest.mark.parametrize("overlap", [0.3, 0.7])
def test_all_classes_at_once_are_as_one_after_the_other(levels: int, overlap: float) -> None:
    random = torch.Generator().manual_seed(levels)
    for _ in range(5):
        corners = torch.randint(0, 12, (130, 4), generator=random).float()
        boxes = torch.cat([corners[:, :2], corners[:, :2] + corners[:, 2:]], dim=1)  # some empty
        shares = torch.randint(0, levels, (130, 25), generator=random) / levels
        found = best_shares_apart(boxes, shares, overlap)
        assert torch.equal(found, one_class_after_the_other(boxes, shares, overlap))


def test_two_boxes_by_hand() -> None:
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 6.0], [20.0, 0.0, 30.0, 10.0]])
    shares = torch.tensor([[0.5, 0.1], [0.4, 0.3], [0.2, 0.2]])
    # the second overlaps the first by 0.6: less than 0.65, and of the two the better in class 1
    assert best_shares_apart(boxes, shares, 0.5).tolist() == pytest.approx([0.5, 0.3, 0.2])
    assert best_shares_apart(boxes, shares, 0.65).tolist() == pytest.approx([0.5, 0.4, 0.2])


def test_without_boxes_or_classes_there_is_nothing() -> None:
    assert best_shares_apart(torch.zeros(0, 4), torch.zeros(0, 7), 0.3).shape == (0,)
    assert best_shares_apart(torch.zeros(2, 4), torch.zeros(2, 0), 0.3).tolist() == [0, 0]
