"""What the detector saw of each scene, beside what really stands there."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from lxmert_viz.detector.boxes import box_iou
from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.detector.selection import Detections, detect
from lxmert_viz.miniature.training.processors import two_processors
from lxmert_viz.miniature.world.pictures import ScenePictures
from lxmert_viz.miniature.world.scenes import PICTURE_SIZE
from lxmert_viz.miniature.world.views import View
from lxmert_viz.whole_files import written_whole

REPORT_EVERY = 50  # pictures
FOUND = 0.5  # IoU from which a region counts as an object's


@dataclass(frozen=True)
class Sighting:
    """One picture: the view of its scene, the detector's regions, and whose region each one is."""

    view: View
    regions: Detections
    object_of: np.ndarray  # (R,) index into view.objects; -1 where a region shows none of them

    def best_regions(self) -> dict[int, int]:
        """Object -> its most confident region."""
        best: dict[int, int] = {}
        for region in np.argsort(-self.regions.scores, kind="stable"):
            best.setdefault(int(self.object_of[region]), int(region))
        best.pop(-1, None)
        return best


def look_at_all(network: FasterRCNN, scenes: ScenePictures, file: Path) -> list[Sighting]:
    """Sightings of all scenes and their mirror images; kept in `file` and read from there."""
    if not file.exists():
        jobs = [
            (picture, boxes, mirror)
            for picture, boxes in zip(scenes.pictures, scenes.boxes_px, strict=True)
            for mirror in (False, True)
        ]
        with two_processors() as threads:
            rows = []
            for row in threads.map(lambda job: _look(network, *job), jobs):
                rows.append(row)
                if len(rows) % REPORT_EVERY == 0:
                    print(f"\rlooked at {len(rows)} of {len(jobs)} pictures", end="", flush=True)
            print()
        with written_whole(file) as unfinished:
            torch.save(rows, unfinished)
    views = [View.of(scene) for scene in scenes.scenes]
    both = [v for view in views for v in (view, view.mirrored())]
    rows = torch.load(file, "cpu", weights_only=True)
    return [_sighting(view, row) for view, row in zip(both, rows, strict=True)]


def _look(
    network: FasterRCNN, picture: np.ndarray, boxes: np.ndarray, mirror: bool
) -> dict[str, torch.Tensor]:
    if mirror:
        picture, boxes = picture[:, ::-1], boxes.copy()
        boxes[:, [0, 2]] = PICTURE_SIZE[0] - boxes[:, [2, 0]]
    profile = network.config.profiles["trained"]
    regions = detect(network, np.ascontiguousarray(picture), profile).arrays
    arrays = {**regions, "object_of": owners(regions["boxes_unit"], boxes)}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _sighting(view: View, row: dict[str, torch.Tensor]) -> Sighting:
    arrays = {name: tensor.numpy() for name, tensor in row.items()}
    object_of = arrays.pop("object_of")
    return Sighting(view, Detections(**arrays), object_of)


def owners(regions_unit: np.ndarray, boxes_px: np.ndarray) -> np.ndarray:
    """For each region (R, 4) the object (N, 4) that it overlaps most; -1 below an IoU of 0.5."""
    scale = torch.tensor([*PICTURE_SIZE, *PICTURE_SIZE], dtype=torch.float32)
    overlap = box_iou(torch.from_numpy(regions_unit) * scale, torch.from_numpy(boxes_px))
    if not overlap.numel():
        return np.full(len(regions_unit), -1)
    best, index = overlap.max(1)
    return torch.where(best >= FOUND, index, -1).numpy()
