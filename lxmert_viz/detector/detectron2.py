"""The detector run by detectron2's own modules, where a person has built it. Nothing here needs it
to be imported.

The published checkpoint gives the same regions as with `network`. A Faster R-CNN C4 of the model
zoo sees the world otherwise: its features are not those that LXMERT was trained on.
"""

from __future__ import annotations

import copy
import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lxmert_viz.config import DetectorConfig
from lxmert_viz.detector.network import BoxPredictor, RegionHeads, in_parts
from lxmert_viz.errors import CheckpointError
from lxmert_viz.records import Report

if TYPE_CHECKING:
    from detectron2.config import CfgNode

ZOO_FILE = "detectron2.yaml"  # in a detector's folder: a config of the model zoo
FEATURES = 2048
ANCHORS = "proposal_generator.anchor_generator.cell_anchors.0"
HOW = (
    "It is on no package registry: build it with scripts/build_detectron2.sh, or use the project's "
    "Dockerfile, which does so."
)


def is_here() -> bool:
    return importlib.util.find_spec("detectron2") is not None


class Detectron2RCNN(nn.Module):
    """Does what FasterRCNN does, with detectron2's modules inside."""

    def __init__(
        self,
        backbone: nn.Module,
        proposal_generator: nn.Module,
        roi_heads: nn.Module,
        config: DetectorConfig,
        is_of_zoo: bool = False,
    ) -> None:
        """Parts of a GeneralizedRCNN; roi_heads: Res5ROIHeads."""
        super().__init__()
        self.config = config
        self.is_of_zoo = is_of_zoo
        self.backbone = backbone
        self.proposal_generator = proposal_generator
        self.roi_heads = roi_heads
        self.attribute_head = BoxPredictor(config)  # detectron2 has none
        del self.attribute_head.cls_score, self.attribute_head.bbox_pred  # these it has

    def features(self, pixels: Tensor, progress: Report | None = None) -> Tensor:
        """Its backbone runs at one go: progress hears of its beginning alone."""
        if progress:
            progress("features", 0.0)
        return self.backbone(pixels)["res4"]

    def propose(
        self, features: Tensor, size: tuple[int, int], most: int | None = None
    ) -> tuple[Tensor, Tensor]:
        from detectron2.structures import ImageList

        generator = copy.copy(self.proposal_generator)  # shares weights, not the number below
        generator.post_nms_topk = {False: most or self.config.rpn_post_nms}
        image = ImageList(features.new_empty(1, 3, *size), [size])
        (found,), _ = generator(image, {"res4": features}, None)
        return found.proposal_boxes.tensor, found.objectness_logits

    def describe(
        self, features: Tensor, boxes: Tensor, progress: Report | None = None
    ) -> RegionHeads:
        parts = [self._heads(features, part) for part, _ in in_parts(boxes, progress)]
        return RegionHeads(*(torch.cat(column) for column in zip(*parts, strict=True)))

    def _heads(self, features: Tensor, boxes: Tensor) -> RegionHeads:
        from detectron2.structures import Boxes

        crops = self.roi_heads.pooler([features], [Boxes(boxes)])
        feats = self.roi_heads.res5(crops).mean(dim=(2, 3))
        class_logits, deltas = self.roi_heads.box_predictor(feats)
        attributes = self.attribute_head.attributes(feats, class_logits.argmax(-1))
        return RegionHeads(feats, class_logits, deltas.unflatten(-1, (-1, 4)), attributes)


def visual_genome_detector(config: DetectorConfig, tensors: dict[str, Tensor]) -> Detectron2RCNN:
    """A detector like the published one, of any size. tensors: under their published names.

    Raises CheckpointError where detectron2 is not here, or weights are missing.
    """
    check_is_here()
    from detectron2.config import get_cfg
    from detectron2.modeling import build_proposal_generator, build_roi_heads

    settings = _visual_genome_settings(get_cfg(), config)
    backbone = _backbone(config)
    shapes = backbone.output_shape()
    roi_heads = build_roi_heads(settings, shapes)
    roi_heads.res5 = nn.Sequential(*_stage(config, 3, dilation=config.res5_dilation))
    proposal_generator = build_proposal_generator(settings, shapes)
    network = Detectron2RCNN(backbone, proposal_generator, roi_heads, config)
    _fill(network, tensors)
    return network.eval()


def zoo_detector(config_file: Path, tensors: dict[str, Tensor]) -> Detectron2RCNN:
    """A Faster R-CNN C4 of the model zoo; its objects are COCO's 80 and it knows no attributes.

    Raises CheckpointError where detectron2 is not here, or the config's regions have another size.
    """
    check_is_here()
    from detectron2.config import get_cfg
    from detectron2.modeling import build_model

    settings = get_cfg()
    settings.merge_from_file(str(config_file))
    settings.MODEL.DEVICE, settings.MODEL.WEIGHTS = "cpu", ""
    model = build_model(settings)
    size = getattr(getattr(model.roi_heads, "box_predictor", None), "cls_score", None)
    if not hasattr(model.roi_heads, "res5") or getattr(size, "in_features", 0) != FEATURES:
        raise CheckpointError(
            f"{config_file} does not make {FEATURES} features a region; of the model zoo the "
            "configs with C4 in their name do."
        )
    parts = (model.backbone, model.proposal_generator, model.roi_heads)
    network = Detectron2RCNN(*parts, _zoo_config(settings), is_of_zoo=True)
    _fill(network, tensors)
    return network.eval()


