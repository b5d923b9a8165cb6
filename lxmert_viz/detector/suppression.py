"""Non-maximum suppression of the same boxes in many classes at once."""

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.detector.boxes import box_iou

WORD = 64  # bits of a number


def best_shares_apart(boxes_px: Tensor, shares: Tensor, overlap: float) -> Tensor:
    """(P,) each box's largest share among the classes in which no better box covers it by more
    than `overlap`; 0 where there is none.

    boxes_px: (P, 4); shares: (P, K), both in the processor's memory. As `nms` of each class, equal
    shares in the order of boxes.
    """
    if not shares.numel():
        return shares.new_zeros(len(shares))
    covers = _in_bits(box_iou(boxes_px, boxes_px).double() > overlap)  # NaN covers nothing
    order = shares.sort(dim=0, descending=True, stable=True).indices.numpy()  # (P, K)
    words, bits = order // WORD, order % WORD
    classes = np.arange(shares.shape[1])
    gone = np.zeros((len(classes), covers.shape[1]), np.int64)
    stands = np.empty(order.shape, bool)
    for row, places in enumerate(order):  # the next best box of each class
        stands[row] = (gone[classes, words[row]] >> bits[row]) & 1 == 0
        gone |= covers[places] * stands[row, :, None]
    kept = np.zeros(order.shape, bool)
    np.put_along_axis(kept, order, stands, axis=0)
    return torch.where(torch.from_numpy(kept), shares, 0).amax(1)


def _in_bits(rows: Tensor) -> np.ndarray:
    """(N, M) as (N, M / 64) numbers; the first of 64 is the lowest bit."""
    packed = np.packbits(rows.numpy(), axis=1, bitorder="little")
    missing = -packed.shape[1] % (WORD // 8)
    return np.pad(packed, ((0, 0), (0, missing))).view("<i8").astype(np.int64)
