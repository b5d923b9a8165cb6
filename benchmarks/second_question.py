"""How long the first answer takes, and how long the second question about the same picture.

python -m benchmarks.second_question [--picture FILE] [--detector] [--repeat N] [--threads N]

Prints one JSON object a line: the miniature from opening to answer, then the full-size network with
random weights on 36 random regions, which costs what the published one costs. `--detector` adds the
full-size detector with random weights on the picture.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from lxmert_viz.checkpoints.contents import RegionNames, Scope
from lxmert_viz.checkpoints.identity import Identity
from lxmert_viz.config import DetectorConfig, LxmertConfig
from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.model.devices import find_device
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.model.tokenizer import LxmertTokenizer
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Regions

Result = TypeVar("Result")
FIRST = "what color is the large cube?"
SECOND = "how many objects are there?"
REGIONS = 36
TINY_DETECTOR = DetectorConfig(width=4, res2_channels=256, blocks=(1, 1, 1, 1), stem_channels=8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    scenes = sorted((ASSETS / "scenes").glob("*.png"))
    parser.add_argument("--picture", type=Path, default=scenes[0] if scenes else None)
    parser.add_argument("--detector", action="store_true", help="include the full-size detector")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.picture is None:
        parser.error("there are no example scenes here: name a --picture")
    picture = options.picture.read_bytes()
    report("miniature", options, of_the_miniature(picture, options.repeat, options.device))
    full = full_size(options.device, options.detector)
    look = (lambda: full.look(picture)) if options.detector else random_regions
    report("full size, random weights", options, of_questions(full, look, options.repeat))


def of_the_miniature(picture: bytes, repeat: int, device: str) -> dict[str, float]:
    opened, pipeline = timed(lambda: Pipeline.open("miniature", device=device))
    measured = of_questions(pipeline, lambda: pipeline.look(picture), repeat)
    total = opened + measured["look_seconds"] + measured["first_question_seconds"]
    return {"open_seconds": opened, **measured, "first_answer_seconds": total}


def of_questions(pipeline: Pipeline, look: Callable[[], Regions], repeat: int) -> dict[str, float]:
    """Medians over `repeat` second questions; the first of everything is measured once, cold."""
    looked, regions = timed(look)
    first, trace = timed(lambda: pipeline.ask(regions, FIRST))
    seconds = [timed(lambda: pipeline.ask(regions, SECOND))[0] for _ in range(repeat)]
    return {
        "regions": len(regions),
        "words": len(trace.tokens.ids),
        "look_seconds": looked,
        "first_question_seconds": first,
        "second_question_seconds": statistics.median(seconds),
        "second_question_slowest_seconds": max(seconds),
    }


def full_size(device: str, with_detector: bool) -> Pipeline:
    """The published sizes with random weights; without its detector a small one stands in."""
    torch.manual_seed(0)
    detector = DetectorConfig() if with_detector else TINY_DETECTOR
    return Pipeline(
        "full-size",
        LxmertForPreTraining(LxmertConfig()),
        LxmertTokenizer.from_pretrained(ASSETS / "miniature"),
        random_detector(detector),
        region_names=RegionNames(("object",) * 1600, ("some",) * 400),
        answer_vocabulary=(),
        scope=Scope(),
        identity=Identity(ASSETS / "miniature"),  # nothing is told apart by it here
        device=find_device(device),
    )


def random_detector(config: DetectorConfig) -> FasterRCNN:
    """Random weights, but anchors stay where they are: moved at random they would all be empty."""
    detector = FasterRCNN(config)
    torch.nn.init.zeros_(detector.proposal_generator.rpn_head.anchor_deltas.weight)
    for name, parameter in detector.named_parameters():
        if name.endswith("conv3.norm.weight"):  # else the features of 33 blocks overflow
            torch.nn.init.constant_(parameter, 0.25)
    return detector


def random_regions() -> Regions:
    numbers = np.random.default_rng(0)
    corners = np.sort(numbers.random((REGIONS, 2, 2), np.float32), axis=1)
    return Regions(
        size_px=(640, 480),
        digest="",
        boxes_unit=corners.reshape(REGIONS, 4),
        feats=numbers.exponential(0.6, (REGIONS, 2048)).astype(np.float32),
        names=("some object",) * REGIONS,
        object_ids=np.zeros(REGIONS, np.int64),
        attribute_ids=np.zeros(REGIONS, np.int64),
        scores=np.ones(REGIONS, np.float32),
        attribute_scores=np.ones(REGIONS, np.float32),
        profile="trained",
        detector="random",
    )


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def report(subject: str, options: argparse.Namespace, measured: dict[str, float]) -> None:
    rounded = {name: round(value, 4) for name, value in measured.items()}
    print(
        json.dumps(
            {
                "benchmark": "second_question",
                "subject": subject,
                **rounded,
                "detector": subject == "miniature" or options.detector,
                "device": options.device,
                "threads": options.threads,
                "torch": torch.__version__,
                "python": platform.python_version(),
                "machine": platform.machine(),
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
