"""Checks of what LXMERT is given: colours, boxes, features. Most wrong results began here."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lxmert_viz.checkpoints.contents import TRAINED_PROFILE
from lxmert_viz.checks.findings import RIGHT, WRONG, Finding, judged, not_applicable
from lxmert_viz.checks.subject import AtHand, Subject, Truth, is_of_the_shipped_world
from lxmert_viz.detector.detectron2 import Detectron2RCNN
from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.detector.selection import describe_boxes, detect
from lxmert_viz.records import Regions

COLOURS = "Channel order"
BOXES = "Box frame"
FEATURES = "Feature statistics"

NO_REGIONS = "it has no detector: name a file of its regions with --regions FILE"
NO_TRUTH = "no picture of which the truth is known; fetching again brings the published sample"
CLEAR = 1.05  # ratio of confidences below which two ways of giving a picture are alike
CLEAR_BY_ITSELF = 1.1  # the same where no right answer is known
ENOUGH = 0.9  # share of the published classes
SAME_PLACE = 0.5  # IoU
CORNER = 0.1  # of the picture: boxes of many regions that reach no farther are no boxes
SAME_LENGTH = 1e-3
PUBLISHED_FEATURES = 2048
FOUND_AGAIN = 0.5  # share of regions near a published box; the rules of choice differ
# mean, largest, norm of a region, share of zeros; of ten photographs as published, widened
PUBLISHED = {"mean": (0.2, 1.2), "max": (8, 80), "norm": (30, 130), "zeros": (0.05, 0.65)}
MINIATURE = {"mean": (0.2, 2.5), "max": (1.5, 25), "norm": (5, 80), "zeros": (0.0, 0.6)}

FRAMES: dict[str, Callable[[Regions], np.ndarray]] = {
    "y1 x1 y2 x2": lambda seen: seen.boxes_unit[:, [1, 0, 3, 2]],
    "pixels": lambda seen: seen.boxes_unit * np.array([*seen.size_px, *seen.size_px]),
    "x1 y1 width height": lambda seen: np.concatenate(
        [seen.boxes_unit[:, :2], seen.boxes_unit[:, 2:] - seen.boxes_unit[:, :2]], 1
    ),
}


def check_channels(subject: Subject) -> Finding:
    """The detector knows things by their colours as they are, and not with red and blue swapped."""
    if not subject.pipeline.has_detector:
        return not_applicable(COLOURS, "colours are read where regions are made: not here")
    if subject.published:
        return _check_published_channels(subject)
    if not subject.truths or not subject.pipeline.has_answers:
        return _check_own_channels(subject)
    upright = subject.confidence
    swapped = subject.confidence_with(
        lambda truth: subject.described(truth.regions, truth.picture_rgb[..., ::-1])
    )
    said = f"right answers have {upright:.0%}, with red and blue swapped {swapped:.0%}"
    if max(upright, swapped) < CLEAR * min(upright, swapped):
        return not_applicable(COLOURS, f"{said}: too close to tell")
    meaning = "the detector's weights or its pixel means are in the order R G B, and it reads B G R"
    return judged(COLOURS, upright > swapped, said, f"{said}: {meaning}")


def _check_own_channels(subject: Subject) -> Finding:
    """Without a truth: a detector is surer of what it sees in the colours it was trained on."""
    seen = subject.at_hand
    if not seen.pictures_rgb:
        return not_applicable(COLOURS, f"the regions {seen.source} come without their pictures")
    scores = [
        _sureness(subject.pipeline.detector, [picture[..., order] for picture in seen.pictures_rgb])
        for order in (slice(None), slice(None, None, -1))
    ]
    upright, swapped = scores
    said = (
        f"the detector's names for what it finds in the shipped scenes have {upright:.1%} on "
        f"average, with red and blue swapped {swapped:.1%}"
    )
    if max(scores) < CLEAR_BY_ITSELF * min(scores):
        return not_applicable(COLOURS, f"{said}: too close to tell")
    meaning = "its weights or its pixel means may be in the order R G B, and it reads B G R"
    return judged(COLOURS, upright > swapped, said, f"{said}: {meaning}")


def _sureness(detector: FasterRCNN | Detectron2RCNN, pictures_rgb: list[np.ndarray]) -> float:
    """The mean probability of object and attribute, where it knows any, over all regions."""
    profile = detector.config.profiles[TRAINED_PROFILE]
    found = [detect(detector, np.ascontiguousarray(rgb), profile) for rgb in pictures_rgb]
    both = [f.scores * np.where(f.attribute_ids < 0, 1, f.attribute_scores) for f in found]
    return float(np.concatenate(both).mean())


def _check_published_channels(subject: Subject) -> Finding:
    facts, detector = subject.published, subject.pipeline.detector
    picture = subject.truths[0].picture_rgb
    shares = []
    for colours in (picture, np.ascontiguousarray(picture[..., ::-1])):
        profile = detector.config.profiles[facts.profile]
        seen = describe_boxes(detector, colours, facts.given_boxes_unit, profile)
        shares.append(float((seen.object_ids == facts.object_ids).mean()))
    said = f"{shares[0]:.0%} of the classes published for the sample picture"
    meaning = (
        f"with red and blue swapped {shares[1]:.0%}: the detector reads colours or sizes wrong"
    )
    return judged(
        COLOURS, shares[0] >= ENOUGH and shares[0] > shares[1], said, f"{said}, {meaning}"
    )


def check_boxes(subject: Subject) -> Finding:
    """Boxes are x1 y1 x2 y2 in shares of the picture, and the network reads them so."""
    seen = subject.at_hand
    if seen is None or not sum(map(len, seen.regions)):
        return not_applicable(BOXES, NO_REGIONS)
    boxes = np.concatenate([regions.boxes_unit for regions in seen.regions])
    inside = boxes.min() >= 0 and boxes.max() <= 1 + 1e-5
    if not inside or not (boxes[:, :2] < boxes[:, 2:]).all():
        return Finding(
            BOXES,
            WRONG,
            f"boxes run from {boxes.min():.2f} to {boxes.max():.2f} or have no area: they must be "
            "x1 y1 x2 y2, divided by the picture's width and height",
        )
    said = f"{len(boxes)} boxes {seen.source} are x1 y1 x2 y2 within 0..1"
    if not seen.pictures_rgb or not subject.truths:
        return judged(BOXES, _spread(boxes) > CORNER, f"{said}, all over the picture", f"{said}, "
                      "and all lie in its upper left corner: they were divided twice")  # fmt: skip
    if subject.published:
        return _check_published_boxes(subject)
    return _check_frames(subject, said)


def _spread(boxes: np.ndarray) -> float:
    """How far to the right and down the boxes reach: the smaller of the two, 0..1."""
    return float(boxes.max(axis=0)[2:].min())


def _check_published_boxes(subject: Subject) -> Finding:
    found = subject.truths[0].regions.boxes_unit
    near = overlaps(found, subject.published.found_boxes_unit).max(1)
    share = float((near > SAME_PLACE).mean())
    said = (
        f"{share:.0%} of {len(found)} boxes lie where the published ones of the sample picture do"
    )
    meaning = "boxes are divided by the wrong side or given in another order"
    return judged(BOXES, share >= FOUND_AGAIN, said, f"{said}: {meaning}")


def _check_frames(subject: Subject, said: str) -> Finding:
    if not subject.pipeline.has_answers:
        return Finding(BOXES, RIGHT, said)
    own = subject.confidence
    others = {name: subject.confidence_with(_in_frame(change)) for name, change in FRAMES.items()}
    best = max(others, key=others.get)
    if others[best] > CLEAR * own:
        return Finding(
            BOXES,
            WRONG,
            f"right answers have {own:.0%}, with boxes as {best} {others[best]:.0%}: it was "
            "trained on boxes of that kind",
        )
    if own < CLEAR * min(others.values()):
        return Finding(BOXES, RIGHT, f"{said}; the answers hardly depend on them")
    return Finding(
        BOXES, RIGHT, f"{said}; right answers have {own:.0%}, as {best} {others[best]:.0%}"
    )


def _in_frame(change: Callable[[Regions], np.ndarray]) -> Callable[[Truth], Regions]:
    def changed(truth: Truth) -> Regions:
        boxes = np.ascontiguousarray(change(truth.regions), np.float32)
        return replace(truth.regions, boxes_unit=boxes)

    return changed


def overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """IoU of boxes (N, 4) with others (M, 4), xyxy: (N, M)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = (high - low).clip(0).prod(-1)
    areas = [(b[:, 2:] - b[:, :2]).prod(-1) for b in (boxes, others)]
    return shared / (areas[0][:, None] + areas[1][None] - shared)


