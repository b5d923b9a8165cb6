"""Train the shipped miniature again from a seed, or measure it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.commands.options import SEEDS, whole
from lxmert_viz.commands.stopping import alone, goes_on
from lxmert_viz.places import ASSETS

if TYPE_CHECKING:
    from lxmert_viz.detector.network import FasterRCNN
    from lxmert_viz.miniature.world.pictures import ScenePictures
    from lxmert_viz.model.lxmert import LxmertForPreTraining

SCENES = 4000
FIRST_TRAINING_SEED = 1_000_000
DETECTOR_STEPS = 1400
LESSONS = 24000
TEST_SCENES = 1000
QUESTIONS_A_SCENE = 6
EXAMPLE = "train-miniature --measure --test-scenes 100"


def add_options(options: argparse.ArgumentParser) -> None:
    add, seed = options.add_argument, whole(0, SEEDS - 1)
    add("--measure", action="store_true", help="only measure the model in --out, on fresh scenes")
    add(
        "--out",
        type=Path,
        default=ASSETS / "miniature",
        metavar="FOLDER",
        help="model folder (default: the shipped one)",
    )
    add(
        "--work",
        type=Path,
        default=Path("miniature-work"),
        metavar="FOLDER",
        help="scenes, logs and unfinished training; a second call goes on from there "
        "(default: %(default)s)",
    )
    add("--seed", type=seed, default=1, help="of the training (default: %(default)s)")
    add("--device", default="cpu", help="cpu or cuda (default: %(default)s)")
    add(
        "--lessons", type=whole(1), default=LESSONS, help="batches of LXMERT (default: %(default)s)"
    )
    add(
        "--on-from",
        type=Path,
        metavar="FOLDER",
        help="keep this miniature's detector and let its network learn on",
    )
    add(
        "--test-scenes",
        type=whole(1),
        default=TEST_SCENES,
        help="fresh scenes to measure on (default: %(default)s)",
    )


def run(chosen: argparse.Namespace) -> None:
    from lxmert_viz.model.devices import find_device

    find_device(chosen.device)
    chosen.work.mkdir(parents=True, exist_ok=True)
    with goes_on(), alone(chosen.work / "training"), alone(chosen.out):
        if not chosen.measure:
            _train(chosen)
        _measure(chosen)


def _train(chosen: argparse.Namespace) -> None:
    from lxmert_viz.miniature.training import sightings
    from lxmert_viz.miniature.training.checkpoint import write_checkpoint
    from lxmert_viz.miniature.training.log import TrainingLog
    from lxmert_viz.miniature.training.training import train_lxmert
    from lxmert_viz.miniature.world.pictures import render
    from lxmert_viz.miniature.world.wording import word_pieces
    from lxmert_viz.model.tokenizer import LxmertTokenizerFast

    work = chosen.work
    earlier = _read(chosen.on_from) if chosen.on_from else None
    scenes = render(work / "pictures", FIRST_TRAINING_SEED, SCENES)
    detector, begun = earlier or (_train_detector(chosen, scenes), None)
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


def _read(folder: Path) -> "tuple[FasterRCNN, LxmertForPreTraining]":
    """What learns on, read before the hours of work begin."""
    from lxmert_viz.detector.weights import load_detector
    from lxmert_viz.miniature.training.checkpoint import learn_on

    return load_detector(folder / "detector"), learn_on(folder)


def _train_detector(chosen: argparse.Namespace, scenes: "ScenePictures") -> "FasterRCNN":
    from lxmert_viz.miniature.training.detector_training import train_detector
    from lxmert_viz.miniature.training.log import TrainingLog

    return train_detector(
        scenes,
        DETECTOR_STEPS,
        chosen.seed,
        TrainingLog(chosen.work / "detector.csv"),
        chosen.work / "detector.pt",
        chosen.device,
    )


def _measure(chosen: argparse.Namespace) -> None:
    from lxmert_viz.miniature.training.checkpoint import write_figures
    from lxmert_viz.miniature.training.evaluation import FIRST_TEST_SEED, measure
    from lxmert_viz.miniature.world.pictures import render
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
