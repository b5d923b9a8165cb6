"""Trains the miniature's detector on drawn scenes with their true boxes."""

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.config import DetectorConfig, RegionProfile
from lxmert_viz.detector.losses import detector_losses
from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.miniature.training.log import TrainingLog
from lxmert_viz.miniature.world.pictures import ScenePictures
from lxmert_viz.miniature.world.scenes import PICTURE_SIZE, SHAPES, attribute_names
from lxmert_viz.whole_files import written_whole

BATCH = 8
LEARNING_RATE = 1.5e-3
WEIGHT_DECAY = 1e-4
WARM_UP = 0.05
CONFIG = DetectorConfig(
    stem_channels=16,
    width=16,
    res2_channels=48,
    blocks=(1, 1, 2, 1),
    rpn_channels=64,
    anchor_sizes=(32.0, 64.0, 112.0),
    anchor_ratios=(0.7, 1.0, 1.4),
    rpn_pre_nms=600,
    rpn_post_nms=60,
    pooler_resolution=7,
    num_objects=len(SHAPES),
    num_attributes=len(attribute_names()),
    class_embedding_size=16,
    attribute_hidden_size=96,
    profiles={
        "trained": RegionProfile(360, 640, "per_class", 1, 12, 0.4),
        "demo": RegionProfile(480, 800, "agnostic", 1, 12, 0.4),
    },
)


def train_detector(
    scenes: ScenePictures,
    steps: int,
    seed: int,
    log: TrainingLog,
    checkpoint: Path,
    device: str = "cpu",
) -> FasterRCNN:
    """A detector that has seen `steps` batches; resumes from `checkpoint` if it exists."""
    torch.manual_seed(seed)
    network = FasterRCNN(CONFIG).to(device).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
    start = _resume(checkpoint, network, optimizer, schedule)
    for step in range(start, steps):
        random = np.random.default_rng([seed, step])
        pixels, targets = _batch(scenes, random)
        targets = [tuple(part.to(device) for part in target) for target in targets]
        losses = detector_losses(network, pixels.to(device), targets)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        log.add({name: value.item() for name, value in losses.items()})
        log.step(step, steps)
        if (step + 1) % 250 == 0 or step + 1 == steps:
            state = {
                "step": step + 1,
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
            }
            with written_whole(checkpoint) as unfinished:
                torch.save(state, unfinished)
    return network.eval()


def _rate(step: int, steps: int) -> float:
    """Share of the learning rate: linear warm-up, then a half cosine to nothing."""
    if step < WARM_UP * steps:
        return (step + 1) / (WARM_UP * steps)
    return 0.5 + 0.5 * math.cos(math.pi * step / steps)


def _resume(
    checkpoint: Path,
    network: FasterRCNN,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, "cpu", weights_only=True)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    return state["step"]


def _batch(
    scenes: ScenePictures, random: np.random.Generator
) -> tuple[Tensor, list[tuple[Tensor, Tensor, Tensor]]]:
    """Pixels (B, 3, H, W) in BGR minus mean, and per picture boxes, object and attribute labels."""
    mean = torch.tensor(CONFIG.pixel_mean_bgr).view(1, 3, 1, 1)
    pictures, targets = [], []
    for index in random.integers(0, len(scenes), BATCH):
        picture, boxes = scenes.pictures[index], scenes.boxes_px[index].copy()
        if random.random() < 0.5:
            picture = picture[:, ::-1]
            boxes[:, [0, 2]] = PICTURE_SIZE[0] - boxes[:, [2, 0]]
        pictures.append(torch.from_numpy(picture[..., ::-1].transpose(2, 0, 1).copy()))
        objects = scenes.scenes[index].objects
        targets.append(
            (
                torch.from_numpy(boxes),
                torch.tensor([o.shape_label for o in objects]),
                torch.tensor([o.attribute_label for o in objects]),
            )
        )
    return torch.stack(pictures).float() - mean, targets
