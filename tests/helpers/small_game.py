"""A question whose target and players tests of relevance share."""

import numpy as np

from lxmert_viz.experiments import target
from lxmert_viz.experiments.removal import Game
from lxmert_viz.pipeline import Pipeline

TEXT = "what color is the large cube?"


def red(pipeline: Pipeline) -> target.Target:
    return target.answer(pipeline, "red", "blue")


def all_but(game: Game, *gone: int) -> np.ndarray:
    """(1, n): everybody but these players."""
    members = np.ones((1, game.players), bool)
    members[0, list(gone)] = False
    return members
