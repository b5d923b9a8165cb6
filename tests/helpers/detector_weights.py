"""Detectors for tests: a tiny one, and the full-size one filled with stand-in numbers.

The stand-in numbers and the picture are those for which `fixtures/detector_vectors` holds what the
reference implementation computed. Every tensor is drawn from numpy's frozen generator, seeded by
its name, then scaled so that values stay in a healthy range through the whole network.
"""

import math
import zlib

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.config import DetectorConfig, RegionProfile
from lxmert_viz.detector.network import FasterRCNN
from tests.helpers.files import FIXTURES

VECTORS = FIXTURES / "detector_vectors"
ANCHOR_SHIFT = 7.5  # the stored anchors differ from the generated ones

GAINS = {  # of layers that do not keep the variance
    "objectness_logits.weight": 1 / math.sqrt(512),
    "anchor_deltas.weight": 0.3 / math.sqrt(512),
    "cls_score.weight": 9 / math.sqrt(2048),
    "bbox_pred.weight": 2 / math.sqrt(2048),
    "attr_score.weight": 4 / math.sqrt(512),
    "cls_embedding.weight": 1.0,
    "running_mean": 0.1,
}

TINY = DetectorConfig(
    stem_channels=4,
    width=4,
    res2_channels=8,
    blocks=(1, 1, 1, 1),
    rpn_channels=8,
    anchor_sizes=(16.0, 32.0),
    rpn_pre_nms=200,
    rpn_post_nms=40,
    pooler_resolution=4,
    num_objects=3,
    num_attributes=4,
    class_embedding_size=4,
    attribute_hidden_size=8,
    profiles={
        "trained": RegionProfile(64, 96, "per_class", 2, 12),
        "demo": RegionProfile(64, 96, "agnostic", 2, 12),
    },
)


def tiny_detector(seed: int = 0) -> FasterRCNN:
    torch.manual_seed(seed)
    return FasterRCNN(TINY).eval()


def stand_in_detector() -> FasterRCNN:
    network = FasterRCNN(DetectorConfig()).eval()
    state = network.state_dict()
    network.load_state_dict({name: stand_in(name, value) for name, value in state.items()})
    return network


def stand_in(name: str, like: Tensor) -> Tensor:
    if name.endswith("num_batches_tracked"):
        return like
    if name.endswith("cell_anchors.0"):
        return like + ANCHOR_SHIFT
    if name.endswith("cls_score.bias"):
        return torch.from_numpy(np.load(VECTORS / "cls_score_bias.npy"))
    noise = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(tuple(like.shape))
    return torch.from_numpy(_scaled(name, noise).astype(np.float32))


def _scaled(name: str, noise: np.ndarray) -> np.ndarray:
    in_res5 = name.startswith("roi_heads.res5")
    if name.endswith("running_var"):
        return (1 + 0.2 * np.abs(noise)) * (1e4 if "stem" in name else 1)
    if name.endswith("norm.weight"):
        quiet = ".conv3." in name and not in_res5
        return (0.25 if quiet else 1) * (1 + 0.1 * noise)
    if name.endswith("norm.bias"):
        return 0.3 * noise - 1 if in_res5 else 0.1 * noise
    for ending, gain in GAINS.items():
        if name.endswith(ending):
            return gain * noise
    if name.endswith(".bias"):
        return 0.05 * noise
    return noise * math.sqrt(2 / np.prod(noise.shape[1:]))


def stand_in_picture_bgr() -> np.ndarray:
    """(150, 200, 3) uint8: a different checkerboard in each channel, with a fine grain on it."""
    row, column, channel = np.ogrid[0:150, 0:200, 0:3]
    board = np.sign(np.sin(column / 17 + channel)) * np.sign(np.sin(row / 23 + channel / 2))
    grain = (7 * column + 13 * row + 50 * channel) % 31
    return (128 + 90 * board + grain).astype(np.uint8)
