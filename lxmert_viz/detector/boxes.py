"""Boxes: float xyxy; `_px` of the resized picture, `_unit` as shares of width and height."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

LOG_SIZE_LIMIT = math.log(1000 / 16)  # a box grows at most this much; it may shrink without limit

Weights = tuple[float, float, float, float]


def cell_anchors_xyxy(sizes: Sequence[float], ratios: Sequence[float]) -> Tensor:
    """(sizes x ratios, 4) boxes around the origin, size by size; a ratio is height over width."""
    rows = []
    for size in sizes:
        for ratio in ratios:
            width = math.sqrt(size * size / ratio)
            height = ratio * width
            rows.append([-width / 2, -height / 2, width / 2, height / 2])
    return torch.tensor(rows)


def shift_anchors_xyxy(cell_anchors: Tensor, grid: tuple[int, int], stride: int) -> Tensor:
    """(rows x columns x anchors, 4) of every cell; the first is centred on pixel (0, 0)."""
    y = torch.arange(grid[0], device=cell_anchors.device) * stride
    x = torch.arange(grid[1], device=cell_anchors.device) * stride
    y, x = torch.meshgrid(y, x, indexing="ij")
    shifts = torch.stack([x, y, x, y], dim=-1).reshape(-1, 1, 4).to(cell_anchors.dtype)
    return (shifts + cell_anchors).reshape(-1, 4)


def box_iou(one_xyxy: Tensor, other_xyxy: Tensor) -> Tensor:
    """(N, M) intersection over union of (N, 4) with (M, 4); NaN for two boxes without any area."""
    low = torch.maximum(one_xyxy[:, None, :2], other_xyxy[:, :2])
    high = torch.minimum(one_xyxy[:, None, 2:], other_xyxy[:, 2:])
    shared = (high - low).clamp(min=0).prod(dim=-1)
    return shared / (_area(one_xyxy)[:, None] + _area(other_xyxy) - shared)


def _area(boxes_xyxy: Tensor) -> Tensor:
    return (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).prod(dim=-1)


def encode_deltas(sources_xyxy: Tensor, targets_xyxy: Tensor, weights: Weights) -> Tensor:
    """What `decode_deltas` needs to turn the sources into the targets. All are (..., 4)."""
    source_x, source_y, source_w, source_h = _centre_and_size(sources_xyxy)
    target_x, target_y, target_w, target_h = _centre_and_size(targets_xyxy)
    weight_x, weight_y, weight_w, weight_h = weights
    return torch.stack(
        [
            weight_x * (target_x - source_x) / source_w,
            weight_y * (target_y - source_y) / source_h,
            weight_w * torch.log(target_w / source_w),
            weight_h * torch.log(target_h / source_h),
        ],
        dim=-1,
    )


def decode_deltas(sources_xyxy: Tensor, deltas: Tensor, weights: Weights) -> Tensor:
    """The sources, moved and resized. Shapes (..., 4), broadcast -> (..., 4) xyxy, not clipped."""
    x, y, width, height = _centre_and_size(sources_xyxy)
    dx, dy, dw, dh = (d / w for d, w in zip(deltas.unbind(-1), weights, strict=True))
    new_x, new_y = dx * width + x, dy * height + y
    new_width = dw.clamp(max=LOG_SIZE_LIMIT).exp() * width
    new_height = dh.clamp(max=LOG_SIZE_LIMIT).exp() * height
    return torch.stack(
        [
            new_x - 0.5 * new_width,
            new_y - 0.5 * new_height,
            new_x + 0.5 * new_width,
            new_y + 0.5 * new_height,
        ],
        dim=-1,
    )


def clip_xyxy(boxes_px: Tensor, size: tuple[int, int]) -> Tensor:
    """The part of each box inside a picture of `size` (height, width)."""
    height, width = size
    x1, y1, x2, y2 = boxes_px.unbind(-1)
    return torch.stack(
        [x1.clamp(0, width), y1.clamp(0, height), x2.clamp(0, width), y2.clamp(0, height)], dim=-1
    )


def _centre_and_size(boxes_xyxy: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x1, y1, x2, y2 = boxes_xyxy.unbind(-1)
    width, height = x2 - x1, y2 - y1
    return x1 + 0.5 * width, y1 + 0.5 * height, width, height
