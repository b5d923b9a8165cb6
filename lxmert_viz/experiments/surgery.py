"""Heads switched off, any of them together, beside as many drawn at random."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lxmert_viz.errors import OptionError
from lxmert_viz.experiments import head_slots
from lxmert_viz.experiments.atlas import ZERO, Means, means_for
from lxmert_viz.experiments.head_slots import Slot
from lxmert_viz.experiments.kept_run import Kept
from lxmert_viz.experiments.target import Target
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

CONTROLS = 20  # sets that are drawn
BAND = (0.025, 0.975)  # quantiles of what they do


@dataclass(frozen=True, slots=True)
class Surgery:
    """What becomes of the target without some heads, in logits."""

    target: Target
    off: str  # of atlas.OFF
    slots: tuple[Slot, ...]
    intervention: Intervention  # what was done, for pipeline.ask
    before: float
    after: float
    controls: np.ndarray  # (CONTROLS,) the target without as many heads of the same families
    same_family: bool  # False: a whole family is off, so that controls come from all heads

    @property
    def band(self) -> tuple[float, float]:
        """Low and high end of what random sets leave."""
        low, high = np.quantile(self.controls, BAND)
        return float(low), float(high)

    @property
    def is_special(self) -> bool:
        """Whether these heads do more or less than random ones."""
        low, high = self.band
        return not low <= self.after <= high


def operate(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    target: Target,
    chosen: Sequence[Slot],
    off: str = ZERO,
    seed: int = 0,
    given: Means | None = None,
) -> Surgery:
    """Raises OptionError for heads that are not there, or none.

    given: means over a set, where heads shall write those.
    """
    known = head_slots.slots(pipeline.network.config)
    places = {slot: place for place, slot in enumerate(known)}
    for slot in chosen:
        if slot not in places:
            raise OptionError(f"This network has no {Slot(*slot).name}; it has {len(known)} heads.")
    if not chosen:
        raise OptionError("No head is chosen: choose at least one to switch off.")
    own = np.array(sorted({places[slot] for slot in chosen}))
    drawn, same_family = controls(known, own, seed)
    factors = np.ones((2 + CONTROLS, len(known)), np.float32)
    for row, heads in enumerate([own, *drawn], 1):
        factors[row, heads] = 0
    means = None
    if off != ZERO:
        means = means_for(off, Kept(pipeline, regions, text, target), given)
    values = head_slots.under_gates(pipeline, regions, text, target, factors, means)
    gates = head_slots.gates(pipeline.network.config, torch.from_numpy(factors[1]))
    shut = {key: gate for key, gate in gates.items() if (gate != 1).any()}
    asked = Intervention(shut, {key: means[key] for key in shut} if means else {})
    slots = tuple(known[place] for place in own)
    return Surgery(target, off, slots, asked, values[0], values[1], values[2:], same_family)


def controls(known: Sequence[Slot], own: np.ndarray, seed: int) -> tuple[list[np.ndarray], bool]:
    """CONTROLS sets of as many other heads of the same families, else of as many of all heads."""
    draw = np.random.default_rng(seed)
    families = {known[place].family for place in own}
    pools = {
        family: np.array([n for n, s in enumerate(known) if s.family == family and n not in own])
        for family in families
    }
    needed = {family: sum(known[n].family == family for n in own) for family in families}
    if all(len(pools[family]) >= needed[family] for family in families):
        return [
            np.concatenate([draw.choice(pools[f], needed[f], replace=False) for f in needed])
            for _ in range(CONTROLS)
        ], True
    return [draw.choice(len(known), len(own), replace=False) for _ in range(CONTROLS)], False
