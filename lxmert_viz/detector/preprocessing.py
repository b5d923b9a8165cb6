"""A picture as the detector reads it, and boxes between that picture and the original."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.config import RegionProfile
from lxmert_viz.detector.boxes import clip_xyxy

SMALLEST_SIDE = 3  # px; the stem's pooling finds no window in less


@dataclass(frozen=True)
class ScaledPicture:
    pixels: Tensor  # (1, 3, H, W) float32, BGR minus mean
    extent: tuple[float, float]  # width, height of the whole original in pixels of `pixels`

    @property
    def size(self) -> tuple[int, int]:
        """Height, width in pixels."""
        return self.pixels.shape[-2], self.pixels.shape[-1]

    def unit_from_px(self, boxes_px: Tensor) -> Tensor:
        return clip_xyxy(boxes_px / self._whole(boxes_px), (1, 1))

    def px_from_unit(self, boxes_unit: Tensor) -> Tensor:
        return boxes_unit * self._whole(boxes_unit)

    def _whole(self, like: Tensor) -> Tensor:
        return like.new_tensor([*self.extent, *self.extent])


def preprocess(
    picture_rgb: np.ndarray, profile: RegionProfile, pixel_mean_bgr: tuple[float, float, float]
) -> ScaledPicture:
    """A picture (H, W, 3) uint8 at the size and by the sampling rule of the profile.

    Neither rule smooths before it shrinks: a large photograph aliases, as it did in training.
    """
    if picture_rgb.ndim != 3 or picture_rgb.shape[2] != 3 or picture_rgb.dtype != np.uint8:
        raise ValueError(
            f"picture is {picture_rgb.dtype} {picture_rgb.shape}, expected uint8 (H, W, 3)"
        )
    original = picture_rgb.shape[:2]
    scaling = _opencv_scaling if profile.rule == "per_class" else _torch_scaling
    size, factors = scaling(original, profile)
    rgb = torch.from_numpy(picture_rgb.astype(np.float32, order="C")).permute(2, 0, 1)[None]
    resized = torch.ops.aten.upsample_bilinear2d(rgb, size, False, *factors)
    mean = torch.tensor(pixel_mean_bgr).view(1, 3, 1, 1)
    extent = (original[1] * factors[1], original[0] * factors[0])
    return ScaledPicture(resized.flip(1) - mean, extent)


def _opencv_scaling(
    original: tuple[int, int], profile: RegionProfile
) -> tuple[list[int], list[float]]:
    """New height and width, and the factor of each: one factor for both, whatever the rounding."""
    factor = profile.min_size / min(original)
    if round(factor * max(original)) > profile.max_size:
        factor = profile.max_size / max(original)
    size = [max(round(side * factor), SMALLEST_SIDE) for side in original]
    stretched = [SMALLEST_SIDE / side for side in original]
    return size, [max(factor, least) for least in stretched]


def _torch_scaling(
    original: tuple[int, int], profile: RegionProfile
) -> tuple[list[int], list[float]]:
    """New height and width, and the factor of each: the whole original fills the rounded size."""
    factor = min(profile.min_size / min(original), profile.max_size / max(original))
    size = [max(int(side * factor + 0.5), SMALLEST_SIDE) for side in original]
    return size, [new / old for new, old in zip(size, original, strict=True)]
