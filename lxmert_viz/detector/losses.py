"""What a detector in training gets wrong, on pictures with true boxes, objects and attributes.

Source: Ren et al. 2015, "Faster R-CNN"; the attribute loss is that of Anderson et al. 2018.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from lxmert_viz.detector.boxes import box_iou, encode_deltas
from lxmert_viz.detector.network import FasterRCNN

ANCHORS_PER_PICTURE = 256
OBJECT_IOU, GROUND_IOU = 0.7, 0.3  # anchors between the two teach nothing
REGIONS_PER_PICTURE = 32
REGION_IOU = 0.5
POSITIVE_SHARE = 0.5  # of the sample, at most
RPN_WEIGHTS = (1.0, 1.0, 1.0, 1.0)

Targets = tuple[Tensor, Tensor, Tensor]  # boxes (N, 4) px, object ids (N,), attribute ids (N,)


class AnchorSample(NamedTuple):
    chosen: Tensor  # indices of anchors to learn from
    is_object: Tensor  # (chosen,) float
    positive: Tensor  # indices of anchors that show an object
    deltas: Tensor  # (positive, 4) from the anchor to the true box


class RegionSample(NamedTuple):
    boxes: Tensor  # (S, 4) px
    classes: Tensor  # (S,) background where no true box is near
    true_boxes: Tensor  # (S, 4), without meaning for background
    attributes: Tensor  # (S,), without meaning for background


def detector_losses(
    network: FasterRCNN, pixels: Tensor, targets: list[Targets]
) -> dict[str, Tensor]:
    """Five scalar losses of a batch (B, 3, H, W), to be added up.

    targets: one triple a picture; boxes xyxy in pixels of `pixels`; a picture may hold no object.
    Samples anchors and regions with torch's global random numbers. Attributes are learnt from
    regions that show an object, told which object it truly is.
    """
    features = network.features(pixels)
    anchors, logits, deltas = network.proposal_generator(features)
    regions = []
    for row, target in enumerate(targets):
        proposals, _ = network.best_proposals(
            anchors, logits[row].detach(), deltas[row].detach(), pixels.shape[-2:]
        )
        regions.append(sample_regions(proposals, target, network.config.num_objects))
    feats = network.roi_heads.pool(features, [r.boxes for r in regions])
    sample = RegionSample(*(torch.cat(column) for column in zip(*regions, strict=True)))
    return proposal_losses(anchors, logits, deltas, [t[0] for t in targets]) | region_losses(
        network, feats, sample
    )


def proposal_losses(
    anchors: Tensor, logits: Tensor, deltas: Tensor, true_boxes: list[Tensor]
) -> dict[str, Tensor]:
    """How far objectness (B, N) and deltas (B, N, 4) of the anchors are from the true boxes."""
    objectness, boxes = logits.new_zeros(()), logits.new_zeros(())
    for row, truth in enumerate(true_boxes):
        sample = sample_anchors(anchors, truth)
        objectness = objectness + F.binary_cross_entropy_with_logits(
            logits[row, sample.chosen], sample.is_object, reduction="sum"
        )
        boxes = boxes + (deltas[row, sample.positive] - sample.deltas).abs().sum()
    count = ANCHORS_PER_PICTURE * len(true_boxes)
    return {"rpn_objectness": objectness / count, "rpn_boxes": boxes / count}


def region_losses(network: FasterRCNN, feats: Tensor, sample: RegionSample) -> dict[str, Tensor]:
    """How far class, box and attribute of sampled regions (S, F) are from the truth."""
    predictor, config = network.roi_heads.box_predictor, network.config
    positive = (sample.classes < config.num_objects).nonzero().squeeze(1)
    classes = sample.classes[positive]
    box_deltas = predictor.bbox_pred(feats[positive]).unflatten(-1, (-1, 4))
    box_deltas = box_deltas[torch.arange(len(positive), device=feats.device), classes]
    true_deltas = encode_deltas(
        sample.boxes[positive], sample.true_boxes[positive], config.box_weights
    )
    attributes = predictor.attributes(feats[positive], classes)
    attribute_loss = F.cross_entropy(attributes, sample.attributes[positive], reduction="sum")
    return {
        "class": F.cross_entropy(predictor.cls_score(feats), sample.classes),
        "boxes": (box_deltas - true_deltas).abs().sum() / len(feats),
        "attribute": attribute_loss / max(len(positive), 1),
    }


def sample_anchors(anchors: Tensor, true_boxes: Tensor) -> AnchorSample:
    """Anchors to learn from: those on an object, and as many others as fit."""
    overlap = box_iou(anchors, true_boxes)  # (N, true)
    best, nearest = _best_match(overlap)
    is_object = best >= OBJECT_IOU
    if len(true_boxes):  # an object that no anchor fits well still gets its best ones
        is_object |= ((overlap == overlap.amax(0)) & (overlap > 0)).any(1)
    positive, negative = _balanced_sample(
        is_object, ~is_object & (best < GROUND_IOU), ANCHORS_PER_PICTURE
    )
    deltas = anchors.new_zeros((0, 4))
    if len(positive):
        deltas = encode_deltas(anchors[positive], true_boxes[nearest[positive]], RPN_WEIGHTS)
    chosen = torch.cat([positive, negative])
    return AnchorSample(chosen, is_object[chosen].to(anchors.dtype), positive, deltas)


def sample_regions(proposals: Tensor, target: Targets, background: int) -> RegionSample:
    """Proposals and true boxes to learn from, with what they truly show."""
    true_boxes, objects, attributes = target
    boxes = torch.cat([proposals, true_boxes])
    best, nearest = _best_match(box_iou(boxes, true_boxes))
    positive, negative = _balanced_sample(
        best >= REGION_IOU, best < REGION_IOU, REGIONS_PER_PICTURE
    )
    chosen, match = torch.cat([positive, negative]), nearest[torch.cat([positive, negative])]
    if not len(true_boxes):
        nothing = torch.full_like(chosen, background)
        return RegionSample(boxes[chosen], nothing, boxes[chosen], torch.zeros_like(chosen))
    classes = objects[match].clone()
    classes[len(positive) :] = background
    return RegionSample(boxes[chosen], classes, true_boxes[match], attributes[match])


def _best_match(overlap: Tensor) -> tuple[Tensor, Tensor]:
    """Largest IoU of each row (N, true) and where; zeros when there is no true box."""
    if not overlap.shape[1]:
        return overlap.new_zeros(len(overlap)), overlap.new_zeros(len(overlap), dtype=torch.long)
    best, nearest = overlap.max(1)
    return best, nearest


def _balanced_sample(positive: Tensor, negative: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Random indices, at most `count`; positives take at most their share, negatives the rest."""
    positives, negatives = positive.nonzero().squeeze(1), negative.nonzero().squeeze(1)
    positives = _shuffled(positives)[: int(count * POSITIVE_SHARE)]
    return positives, _shuffled(negatives)[: count - len(positives)]


def _shuffled(indices: Tensor) -> Tensor:
    return indices[torch.randperm(len(indices), device=indices.device)]