def check_features(subject: Subject) -> Finding:
    """Region features are as large as those that LXMERT was trained on."""
    seen = subject.at_hand
    if seen is None or not sum(map(len, seen.regions)):
        return not_applicable(FEATURES, NO_REGIONS)
    feats = np.concatenate([regions.feats for regions in seen.regions])
    size = subject.pipeline.network.config.visual_feat_dim
    if feats.shape[1] != size:
        said = f"{feats.shape[1]} numbers a region {seen.source}, and the network takes {size}"
        return Finding(FEATURES, WRONG, said)
    if not np.isfinite(feats).all():
        return Finding(FEATURES, WRONG, f"some numbers {seen.source} are NaN or infinite")
    measured = {
        "mean": float(feats.mean()),
        "max": float(feats.max()),
        "norm": float(np.linalg.norm(feats, axis=1).mean()),
        "zeros": float((feats == 0).mean()),
    }
    odd = [
        f"{name} {measured[name]:.2f}, not {low:g} to {high:g}"
        for name, (low, high) in _ranges(subject, seen).items()
        if not low <= measured[name] <= high
    ]
    odd += ["some are negative"] if feats.min() < 0 else []
    lengths = np.linalg.norm(feats, axis=1)
    odd += ["all have one length"] if len(feats) > 1 and np.ptp(lengths) < SAME_LENGTH else []
    said = ", ".join(f"{name} {value:.2f}" for name, value in measured.items())
    return judged(
        FEATURES,
        not odd,
        f"{len(feats)} regions {seen.source}: {said}, none negative",
        f"{len(feats)} regions {seen.source}: {'; '.join(odd)}: features were normalised, or come "
        "from another layer or detector",
    )


def _ranges(subject: Subject, seen: AtHand) -> dict[str, tuple[float, float]]:
    """What features of that kind measure; nothing is known of another detector's."""
    if is_of_the_shipped_world(subject.folder):
        return MINIATURE
    are_photographs = subject.published or not seen.pictures_rgb
    is_published_kind = subject.pipeline.network.config.visual_feat_dim == PUBLISHED_FEATURES
    return PUBLISHED if are_photographs and is_published_kind else {}
