"""Which of the proposals become regions, and what each is called."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.config import RegionProfile
from lxmert_viz.detector.boxes import Weights, box_iou, clip_xyxy, decode_deltas
from lxmert_viz.detector.network import STRIDE, FasterRCNN, RegionHeads
from lxmert_viz.detector.operators import nms
from lxmert_viz.detector.preprocessing import ScaledPicture, preprocess
from lxmert_viz.detector.suppression import best_shares_apart
from lxmert_viz.records import Report

PER_CLASS_NMS = 0.3
NO_ATTRIBUTE = -1
AGNOSTIC_NMS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # the last one keeps every box
LOST_BY = OVERLAP, LIMIT, SCORE = ("overlap", "limit", "score")


@dataclass(frozen=True)
class Selection:
    """R of P described boxes, as tensors."""

    indices: Tensor  # (R,) which of the P, none twice
    boxes_px: Tensor  # (R, 4) xyxy in the resized picture
    object_ids: Tensor  # (R,) most probable class, background aside
    scores: Tensor  # (R,) its probability
    attribute_ids: Tensor  # (R,) -1 where the detector knows none
    attribute_scores: Tensor  # (R,)
    contest: "Contest | None" = None  # None where nothing had to be chosen


@dataclass(frozen=True)
class Contest:
    """What all P proposals had to show when regions were chosen."""

    boxes_px: Tensor  # (P, 4)
    scores: Tensor  # (P,) probability of the most probable class
    confidence: Tensor  # (P,) in classes where no better box is near; 0 where there is none
    min_score: float


@dataclass(frozen=True)
class LeftOut:
    """M proposals that did not become regions, the best first."""

    boxes_unit: np.ndarray  # (M, 4) xyxy, 0..1
    object_ids: np.ndarray  # (M,)
    attribute_ids: np.ndarray  # (M,)
    scores: np.ndarray  # (M,) 0..1
    reasons: tuple[str, ...]  # of LOST_BY
    rivals: np.ndarray  # (M,) the region that each overlaps most; -1 where there are no regions


@dataclass(frozen=True)
class Detections:
    """The regions of one picture, float32 and int64; there may be fewer than a profile asks for."""

    boxes_unit: np.ndarray  # (R, 4) xyxy, 0..1
    feats: np.ndarray  # (R, F)
    object_ids: np.ndarray  # (R,)
    scores: np.ndarray  # (R,) 0..1
    attribute_ids: np.ndarray  # (R,)
    attribute_scores: np.ndarray  # (R,) 0..1
    left_out: LeftOut | None = None  # None where boxes were given

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """What there is of every region, by name."""
        return {name: value for name, value in vars(self).items() if name != "left_out"}


def detect(
    network: FasterRCNN,
    picture_rgb: np.ndarray,
    profile: RegionProfile,
    progress: Report | None = None,
    proposals: int | None = None,
) -> Detections:
    """The regions that the detector chooses in a picture (H, W, 3) uint8.

    proposals: how many places are looked at; by default as many as the detector's config says.
    progress hears of "features", "proposals" and "regions" with the share of all work that is
    done; what it raises comes through.
    """
    report = progress or _unheard
    with torch.inference_mode():
        picture = _preprocessed(network, picture_rgb, profile)
        share = _features_share(network, picture, proposals or network.config.rpn_post_nms)
        features = _features(network, picture, _part_of(report, 0, share))
        report("proposals", share)
        places, _ = network.propose(features, picture.size, proposals)
        heads = _on_cpu(network.describe(features, places, _part_of(report, share, 1)))
        report("regions", 1.0)
        selection = select(heads, places.cpu(), picture.size, network.config.box_weights, profile)
        return _detections(picture, heads, selection, profile.rule)


def describe_boxes(
    network: FasterRCNN,
    picture_rgb: np.ndarray,
    boxes_unit: np.ndarray,
    profile: RegionProfile,
    progress: Report | None = None,
) -> Detections:
    """What the detector sees in given boxes (R, 4), all of them and in their order."""
    report = progress or _unheard
    with torch.inference_mode():
        picture = _preprocessed(network, picture_rgb, profile)
        share = _features_share(network, picture, len(boxes_unit))
        features = _features(network, picture, _part_of(report, 0, share))
        given = torch.from_numpy(boxes_unit.astype(np.float32)).reshape(-1, 4)
        boxes_px = picture.px_from_unit(given)
        rest = _part_of(report, share, 1)
        heads = _on_cpu(network.describe(features, boxes_px.to(features.device), rest))
        every = torch.arange(len(given))
        named = _named(heads, every, boxes_px, profile.rule)
        return _detections(picture, heads, named, profile.rule)


def select(
    heads: RegionHeads,
    proposals: Tensor,
    size: tuple[int, int],
    box_weights: Weights,
    profile: RegionProfile,
) -> Selection:
    """The regions that the profile's rule picks from proposals (P, 4) in a picture of this size.

    size: height, width in pixels. Regions below min_score serve only to reach min_regions; there
    are at most max_regions.
    """
    if profile.rule == "per_class":
        return select_per_class(heads, proposals, profile)
    if profile.rule == "agnostic":
        boxes = decode_deltas(proposals[:, None], heads.box_deltas, box_weights)
        return select_agnostic(heads, clip_xyxy(boxes, size), profile)
    raise ValueError(f"rule is {profile.rule!r}, not 'per_class' or 'agnostic'")


def select_per_class(heads: RegionHeads, proposals: Tensor, profile: RegionProfile) -> Selection:
    """Proposals (P, 4) that stand out in some class; a region's box is its proposal.

    Source: the extraction that LXMERT was trained on (Anderson et al. 2018).
    """
    probabilities = _class_probabilities(heads)
    confidence = best_shares_apart(proposals, probabilities, PER_CLASS_NMS)
    confident = (confidence >= profile.min_score).nonzero().squeeze(1)
    count = min(max(len(confident), profile.min_regions), profile.max_regions)
    if count != len(confident):  # else they stay in the order of the proposals
        confident = confidence.argsort(descending=True, stable=True)[:count]
    contest = Contest(proposals, probabilities.max(1).values, confidence, profile.min_score)
    return _named(heads, confident, proposals[confident], profile.rule, contest)


def select_agnostic(
    heads: RegionHeads,
    class_boxes: Tensor,
    profile: RegionProfile,
    thresholds: Sequence[float] = AGNOSTIC_NMS,
) -> Selection:
    """Proposals whose most probable box is no copy of a better one; a region's box is that box.

    class_boxes: (P, K, 4), each proposal moved as each class would have it. The thresholds are
    tried in turn until enough regions are left.
    """
    scores, classes = _class_probabilities(heads).max(1)
    boxes = class_boxes[torch.arange(len(classes)), classes]
    for threshold in thresholds:
        apart = nms(boxes, scores, threshold)
        kept = apart[: profile.max_regions]
        if len(kept) >= profile.min_regions:
            break
    confidence = torch.zeros_like(scores).index_copy(0, apart, scores[apart])
    contest = Contest(boxes, scores, confidence, profile.min_score)
    confident = int((scores[kept] >= profile.min_score).sum())
    kept = kept[: max(confident, profile.min_regions)]
    return _named(heads, kept, boxes[kept], profile.rule, contest)


def _named(
    heads: RegionHeads,
    indices: Tensor,
    boxes_px: Tensor,
    rule: str,
    contest: Contest | None = None,
) -> Selection:
    scores, object_ids = _class_probabilities(heads)[indices].max(1)
    logits = heads.attribute_logits[indices]
    if logits.shape[1] == 1:  # the detector knows no attributes
        nothing, never = torch.full_like(object_ids, NO_ATTRIBUTE), torch.zeros_like(scores)
        return Selection(indices, boxes_px, object_ids, scores, nothing, never, contest)
    attributes = logits[:, :-1].softmax(1)
    if rule == "per_class":  # here "none" takes its share of the probability
        attributes = logits.softmax(1)[:, :-1]
    attribute_scores, attribute_ids = attributes.max(1)
    return Selection(
        indices, boxes_px, object_ids, scores, attribute_ids, attribute_scores, contest
    )


def _left_out(
    picture: ScaledPicture, heads: RegionHeads, selection: Selection, rule: str
) -> LeftOut | None:
    contest = selection.contest
    if contest is None:
        return None
    others = torch.ones(len(contest.scores), dtype=torch.bool)
    others[selection.indices] = False
    order = contest.scores.argsort(descending=True, stable=True)
    order = order[others[order]]
    named = _named(heads, order, contest.boxes_px[order], rule)
    rivals = torch.full((len(order),), -1)
    if len(selection.indices):
        rivals = box_iou(named.boxes_px, selection.boxes_px).argmax(1)
    return LeftOut(
        boxes_unit=picture.unit_from_px(named.boxes_px).numpy(),
        object_ids=named.object_ids.numpy(),
        attribute_ids=named.attribute_ids.numpy(),
        scores=named.scores.numpy(),
        reasons=tuple(_reason(contest, place) for place in order.tolist()),
        rivals=rivals.numpy(),
    )


def _reason(contest: Contest, place: int) -> str:
    """Why a proposal is no region: what would have to be otherwise for it to become one."""
    confidence = float(contest.confidence[place])
    if confidence >= contest.min_score and confidence > 0:
        return LIMIT
    return OVERLAP if confidence < float(contest.scores[place]) else SCORE


def _class_probabilities(heads: RegionHeads) -> Tensor:
    """(P, K); what is missing to 1 is the background."""
    return heads.class_logits.softmax(1)[:, :-1]


def _preprocessed(
    network: FasterRCNN, picture_rgb: np.ndarray, profile: RegionProfile
) -> ScaledPicture:
    if network.training:
        raise ValueError("the detector is in training mode; call eval() before it looks")
    return preprocess(picture_rgb, profile, network.config.pixel_mean_bgr)


def _features(network: FasterRCNN, picture: ScaledPicture, progress: Report) -> Tensor:
    device = next(network.parameters()).device
    return network.features(picture.pixels.to(device), progress)


def _features_share(network: FasterRCNN, picture: ScaledPicture, boxes: int) -> float:
    """Of the multiplications for a picture and its boxes, those that make the features.

    In units of w^2, w the width of res4: a block of res2 to res4 takes 17 for each cell of res4,
    res5 takes 68 a block for each of its cells.
    """
    config = network.config
    height, width = picture.size
    cells = height * width / STRIDE**2
    features = 17 * sum(config.blocks[:3]) * cells
    return features / (features + 68 * config.blocks[3] * config.pooler_resolution**2 * boxes)


def _part_of(report: Report, start: float, end: float) -> Report:
    """Shares of a part of the work as shares of all of it."""
    return lambda stage, share: report(stage, start + (end - start) * share)


def _detections(
    picture: ScaledPicture, heads: RegionHeads, selection: Selection, rule: str
) -> Detections:
    return Detections(
        boxes_unit=picture.unit_from_px(selection.boxes_px).numpy(),
        feats=heads.feats[selection.indices].numpy(),
        object_ids=selection.object_ids.numpy(),
        scores=selection.scores.numpy(),
        attribute_ids=selection.attribute_ids.numpy(),
        attribute_scores=selection.attribute_scores.numpy(),
        left_out=_left_out(picture, heads, selection, rule),
    )


def _on_cpu(heads: RegionHeads) -> RegionHeads:
    return RegionHeads(*(column.float().cpu() for column in heads))


def _unheard(stage: str, share: float) -> None:
    """Nobody waits for this one."""
