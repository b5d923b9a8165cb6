import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from lxmert_viz.detector.boxes import (
    LOG_SIZE_LIMIT,
    cell_anchors_xyxy,
    clip_xyxy,
    decode_deltas,
    encode_deltas,
    shift_anchors_xyxy,
)
from lxmert_viz.detector.operators import nms, roi_pool

REGION_WEIGHTS = (10.0, 10.0, 5.0, 5.0)


def box(x: float, y: float, width: float, height: float) -> torch.Tensor:
    return torch.tensor([[x, y, x + width, y + height]])


corners, sides = st.floats(-500, 500, width=32), st.floats(8, 480, width=32)
any_box = st.builds(box, corners, corners, sides, sides)


@given(any_box, any_box)
def test_decoding_undoes_encoding(source: torch.Tensor, target: torch.Tensor) -> None:
    """Sides differ by less than the limit of 62.5."""
    deltas = encode_deltas(source, target, REGION_WEIGHTS)
    back = decode_deltas(source, deltas, REGION_WEIGHTS)
    assert torch.allclose(back, target, atol=0.02)


def test_deltas_are_those_worked_out_by_hand() -> None:
    """A 10 x 20 box at (5, 10) to a 20 x 20 box whose centre is 5 to the right and 4 lower."""
    source = torch.tensor([[0.0, 0.0, 10.0, 20.0]])
    target = torch.tensor([[0.0, 4.0, 20.0, 24.0]])
    deltas = encode_deltas(source, target, REGION_WEIGHTS)
    assert torch.allclose(deltas, torch.tensor([[5.0, 2.0, 5 * math.log(2), 0.0]]))


def test_a_box_grows_by_at_most_a_limit_and_shrinks_without_one() -> None:
    source = torch.tensor([[-0.5, -0.5, 0.5, 0.5]])
    grown = decode_deltas(source, torch.tensor([[0.0, 0.0, 99.0, -9.0]]), (1.0, 1.0, 1.0, 1.0))
    width, height = (grown[0, 2:] - grown[0, :2]).tolist()
    assert math.isclose(width, 62.5, rel_tol=1e-5)
    assert math.isclose(height, math.exp(-9), rel_tol=1e-5)
    assert math.isclose(LOG_SIZE_LIMIT, 4.135166556742356)


def test_each_class_moves_a_proposal_in_its_own_way() -> None:
    proposals = torch.tensor([[0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0]])
    deltas = torch.zeros(2, 3, 4)
    deltas[1, 2, 0] = 10  # one width to the right
    boxes = decode_deltas(proposals[:, None], deltas, REGION_WEIGHTS)
    assert boxes.shape == (2, 3, 4)
    assert boxes[1, 1].tolist() == [20, 0, 30, 10]
    assert boxes[1, 2].tolist() == [30, 0, 40, 10]


def test_clipping_takes_height_before_width() -> None:
    clipped = clip_xyxy(torch.tensor([[-5.0, -5.0, 500.0, 500.0]]), (100, 200))
    assert clipped.tolist() == [[0, 0, 200, 100]]


def test_anchors_go_size_by_size_and_a_ratio_is_height_over_width() -> None:
    anchors = cell_anchors_xyxy((64.0, 128.0), (0.5, 1.0, 2.0))
    first = [[-45.2548, -22.6274, 45.2548, 22.6274], [-32, -32, 32, 32]]
    assert torch.allclose(anchors[:2], torch.tensor(first), atol=1e-4)
    assert torch.allclose(anchors[2], anchors[0][[1, 0, 3, 2]])
    assert torch.allclose(anchors[3:], 2 * anchors[:3])


def test_cells_are_counted_row_by_row_from_pixel_zero() -> None:
    one = torch.tensor([[-1.0, -2.0, 1.0, 2.0], [0.0, 0.0, 3.0, 3.0]])
    anchors = shift_anchors_xyxy(one, (2, 3), 16).reshape(2, 3, 2, 4)
    assert torch.equal(anchors[0, 0], one)
    assert anchors[1, 2, 0].tolist() == [31, 14, 33, 18]


def test_equal_scores_keep_the_earlier_box() -> None:
    """Selection relies on this: the reference breaks ties by the order of proposals."""
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0]]).repeat(50, 1)
    assert nms(boxes, torch.ones(50), 0.5).tolist() == [0]
    apart = boxes + 20 * torch.arange(50.0)[:, None]
    assert nms(apart, torch.ones(50), 0.5).tolist() == list(range(50))


def test_boxes_that_overlap_exactly_as_much_as_allowed_both_stay() -> None:
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 5.0]])  # IoU 0.5
    assert nms(boxes, torch.tensor([0.9, 0.8]), 0.5).tolist() == [0, 1]
    assert nms(boxes, torch.tensor([0.9, 0.8]), 0.49).tolist() == [0]


def test_pooled_cells_are_those_worked_out_by_hand() -> None:
    """Half a cell rounds away from zero and the end cell counts: 8 to 40 px is cells 1 to 3."""
    cells = torch.arange(36.0).reshape(1, 1, 6, 6)
    pooled = roi_pool(cells, [torch.tensor([[8.0, 8.0, 40.0, 40.0]])], 1, 1 / 16)
    assert pooled.item() == cells[0, 0, 3, 3]
    quarters = roi_pool(cells, [torch.tensor([[8.0, 8.0, 40.0, 40.0]])], 2, 1 / 16)
    assert quarters[0, 0].tolist() == [[14, 15], [20, 21]]
