"""Faster R-CNN on ResNet-C4 with objects and attributes, as trained on Visual Genome.

Letters beside those of records.py: P boxes, K objects, A attributes, N anchors, C channels;
(H, W) is the resized picture in pixels, (h, w) its res4 in cells.
Source: Anderson et al. 2018, "Bottom-Up and Top-Down Attention for Image Captioning and VQA".
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lxmert_viz.config import DetectorConfig
from lxmert_viz.detector.boxes import (
    cell_anchors_xyxy,
    clip_xyxy,
    decode_deltas,
    shift_anchors_xyxy,
)
from lxmert_viz.detector.operators import nms, roi_pool
from lxmert_viz.records import Report

STRIDE = 16  # pixels of the resized picture per cell of res4
REGIONS_AT_ONCE = 16  # in res5: 100 MB; those of more fall out of the processor's cache
ON_GPU_AT_ONCE = 128

Heard = Callable[[float], None]  # the share of a part; may raise too


class RegionHeads(NamedTuple):
    """What P boxes show; the last class is background, the last attribute is "none"."""

    feats: Tensor  # (P, F), not negative
    class_logits: Tensor  # (P, K + 1)
    box_deltas: Tensor  # (P, K, 4)
    attribute_logits: Tensor  # (P, A + 1)


class NormedConv(nn.Conv2d):
    """Convolution without bias, then batch norm."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1
    ) -> None:
        padding = dilation * (kernel // 2)
        super().__init__(inputs, outputs, kernel, stride, padding, dilation, bias=False)
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(super().forward(x))


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1, and a way around them, on which a stage's first block changes the channels."""

    def __init__(
        self, inputs: int, width: int, outputs: int, first: bool, stride: int, dilation: int
    ) -> None:
        super().__init__()
        self.shortcut = NormedConv(inputs, outputs, 1, stride) if first else nn.Identity()
        self.conv1 = NormedConv(inputs, width, 1, stride)  # caffe's ResNet strides here, not in 3x3
        self.conv2 = NormedConv(width, width, 3, dilation=dilation)
        self.conv3 = NormedConv(width, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        inside = F.relu_(self.conv1(x))
        inside = F.relu_(self.conv2(inside))
        return F.relu_(self.conv3(inside).add_(self.shortcut(x)))  # in place: a third of the time


def make_stage(
    config: DetectorConfig, stage: int, stride: int = 1, dilation: int = 1
) -> nn.Sequential:
    """res2 .. res5 for stage 0 .. 3."""
    width, outputs = config.width << stage, config.res2_channels << stage
    inputs = config.stem_channels if stage == 0 else outputs // 2
    blocks = [Bottleneck(inputs, width, outputs, True, stride, dilation)]
    for _ in range(config.blocks[stage] - 1):
        blocks.append(Bottleneck(outputs, width, outputs, False, 1, dilation))
    return nn.Sequential(*blocks)


class Stem(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = NormedConv(3, channels, 7, stride=2)

    def forward(self, pixels: Tensor) -> Tensor:
        # caffe's pooling: no padding, the last window may hang over the edge
        return F.max_pool2d(F.relu_(self.conv1(pixels)), 3, stride=2, ceil_mode=True)


class Backbone(nn.Module):
    """Pixels (B, 3, H, W) -> res4 (B, C, h, w)."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.stem = Stem(config.stem_channels)
        self.res2 = make_stage(config, 0)
        self.res3 = make_stage(config, 1, stride=2)
        self.res4 = make_stage(config, 2, stride=2)

    def forward(self, pixels: Tensor, progress: Report | None = None) -> Tensor:
        x = self.stem(pixels)
        blocks = [*self.res2, *self.res3, *self.res4]
        for done, block in enumerate(blocks):
            if progress:
                progress("features", done / len(blocks))
            x = block(x)
        return x


class AnchorGenerator(nn.Module):
    """The anchors of all cells; those of one cell are a tensor that a checkpoint replaces."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.cell_anchors = nn.Module()
        table = cell_anchors_xyxy(config.anchor_sizes, config.anchor_ratios)
        self.cell_anchors.register_buffer("0", table)

    def forward(self, grid: tuple[int, int]) -> Tensor:
        return shift_anchors_xyxy(self.cell_anchors.get_buffer("0"), grid, STRIDE)


class RPNHead(nn.Module):
    def __init__(self, inputs: int, channels: int, anchors: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, channels, 3, padding=1)
        self.objectness_logits = nn.Conv2d(channels, anchors, 1)
        self.anchor_deltas = nn.Conv2d(channels, anchors * 4, 1)
        for layer in (self.conv, self.objectness_logits, self.anchor_deltas):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        hidden = F.relu(self.conv(features))
        logits = self.objectness_logits(hidden).permute(0, 2, 3, 1).flatten(1)  # (B, N)
        deltas = self.anchor_deltas(hidden).permute(0, 2, 3, 1).reshape(*logits.shape, 4)
        return logits, deltas  # both in the order row, column, anchor


class ProposalGenerator(nn.Module):
    """res4 (B, C, h, w) -> anchors (N, 4), logits (B, N) and deltas (B, N, 4)."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        anchors = len(config.anchor_sizes) * len(config.anchor_ratios)
        self.anchor_generator = AnchorGenerator(config)
        self.rpn_head = RPNHead(config.res2_channels * 4, config.rpn_channels, anchors)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, deltas = self.rpn_head(features)
        return self.anchor_generator(features.shape[-2:]), logits, deltas


class BoxPredictor(nn.Module):
    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        features, hidden = config.feature_size, config.attribute_hidden_size
        self.cls_score = nn.Linear(features, config.num_objects + 1)
        self.bbox_pred = nn.Linear(features, config.num_objects * 4)
        self.has_attributes = config.num_attributes > 0
        if self.has_attributes:
            self.cls_embedding = nn.Embedding(config.num_objects + 1, config.class_embedding_size)
            self.fc_attr = nn.Linear(features + config.class_embedding_size, hidden)
            self.attr_score = nn.Linear(hidden, config.num_attributes + 1)
        for layer, std in ((self.cls_score, 0.01), (self.bbox_pred, 0.001)):
            nn.init.normal_(layer.weight, std=std)
            nn.init.zeros_(layer.bias)

    def attributes(self, feats: Tensor, classes: Tensor) -> Tensor:
        """(P, A + 1) logits of regions taken for these classes (P,); background is a class here."""
        if not self.has_attributes:
            return feats.new_zeros(len(feats), 1)  # "none" is all there is
        hidden = F.relu(self.fc_attr(torch.cat([feats, self.cls_embedding(classes)], dim=-1)))
        return self.attr_score(hidden)

    def forward(self, feats: Tensor) -> RegionHeads:
        class_logits = self.cls_score(feats)
        box_deltas = self.bbox_pred(feats).unflatten(-1, (-1, 4))
        attributes = self.attributes(feats, class_logits.argmax(-1))
        return RegionHeads(feats, class_logits, box_deltas, attributes)


class ROIHeads(nn.Module):
    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.resolution = config.pooler_resolution
        self.grids = 1  # that a side of a crop is dealt to, as `speed.make_fast` says
        # here res5 keeps the pooled size: no stride, and holes in the 3x3 instead
        self.res5 = make_stage(config, 3, stride=1, dilation=config.res5_dilation)
        self.box_predictor = BoxPredictor(config)

    def pool(self, features: Tensor, boxes: list[Tensor], progress: Heard | None = None) -> Tensor:
        """(P, F) of all boxes of all pictures; boxes: one (P_i, 4) a picture, in resized pixels."""
        crops = roi_pool(features, boxes, self.resolution, 1 / STRIDE)
        x = _dealt(crops, self.grids).to(self.res5[0].conv1.weight.dtype)
        for done, block in enumerate(self.res5):
            if progress and done:
                progress(done / len(self.res5))
            x = block(x)
        return x.to(features.dtype).unflatten(0, (-1, self.grids**2)).mean(dim=(1, 3, 4))


def _dealt(crops: Tensor, grids: int) -> Tensor:
    """(P, C, h, w) -> (P * grids^2, C, h / grids, w / grids), every so many-th cell together."""
    apart = crops.unflatten(3, (-1, grids)).unflatten(2, (-1, grids))
    return apart.permute(0, 3, 5, 1, 2, 4).flatten(0, 2)


def in_parts(boxes: Tensor, progress: Report | None) -> Iterator[tuple[Tensor, Heard]]:
    """Boxes (P, 4) a few at a time, at least once, each part with who hears of its own share."""
    count = max(len(boxes), 1)
    at_once = REGIONS_AT_ONCE if boxes.device.type == "cpu" else ON_GPU_AT_ONCE
    for start in range(0, count, at_once):
        part = boxes[start : start + at_once]

        def heard(share: float, start: int = start, size: int = len(part)) -> None:
            if progress:
                progress("regions", (start + share * size) / count)

        heard(0.0)
        yield part, heard


class FasterRCNN(nn.Module):
    """`features`, then `propose`, then `describe`. Boxes are xyxy in resized pixels."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = Backbone(config)
        self.proposal_generator = ProposalGenerator(config)
        self.roi_heads = ROIHeads(config)

    def features(self, pixels: Tensor, progress: Report | None = None) -> Tensor:
        """res4 (B, C, h, w) of pixels (B, 3, H, W), BGR minus mean."""
        kind = self.backbone.stem.conv1.weight.dtype  # less than the pixels' in mixed precision
        return self.backbone(pixels.to(kind), progress).to(pixels.dtype)

    def propose(
        self, features: Tensor, size: tuple[int, int], most: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Boxes (P, 4) where one picture of `size` (H, W) may show objects; logits (P,).

        most: how many at most; by default as many as the config says.
        """
        anchors, logits, deltas = self.proposal_generator(features)
        return self.best_proposals(anchors, logits[0], deltas[0], size, most)

    def best_proposals(
        self,
        anchors: Tensor,
        logits: Tensor,
        deltas: Tensor,
        size: tuple[int, int],
        most: int | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The most likely boxes of one picture, without near copies, in falling order of logits."""
        logits, order = logits.sort(descending=True, stable=True)
        order = order[: self.config.rpn_pre_nms]
        boxes = decode_deltas(anchors[order], deltas[order], (1.0, 1.0, 1.0, 1.0))
        boxes, logits = clip_xyxy(boxes, size), logits[: len(order)]
        filled = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        boxes, logits = boxes[filled], logits[filled]
        keep = nms(boxes, logits, self.config.rpn_nms)[: most or self.config.rpn_post_nms]
        return boxes[keep], logits[keep]

    def describe(
        self, features: Tensor, boxes: Tensor, progress: Report | None = None
    ) -> RegionHeads:
        """What one picture shows in these boxes (P, 4), a few at a time to bound the memory."""
        parts = []
        features = features.contiguous()  # once, else roi_pool does it for every chunk
        for part, heard in in_parts(boxes, progress):
            feats = self.roi_heads.pool(features, [part], heard)
            parts.append(self.roi_heads.box_predictor(feats))
        return RegionHeads(*(torch.cat(column) for column in zip(*parts, strict=True)))
