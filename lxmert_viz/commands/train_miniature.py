"""Train the shipped miniature again from a seed, or measure it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.places import ASSETS

if TYPE_CHECKING:
    from lxmert_viz.detector.network import FasterRCNN
    from lxmert_viz.miniature.pictures import ScenePictures

SCENES = 4000
FIRST_TRAINING_SEED = 1_000_000
DETECTOR_STEPS = 1400
LESSONS = 24000
TEST_SCENES = 1000
QUESTIONS_A_SCENE = 6


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "--measure", action="store_true", help="only measure the model in --out, on fresh scenes"
    )
    options.add_argument("--out", type=Path, default=ASSETS / "miniature", help="model folder")
    options.add_argument(
        "--work",
        type=Path,
        default=Path("miniature-work"),
        help="scenes, logs and unfinished training; a second call goes on from there",
    )
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--device", default="cpu", help="cpu or cuda")
    options.add_argument("--lessons", type=int, default=LESSONS, help="batches of LXMERT training")
    options.add_argument(
        "--on-from",
        type=Path,
        metavar="FOLDER",
        help="keep this miniature's detector and let its network learn on",
    )
    options.add_argument("--test-scenes", type=int, default=TEST_SCENES)


def run(chosen: argparse.Namespace) -> None:
    chosen.work.mkdir(parents=True, exist_ok=True)
    if not chosen.measure:
        _train(chosen)
    _measure(chosen)


def _train(chosen: argparse.Namespace) -> None:
    from lxmert_viz.detector.weights import load_detector
    from lxmert_viz.miniature import sightings
    from lxmert_viz.miniature.checkpoint import learn_on, write_checkpoint
    from lxmert_viz.miniature.log import TrainingLog
    from lxmert_viz.miniature.pictures import render
    from lxmert_viz.miniature.training import train_lxmert
    from lxmert_viz.miniature.wording import word_pieces
    from lxmert_viz.model.tokenizer import LxmertTokenizerFast

    work = chosen.work
    scenes = render(work / "pictures", FIRST_TRAINING_SEED, SCENES)
    if chosen.on_from:
        detector, begun = load_detector(chosen.on_from / "detector"), learn_on(chosen.on_from)
    else:
        detector, begun = _train_detector(chosen, scenes), None
    seen = sightings.look_at_all(detector, scenes, work / "sightings.pt")
    model = train_lxmert(
        seen,
        LxmertTokenizerFast(word_pieces()),
        chosen.lessons,
        chosen.seed,
        TrainingLog(work / "lxmert.csv"),
        work / "lxmert.pt",
        chosen.device,
        begun,
    )
    write_checkpoint(chosen.out, detector.cpu(), model.cpu())


def _train_detector(chosen: argparse.Namespace, scenes: "ScenePictures") -> "FasterRCNN":
    from lxmert_viz.miniature.detector_training import train_detector
    from lxmert_viz.miniature.log import TrainingLog

    return train_detector(
        scenes,
        DETECTOR_STEPS,
        chosen.seed,
        TrainingLog(chosen.work / "detector.csv"),
        chosen.work / "detector.pt",
        chosen.device,
    )


def _measure(chosen: argparse.Namespace) -> None:
    from lxmert_viz.miniature.checkpoint import write_figures
    from lxmert_viz.miniature.evaluation import FIRST_TEST_SEED, measure
    from lxmert_viz.miniature.pictures import render
    from lxmert_viz.pipeline import Pipeline

    pipeline = Pipeline.open(chosen.out, device=chosen.device)
    scenes = render(chosen.work / "pictures", FIRST_TEST_SEED, chosen.test_scenes)
    measurement = measure(pipeline, scenes, QUESTIONS_A_SCENE)
    for name, tally in measurement.rows():
        print(f"{name}: {tally}")
    how = (
        f"{len(scenes)} scenes from seed {FIRST_TEST_SEED} on, none of them used in training; "
        "from pixels: drawn picture, detector, LXMERT."
    )
    card = chosen.out / "README.md"
    if card.exists():
        write_figures(card, measurement, how)
