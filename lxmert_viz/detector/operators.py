"""Non-maximum suppression and pooling of regions: torchvision's compiled operators.

Importing torchvision's Python takes longer than importing torch, for models and compilers that
nobody here needs; its library of operators is loaded by itself, where it lies in the usual place.
"""

import importlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

LIBRARIES = ("_C_stable", "_C")  # by torchvision's version: from 0.29, before


def load_operators(folder: Path | None) -> None:
    """Registers torch.ops.torchvision. folder: of the package; None, or one without: imports it."""
    found = [] if folder is None else [p for name in LIBRARIES for p in folder.glob(f"{name}.*")]
    if found:
        torch.ops.load_library(str(found[0]))
    else:
        importlib.import_module("torchvision.ops")


def _package() -> Path | None:
    spec = find_spec("torchvision")
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None


load_operators(_package())


def nms(boxes_px: Tensor, scores: Tensor, overlap: float) -> Tensor:
    """Places of the boxes (N, 4) that no better one covers by more than `overlap`, best first."""
    return torch.ops.torchvision.nms(boxes_px, scores, overlap)


def roi_pool(features: Tensor, boxes_px: Sequence[Tensor], size: int, scale: float) -> Tensor:
    """(boxes, C, size, size) maxima in the cells of each box. features: (B, C, H, W).

    boxes_px: (N, 4) for each of the B pictures; scale: from their pixels to features.
    """
    rows = torch.cat(list(boxes_px)).to(features.dtype)
    numbers = [boxes.new_full((len(boxes), 1), place) for place, boxes in enumerate(boxes_px)]
    places = torch.cat([torch.cat(numbers).to(features.dtype), rows], dim=1)  # (boxes, 5)
    return torch.ops.torchvision.roi_pool(features, places, scale, size, size)[0]
