"""Activation patching: what one run holds, put into another, place by place.

Effects are on one scale: 0 is the corrupted run's logit difference, 1 the clean run's. Denoising
puts clean states into the corrupted run (sufficient where the effect is near 1), noising corrupted
ones into the clean run (necessary where it is near 0). The names of grids are those of
TransformerLens. Letters: C cells; else as in records.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.analysis import rankings
from lxmert_viz.analysis.layer_names import place_named
from lxmert_viz.errors import OptionError
from lxmert_viz.experiments.atlas import context_of
from lxmert_viz.experiments.kept_run import Kept
from lxmert_viz.experiments.target import Target
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.model.interventions import HeadChange, Replaced
from lxmert_viz.model.outputs import Activations
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import CROSS_FAMILIES, FAMILIES, Regions, Report

Asked = tuple[Regions, str]
DENOISE, NOISE = "denoising", "noising"
STREAM_GRIDS = {  # by layer and position
    "state": "state that leaves the layer",
    "attention": "what attention writes",
    "feed-forward": "what feed-forward writes",
}
HEAD_GRIDS = {  # by layer and head, at all positions
    "output": "what the head found",
    "query": "its queries",
    "key": "its keys",
    "value": "its values",
    "pattern": "its attention weights",
}
GRIDS = STREAM_GRIDS | HEAD_GRIDS
STREAMS = ("lang", "vision")
CHECKED = 24  # cells of a preview that are run exactly, half of them its highest
STRONG = 0.1  # effect, from which a cell is one that a preview should have found


class Cells(NamedTuple):
    """One line of a grid: alternatives to one state."""

    name: str  # of the line, counted from 1
    place: str
    layer: int
    states: Tensor  # (C, N, D), each with something of the other run in it
    differ: np.ndarray  # (C,) bool; those that do not have no effect


@dataclass(frozen=True, slots=True)
class Pair:
    """A clean and a corrupted run of the same lengths."""

    clean: Kept
    corrupted: Kept

    def effects(self, values: np.ndarray) -> np.ndarray:
        """Values of the target on the scale from 0 (corrupted) to 1 (clean)."""
        whole = self.clean.value - self.corrupted.value
        return (values - self.corrupted.value) / whole

    def base(self, direction: str) -> Kept:
        return self.corrupted if direction == DENOISE else self.clean

    def source(self, direction: str) -> Kept:
        return self.clean if direction == DENOISE else self.corrupted


@dataclass(frozen=True, slots=True)
class Grid:
    """Effects of one grid."""

    kind: str  # of GRIDS
    stream: str  # of STREAMS, or "" for grids of heads
    direction: str
    lines: list[str]  # layers
    effects: np.ndarray  # (lines, C)
    is_preview: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """Cells of a preview that were run exactly."""

    cells: np.ndarray  # (M, 2) line and column
    preview: np.ndarray  # (M,)
    exact: np.ndarray  # (M,)
    recall: float  # estimated share of cells beyond STRONG that the preview has among its highest


def pair(
    pipeline: Pipeline, clean: Asked, corrupted: Asked, target: Target, *, many: bool = False
) -> Pair:
    """Raises OptionError for runs of unequal lengths, or of the same target."""
    kept = Pair(*(Kept(pipeline, *asked, target, many=many) for asked in (clean, corrupted)))
    texts = [len(one.tokens.ids) for one in (kept.clean, kept.corrupted)]
    seen = [len(one.regions) for one in (kept.clean, kept.corrupted)]
    if texts[0] != texts[1]:
        raise OptionError(
            f"The texts have {texts[0]} and {texts[1]} word pieces, and states can only be put in "
            "the place of one another where both have as many: change a word for one of the same "
            "number of pieces."
        )
    if seen[0] != seen[1]:
        raise OptionError(
            f"The pictures have {seen[0]} and {seen[1]} regions; patching needs as many in both: "
            "change a region's features, or give own boxes."
        )
    if abs(kept.clean.value - kept.corrupted.value) < 1e-4:
        raise OptionError(
            f"Both runs have {target.name} at {kept.clean.value:.2f} logits, so there is nothing "
            "that a state could bring back: change something that matters to the answer."
        )
    return kept


def grid(
    both: Pair,
    kind: str,
    stream: str = "lang",
    direction: str = DENOISE,
    report: Report = lambda stage, share: None,
) -> Grid:
    """Exact effects. stream: of grids by position."""
    base, source = both.base(direction), both.source(direction)
    names, rows = [], []
    count = _lines(base, kind, stream)
    for cells in alternatives(base, source, kind, stream):
        report(f"{GRIDS[kind]}, {cells.name}", len(rows) / count)
        values = np.full(len(cells.states), base.value)
        if cells.differ.any():
            chosen = cells.states[torch.from_numpy(cells.differ)]
            values[cells.differ] = base.onward(cells.place, cells.layer, chosen)
        names.append(cells.name)
        rows.append(values)
    stream = "" if kind in HEAD_GRIDS else stream
    return Grid(kind, stream, direction, names, both.effects(np.stack(rows)), False)


def preview(both: Pair, kind: str, stream: str = "lang", direction: str = DENOISE) -> Grid:
    """Attribution patching: exact within the layer, then along the gradient there.

    Two forwards and one gradient for all cells. Source: Nanda 2023, attribution patching.
    """
    base = both.base(direction)
    slope_of = slopes(base)
    names, rows = [], []
    for cells in alternatives(base, both.source(direction), kind, stream):
        slope = slope_of.get((cells.place, cells.layer))
        change = np.zeros(len(cells.states))
        if slope is not None:
            moved = (cells.states - base.state(cells.place, cells.layer)) * slope
            change = moved.sum((1, 2)).double().cpu().numpy()
        names.append(cells.name)
        rows.append(base.value + change)
    stream = "" if kind in HEAD_GRIDS else stream
    return Grid(kind, stream, direction, names, both.effects(np.stack(rows)), True)


def check(both: Pair, found: Grid, seed: int = 0, count: int = CHECKED) -> Checked:
    """A preview's highest cells and as many drawn from the others, run exactly."""
    base, source = both.base(found.direction), both.source(found.direction)
    gone = both.effects(np.array(base.value))
    order = rankings.order_of(np.abs(found.effects - gone).ravel())
    half = min(count // 2, len(order))
    low = np.random.default_rng(seed).permutation(order[half:])[:half]
    chosen = np.concatenate([order[:half], low])
    exact = np.full(found.effects.size, np.nan)
    width = found.effects.shape[1]
    for line, cells in enumerate(alternatives(base, source, found.kind, found.stream)):
        own = chosen[chosen // width == line]
        if len(own):
            values = base.onward(cells.place, cells.layer, cells.states[own % width])
            exact[own] = both.effects(values)
    strong = np.abs(exact[chosen] - gone) >= STRONG
    missed = strong[half:].mean() * (len(order) - half) if len(low) else 0.0
    hit = strong[:half].sum()
    recall = float(hit / (hit + missed)) if hit + missed else 1.0
    cells = np.stack(np.divmod(chosen, width), axis=1)
    return Checked(cells, found.effects.ravel()[chosen], exact[chosen], recall)


@torch.inference_mode()
def alternatives(base: Kept, source: Kept, kind: str, stream: str) -> Iterator[Cells]:
    """The lines of a grid, first to last layer. Raises OptionError for what is no grid."""
    if kind not in GRIDS:
        raise OptionError(f"{kind!r} is no grid; there are {', '.join(GRIDS)}.")
    if kind in HEAD_GRIDS:
        for family, layer in base.layers:
            yield _of_heads(base, source, kind, family, layer)
        return
    if kind == "state":
        for place, layer in base.places(stream):
            states = [run.state(place, layer) for run in (base, source)]
            yield _by_position(place_named(place, layer), place, layer, *states)
        return
    for family, layer in base.layers:
        sides = FAMILIES[family]
        if sides.queries != stream:
            continue
        if kind == "attention":
            other = context_of(source, family, layer)
            place, changed = base.written(family, layer, other)
            line = place_named(family, layer)
            yield _by_position(line, place, layer, base.state(place, layer), changed)
        elif family in STREAMS or not sides.crosses:
            place, changed = base.fed(family, layer, source.attended(family, layer))
            line = place_named(place, layer)
            yield _by_position(line, place, layer, base.state(place, layer), changed)


def _of_heads(base: Kept, source: Kept, kind: str, family: str, layer: int) -> Cells:
    own, other = (run.head_layer(family, layer) for run in (base, source))
    if kind == "output":
        changed = context_of(source, family, layer)
    else:
        if kind == "pattern":
            part = other.attention(other.queries, other.keys, None)[1]
        else:
            made = getattr(other.attention, kind)
            states = other.queries if kind == "query" else other.keys
            part = other.attention.split_heads(made(states))
        everyone = torch.ones(own.attention.heads, dtype=torch.bool, device=part.device)
        change = HeadChange(parts={kind: Replaced(everyone, part)})
        changed = own.attention(own.queries, own.keys, None, change)[0]
    context = context_of(base, family, layer)
    heads = own.attention.heads
    mine = torch.eye(heads, dtype=torch.bool, device=context.device)[:, None, :, None]
    apart = [states.unflatten(-1, (heads, -1)) for states in (changed, context)]
    contexts = torch.where(mine, *apart).flatten(-2)  # (H, N, D)
    place, states = base.written(family, layer, contexts)
    differ = (contexts != context).flatten(1).any(1).cpu().numpy()
    return Cells(place_named(family, layer), place, layer, states, differ)


def _by_position(name: str, place: str, layer: int, own: Tensor, other: Tensor) -> Cells:
    """own, other: (1, N, D) -> N alternatives, each with one position of the other."""
    count = own.shape[1]
    here = torch.eye(count, dtype=torch.bool, device=own.device)[..., None]
    differ = (own != other)[0].any(-1).cpu().numpy()
    return Cells(name, place, layer, torch.where(here, other, own), differ)


def _lines(base: Kept, kind: str, stream: str) -> int:
    if kind in HEAD_GRIDS:
        return len(base.layers)
    return len(list(base.places(stream)))


def slopes(base: Kept) -> dict[tuple[str, int], Tensor]:
    """The target's gradient by every state, (1, N, D); without those that it does not depend on."""
    pipeline = base.pipeline
    network = base_of(pipeline.network)
    rows = [(base.regions, base.tokens)]
    with torch.enable_grad():
        output = network(**pipeline.inputs.of(rows, collect=True), output_hidden_states=True)
        place = np.array([base.target.place])
        value = base.target.logits(pipeline, output.language_output, output.vision_output, place)
        states = _named_states(output.activations)
        found = torch.autograd.grad(value.sum(), list(states.values()), allow_unused=True)
    return {key: slope for key, slope in zip(states, found, strict=True) if slope is not None}


def _named_states(seen: Activations) -> dict[tuple[str, int], Tensor]:
    named = {}
    for stream in STREAMS:
        for layer, state in enumerate(getattr(seen, f"{stream}_states"), -1):
            named[stream, layer] = state
        families = [f for f in CROSS_FAMILIES if FAMILIES[f].queries == stream]
        for layer, step in enumerate(getattr(seen, f"{stream}_cross_states")):
            places = (*families, f"{stream}_cross")
            named |= {(place, layer): state for place, state in zip(places, step, strict=True)}
    return named
