"""One picture through the full-size detector, ours against the Hugging Face research detector.

Both have the same stand-in weights and the same pixels (800/1333, profile demo), and alternate.
Where detectron2 is installed it takes part too. Prints JSON lines: seconds on the wall and of the
processor, which a busy machine leaves alone; how far results lie apart; mixed precision against
full; the cost of 1, 36, 100 and 300 given boxes; peak memory of a process that looks once. PEER is
a folder with modeling_frcnn.py of huggingface/transformers-research-projects, lxmert/ (checked with
commit fccd0cd).
Usage: python -m benchmarks.detector PICTURE --peer PEER [--rounds N]
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch

from lxmert_viz.config import DetectorConfig
from lxmert_viz.detector import detectron2
from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.detector.preprocessing import ScaledPicture, preprocess
from lxmert_viz.detector.selection import select
from lxmert_viz.detector.speed import FULL, MIXED, has_bfloat16, make_fast
from lxmert_viz.picture import decode
from tests.helpers.detector_weights import stand_in_detector

DEMO = DetectorConfig().profiles["demo"]
COUNTS = (1, 36, 100, 300)
SIDES = ("ours", "peer", *(["mixed"] if has_bfloat16(torch.device("cpu")) else []))
THRESHOLDS = [0.5, 0.6, 0.7]
PEER_CONFIG = {  # what the published config.yaml says, as far as the peer reads it
    "model": {"device": "cpu", "max_pool": True, "pixel_mean": [102.9801, 115.9465, 122.7717]},
    "backbone": {"freeze_at": 2},
    "proposal_generator": {"hidden_channels": 512, "min_size": 0.0},
    "anchor_generator": {
        "sizes": [[64, 128, 256, 512]],
        "aspect_ratios": [[0.5, 1.0, 2.0]],
        "offset": 0.0,
    },
    "rpn": {
        "pre_nms_topk_test": 6000,
        "post_nms_topk_test": 300,
        "pre_nms_topk_train": 12000,
        "post_nms_topk_train": 2000,
        "nms_thresh": 0.7,
        "in_features": ["res4"],
        "boundary_thresh": -1,
        "iou_thresholds": [0.3, 0.7],
        "iou_labels": [0, -1, 1],
        "bbox_reg_weights": [1.0, 1.0, 1.0, 1.0],
        "positive_fraction": 0.5,
        "batch_size_per_image": 1,
        "smooth_l1_beta": 0.0,
        "loss_weight": 1.0,
    },
    "roi_heads": {
        "num_classes": 1600,
        "in_features": ["res4"],
        "score_thresh_test": 0.2,
        "nms_thresh_test": THRESHOLDS,
        "iou_thresholds": [0.5],
        "iou_labels": [0, 1],
        "positive_fraction": 0.25,
        "proposal_append_gt": True,
    },
    "roi_box_head": {
        "bbox_reg_weights": [10.0, 10.0, 5.0, 5.0],
        "pooler_resolution": 14,
        "pooler_sampling_ratio": 0,
        "res5halve": False,
        "attr": True,
        "num_attrs": 400,
        "cls_agnostic_bbox_reg": False,
        "smooth_l1_beta": 0.0,
    },
    "resnets": {
        "depth": 101,
        "out_features": ["res4"],
        "norm": "BN",
        "num_groups": 1,
        "width_per_group": 64,
        "stride_in_1x1": True,
        "res5_dilation": 1,
        "res2_out_channels": 256,
        "stem_out_channels": 64,
    },
    "min_detections": 36,
    "max_detections": 36,
}


class Seconds(NamedTuple):
    wall: float
    processor: float


def timed(call: Callable[[], Any]) -> tuple[Seconds, Any]:
    wall, processor = time.perf_counter(), time.process_time()
    result = call()
    return Seconds(time.perf_counter() - wall, time.process_time() - processor), result


def ours(picture: ScaledPicture, precision: str) -> Callable[[], np.ndarray]:
    return looking(picture, make_fast(stand_in_detector(), precision))


def of_detectron2(picture: ScaledPicture) -> Callable[[], np.ndarray]:
    weights = stand_in_detector().state_dict()
    return looking(picture, detectron2.visual_genome_detector(DetectorConfig(), weights))


def looking(
    picture: ScaledPicture, network: FasterRCNN | detectron2.Detectron2RCNN
) -> Callable[[], np.ndarray]:
    """Gives the features of 36 regions, as `detect` does from pixels that are read already."""

    def look() -> np.ndarray:
        with torch.inference_mode():
            features = network.features(picture.pixels)
            proposals, _ = network.propose(features, picture.size)
            heads = network.describe(features, proposals)
            chosen = select(heads, proposals, picture.size, network.config.box_weights, DEMO)
            return heads.feats[chosen.indices].numpy()

    return look


def given_boxes(picture: ScaledPicture, precision: str) -> np.ndarray:
    """Features of 36 boxes that do not depend on the precision."""
    network = make_fast(stand_in_detector(), precision)
    height, width = picture.size
    corners = np.sort(np.random.default_rng(0).random((36, 2, 2)), axis=1).reshape(36, 4)
    boxes = torch.tensor(corners * [width, height, width, height], dtype=torch.float32)
    with torch.inference_mode():
        return network.describe(network.features(picture.pixels), boxes).feats.numpy()


def peer(picture: ScaledPicture, folder: Path) -> Callable[[], np.ndarray]:
    names = ("WEIGHTS_NAME", "Config", "cached_path", "hf_bucket_url", "is_remote_url")
    unused = types.ModuleType("utils")  # the peer's own needs OpenCV, and only to download
    vars(unused).update(dict.fromkeys((*names, "load_checkpoint")))
    sys.modules["utils"] = unused
    sys.path.insert(0, str(folder))
    network = importlib.import_module("modeling_frcnn").GeneralizedRCNN(_as_config(PEER_CONFIG))
    network.load_state_dict(stand_in_detector().state_dict())
    network.eval()
    size = torch.tensor([picture.size])

    def look() -> np.ndarray:
        with torch.inference_mode():
            found = network(
                picture.pixels.clone(),
                size,
                scales_yx=torch.ones(1, 2),
                padding="max_detections",
                max_detections=36,
                return_tensors="np",
            )
            return found["roi_features"][0]

    return look


def _as_config(values: dict[str, Any]) -> types.SimpleNamespace:
    inside = {k: _as_config(v) if isinstance(v, dict) else v for k, v in values.items()}
    return types.SimpleNamespace(**inside, **{k.upper(): v for k, v in inside.items()})


def read(path: Path) -> ScaledPicture:
    pixels = np.asarray(decode(path.read_bytes()))
    return preprocess(pixels, DEMO, DetectorConfig().pixel_mean_bgr)


def compare(picture: ScaledPicture, folder: Path, rounds: int) -> None:
    looks = {"ours": ours(picture, FULL), "peer": peer(picture, folder)}
    if "mixed" in SIDES:
        looks["mixed"] = ours(picture, MIXED)
    if detectron2.is_here():
        looks["detectron2"] = of_detectron2(picture)
    spent: dict[str, list[Seconds]] = {side: [] for side in looks}
    seen = {}
    for number in range(rounds):
        for side in looks if number % 2 == 0 else reversed(looks):
            seconds, seen[side] = timed(looks[side])
            spent[side].append(seconds)
    for side in [side for side in looks if side != "peer"]:
        for clock in Seconds._fields:
            own, other = ([getattr(s, clock) for s in spent[name]] for name in (side, "peer"))
            say(
                f"{clock} seconds a picture, {side}, {picture.size} px, 300 proposals",
                ours=round(median(own), 2),
                peer=round(median(other), 2),
                ratio=round(median(b / a for a, b in zip(own, other, strict=True)), 3),
                rounds=rounds,
            )
    say("features of 36 regions, ours against peer", **apart(seen["ours"], seen["peer"]))
    given = [given_boxes(picture, precision) for precision in (MIXED, FULL)]
    say("features of 36 given boxes, mixed against ours", **apart(*given))


def apart(feats: np.ndarray, others: np.ndarray) -> dict[str, Any]:
    """Over the regions that both have: the nearest pairs by feature, where they are near."""
    distance = np.linalg.norm(feats[:, None] - others[None], axis=2)
    nearest = distance.argmin(1)
    relative = distance.min(1) / np.linalg.norm(others[nearest], axis=1)
    same = relative < 0.02
    largest = np.abs(feats - others[nearest])[same].max()
    return {
        "regions_in_both": int(same.sum()),
        "largest_difference": float(f"{largest:.3g}"),
        "relative_l2_median": float(f"{np.median(relative[same]):.3g}"),
        "relative_l2_largest": float(f"{relative[same].max():.3g}"),
    }


def curve(picture: ScaledPicture) -> None:
    network: FasterRCNN = make_fast(stand_in_detector())
    with torch.inference_mode():
        features = network.features(picture.pixels)
        boxes, _ = network.propose(features, picture.size)
        for count in COUNTS:
            some = boxes[torch.arange(count) % len(boxes)]
            before, _ = timed(lambda: network.features(picture.pixels))
            spent, _ = timed(lambda some=some: network.describe(features, some))
            say(
                f"seconds for {count} given boxes, backbone included",
                wall=round(before.wall + spent.wall, 2),
                processor=round(before.processor + spent.processor, 2),
            )


def peak_megabytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1000


def say(measured: str, **values: Any) -> None:
    versions = {"torch": torch.__version__}
    machine = {
        "processor": platform.machine(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1),
    }
    report = {"measured": measured, **values, "versions": versions, "machine": machine}
    print(json.dumps(report), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--peer", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory-of", choices=SIDES, help="look once and say the peak")
    options = parser.parse_args()
    picture = read(options.picture)
    if options.memory_of:
        side = options.memory_of
        look = peer(picture, options.peer) if side == "peer" else None
        look = look or ours(picture, MIXED if side == "mixed" else FULL)
        Path("/proc/self/clear_refs").write_text("5")  # what making the weights took is forgotten
        look()
        say(f"peak memory of a process that looks once, {side}", megabytes=peak_megabytes())
        return
    for side in SIDES:  # each in a process of its own, whose peak is its own
        again = [sys.executable, "-m", "benchmarks.detector", *sys.argv[1:], "--memory-of", side]
        subprocess.run(again, check=True)
    compare(picture, options.peer, options.rounds)
    curve(picture)


if __name__ == "__main__":
    main()
