"""Picture bytes -> Regions: one detector with its names, and what it has seen before."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from lxmert_viz.box_frames import check_boxes_unit, numbers
from lxmert_viz.checkpoints.contents import RegionNames
from lxmert_viz.detector.detectron2 import Detectron2RCNN
from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.detector.profiles import Rules, rules_of
from lxmert_viz.detector.selection import Detections, describe_boxes, detect
from lxmert_viz.detector.speed import FULL, check_precision, make_fast
from lxmert_viz.errors import CheckpointError, OptionError
from lxmert_viz.picture import decode
from lxmert_viz.records import ZOO, LeftOut, Regions, Report

Cached = Callable[[dict[str, Any], Callable[[], Regions]], Regions]  # facts and work: found or made


class Looker:
    """Looks at pictures with one detector. Many threads may use it at once."""

    def __init__(
        self,
        name: str,
        detector: FasterRCNN | Detectron2RCNN,
        region_names: RegionNames,
        device: torch.device,
        precision: str = FULL,
        cached: tuple[Cached, str] | None = None,
    ) -> None:
        """cached: with what tells this detector and its names from others."""
        check_precision(precision, device)
        self._cached, content = cached or (None, "")
        backend = type(detector).__name__
        self._facts = [name, content, backend, precision, device.type]
        self.name = name
        self._is_of_zoo = isinstance(detector, Detectron2RCNN) and detector.is_of_zoo
        self.region_names = region_names
        self.detector = _prepared(detector.to(device), precision)

    def rules(self, profile: str) -> Rules:
        """What a profile asks for. Raises OptionError."""
        config = self.detector.config
        return rules_of(profile, config.profiles, config.rpn_post_nms)

    def look(
        self,
        picture: bytes,
        profile: str,
        progress: Report | None = None,
        boxes_unit: np.ndarray | None = None,
    ) -> Regions:
        """As `Pipeline.look` says; from the disk where the same was asked for before."""
        rules = self.rules(profile)
        if boxes_unit is not None:
            boxes_unit = numbers(boxes_unit, "boxes", (0, 4))
            check_boxes_unit(boxes_unit)

        def look() -> Regions:
            return self._look(picture, profile, rules, progress, boxes_unit)

        if self._cached is None:
            return look()
        facts = {
            "picture": hashlib.sha256(picture).hexdigest(),
            "detector": self._facts,
            "profile": [profile, asdict(rules)],
            "boxes": None if boxes_unit is None else boxes_unit.tolist(),
        }
        return self._cached(facts, look)

    def _look(
        self,
        picture: bytes,
        profile: str,
        rules: Rules,
        progress: Report | None,
        boxes_unit: np.ndarray | None,
    ) -> Regions:
        upright = decode(picture)
        pixels, missing = np.asarray(upright), 0
        if boxes_unit is None:
            found = detect(self.detector, pixels, rules.profile, progress, rules.proposals)
            missing = max(rules.profile.min_regions - len(found.scores), 0)
        else:
            found = describe_boxes(self.detector, pixels, boxes_unit, rules.profile, progress)
        return Regions(
            size_px=upright.size,
            digest=hashlib.sha256(picture).hexdigest(),
            boxes_unit=found.boxes_unit,
            feats=found.feats,
            names=self._names(found.object_ids, found.attribute_ids),
            object_ids=found.object_ids,
            attribute_ids=found.attribute_ids,
            scores=found.scores,
            attribute_scores=found.attribute_scores,
            profile=profile,
            detector=f"{self.name}, {ZOO}" if self._is_of_zoo else self.name,
            missing=missing,
            left_out=self._left_out(found),
        )

    def _left_out(self, found: Detections) -> LeftOut | None:
        others = found.left_out
        return others and LeftOut(
            boxes_unit=others.boxes_unit,
            names=self._names(others.object_ids, others.attribute_ids),
            scores=others.scores,
            reasons=others.reasons,
            rivals=others.rivals,
        )

    def _names(self, object_ids: np.ndarray, attribute_ids: np.ndarray) -> tuple[str, ...]:
        return tuple(map(self.region_names.of, object_ids, attribute_ids))


class NoLooker:
    """In the place of a Looker where a checkpoint has no detector: regions come from files."""

    def __init__(self, why: str) -> None:
        self._why = why

    @property
    def detector(self) -> FasterRCNN | Detectron2RCNN:
        raise CheckpointError(self._why)

    def rules(self, profile: str) -> None:
        """No profile is refused: none is used."""

    def look(self, *_: object) -> Regions:
        raise CheckpointError(self._why)


def _prepared(detector: FasterRCNN | Detectron2RCNN, precision: str) -> FasterRCNN | Detectron2RCNN:
    if isinstance(detector, FasterRCNN):
        return make_fast(detector, precision)
    if precision != FULL:
        raise OptionError(f"detectron2 computes in full precision here, not in {precision!r}.")
    return detector.eval()
