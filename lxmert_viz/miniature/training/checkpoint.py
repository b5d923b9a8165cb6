"""Writes a trained miniature as a checkpoint folder like any other, with its model card."""

import json
from pathlib import Path

from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.detector.weights import save_detector
from lxmert_viz.errors import CheckpointError
from lxmert_viz.miniature.training.evaluation import Measurement
from lxmert_viz.miniature.training.lessons import LONGEST_TEXT
from lxmert_viz.miniature.training.training import CONFIG
from lxmert_viz.miniature.world.questions import answer_names
from lxmert_viz.miniature.world.scenes import SHAPES, attribute_names
from lxmert_viz.miniature.world.wording import word_pieces
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.whole_files import write_text

FIGURES = "<!-- figures -->"
BY_WORD_PIECE = (
    "lxmert.embeddings.word_embeddings.weight",
    "cls.predictions.decoder.weight",
    "cls.predictions.bias",
)
SCOPE = {
    "world": (
        "Drawn tabletop scenes with 3 to 8 objects: cubes, spheres, cylinders, cones and rings in "
        "eight colours, two sizes, matte or shiny."
    ),
    "longest_text": LONGEST_TEXT,
    "warning": (
        "This small model knows only drawn tabletop scenes. What it says about any other picture "
        "shows how it works, not what is in the picture."
    ),
    "answers_trained_as": "softmax",
}


def write_checkpoint(folder: Path, detector: FasterRCNN, model: LxmertForPreTraining) -> None:
    """Everything but the model card, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    write_text(folder / "vocab.txt", "\n".join(word_pieces()) + "\n")
    write_text(folder / "answers.json", json.dumps(answer_names()) + "\n")
    write_text(folder / "scope.json", json.dumps(SCOPE, indent=2) + "\n")
    save_detector(detector, folder / "detector")
    write_text(folder / "detector" / "objects.txt", "\n".join(SHAPES) + "\n")
    write_text(folder / "detector" / "attributes.txt", "\n".join(attribute_names()) + "\n")


def learn_on(folder: Path) -> LxmertForPreTraining:
    """An earlier miniature as training begins with it; word pieces that are new to it start afresh.

    Raises CheckpointError where the network in the folder has another shape than today's.
    """
    earlier = LxmertForPreTraining.from_pretrained(folder).state_dict()
    network = LxmertForPreTraining(CONFIG)
    own = network.state_dict()
    pieces = (folder / "vocab.txt").read_text().split()
    kept = [(row, pieces.index(p)) for row, p in enumerate(word_pieces()) if p in pieces]
    rows, earlier_rows = map(list, zip(*kept, strict=True))
    for name, tensor in own.items():
        if name in BY_WORD_PIECE:
            tensor[rows] = earlier[name][earlier_rows]
        elif tensor.shape == earlier[name].shape:
            tensor.copy_(earlier[name])
        else:
            raise CheckpointError(
                f"{folder} holds another network: its {name} is {tuple(earlier[name].shape)}, "
                f"not {tuple(tensor.shape)}. Train without --on-from."
            )
    return network


def write_figures(card: Path, measurement: Measurement, how: str) -> None:
    """Replaces what stands below the card's marker by measured figures."""
    rows = [f"| {name} | {tally} |" for name, tally in measurement.rows()]
    table = "\n".join(["| what | measured |", "| --- | --- |", *rows])
    text = card.read_text()
    if FIGURES not in text:
        raise ValueError(f"{card} has no line {FIGURES!r} below which the figures belong")
    write_text(card, f"{text.split(FIGURES)[0]}{FIGURES}\n{how}\n\n{table}\n")
