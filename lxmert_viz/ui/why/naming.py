"""Targets, removals and numbers as figures and sentences name them."""

from lxmert_viz.experiments.removal import Removal
from lxmert_viz.experiments.target import Target

REGIONS = {"slice": "left out", "zero": "zeroed", "mean": "set to the mean"}
WORDS = {"mask": "[MASK]", "delete": "deleted"}


def target_named(target: Target, value: float) -> str:
    """ "gray rather than red: 2.49 logits"."""
    return f"{target.name}: {number(value)} logits"


def removal_named(removal: Removal) -> str:
    return f"regions {REGIONS[removal.regions]}, words {WORDS[removal.words]}"


def number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