def check_is_here() -> None:
    """Raises CheckpointError."""
    if not is_here():
        raise CheckpointError(f"detectron2 is not installed. {HOW}")


def _visual_genome_settings(settings: CfgNode, config: DetectorConfig) -> CfgNode:
    model = settings.MODEL
    model.DEVICE, model.WEIGHTS = "cpu", ""
    model.PIXEL_MEAN = list(config.pixel_mean_bgr)
    resnets = model.RESNETS
    resnets.NORM, resnets.WIDTH_PER_GROUP = "FrozenBN", config.width
    resnets.RES2_OUT_CHANNELS = config.res2_channels
    model.ANCHOR_GENERATOR.SIZES = [list(config.anchor_sizes)]
    model.ANCHOR_GENERATOR.ASPECT_RATIOS = [list(config.anchor_ratios)]
    rpn = model.RPN
    rpn.IN_FEATURES, rpn.CONV_DIMS, rpn.NMS_THRESH = ["res4"], [config.rpn_channels], config.rpn_nms
    rpn.PRE_NMS_TOPK_TEST, rpn.POST_NMS_TOPK_TEST = config.rpn_pre_nms, config.rpn_post_nms
    heads = model.ROI_HEADS
    heads.NAME, heads.IN_FEATURES, heads.NUM_CLASSES = "Res5ROIHeads", ["res4"], config.num_objects
    box_head = model.ROI_BOX_HEAD
    box_head.POOLER_TYPE, box_head.POOLER_RESOLUTION = "ROIPool", config.pooler_resolution
    box_head.BBOX_REG_WEIGHTS = config.box_weights
    return settings


def _zoo_config(settings: CfgNode) -> DetectorConfig:
    """What the selection of regions needs to know of it."""
    model = settings.MODEL
    return replace(
        DetectorConfig(),
        num_objects=model.ROI_HEADS.NUM_CLASSES,
        num_attributes=0,
        rpn_post_nms=model.RPN.POST_NMS_TOPK_TEST,
        box_weights=tuple(model.ROI_BOX_HEAD.BBOX_REG_WEIGHTS),
        pixel_mean_bgr=tuple(model.PIXEL_MEAN),
    )


def _backbone(config: DetectorConfig) -> nn.Module:
    """ResNet-C4, whose stem pools as caffe does: the last window may hang over the edge."""
    from detectron2.modeling.backbone.resnet import BasicStem, ResNet

    stem = BasicStem(out_channels=config.stem_channels, norm="FrozenBN")
    stem.forward = lambda pixels: F.max_pool2d(F.relu_(stem.conv1(pixels)), 3, 2, ceil_mode=True)
    stages = [_stage(config, 0), _stage(config, 1, stride=2), _stage(config, 2, stride=2)]
    return ResNet(stem, stages, out_features=["res4"])


def _stage(
    config: DetectorConfig, stage: int, stride: int = 1, dilation: int = 1
) -> list[nn.Module]:
    """res2 .. res5 for stage 0 .. 3, with the stride where caffe has it."""
    from detectron2.modeling.backbone.resnet import BottleneckBlock, ResNet

    outputs = config.res2_channels << stage
    return ResNet.make_stage(
        BottleneckBlock,
        config.blocks[stage],
        stride_per_block=[stride] + [1] * (config.blocks[stage] - 1),
        in_channels=config.stem_channels if stage == 0 else outputs // 2,
        bottleneck_channels=config.width << stage,
        out_channels=outputs,
        dilation=dilation,
        stride_in_1x1=True,
        norm="FrozenBN",
    )


def _fill(network: Detectron2RCNN, tensors: dict[str, Tensor]) -> None:
    """Every weight, and the stored anchors, which detectron2 would not take from a checkpoint."""
    anchors = network.proposal_generator.anchor_generator.cell_anchors
    if ANCHORS in tensors:
        anchors.get_buffer("0").copy_(tensors[ANCHORS])
    heads = {n: t for n, t in tensors.items() if n.startswith("roi_heads.box_predictor.")}
    ours = {n.replace("roi_heads.box_predictor", "attribute_head"): t for n, t in heads.items()}
    missing, _ = network.load_state_dict(tensors | ours, strict=False)
    if missing:
        raise CheckpointError(
            f"The checkpoint lacks {len(missing)} weights that detectron2 needs "
            f"(first: {missing[0]}); it belongs to another network."
        )
