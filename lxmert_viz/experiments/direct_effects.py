"""What each head and the feed-forward block of the last layer write toward a target, by themselves.

The state that the target is read from is a sum of what these parts wrote, with every LayerNorm held
at the length that it had; the target's head is replaced by its slope there. Both make it an
approximation, so what happens without a part is computed beside it. Letters: n parts, H heads,
D hidden size.
Source: direct logit attribution, Elhage et al. 2021, here for a network that normalises afterwards.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.errors import OptionError
from lxmert_viz.experiments.head_slots import Slot, slots, under_gates
from lxmert_viz.experiments.heads import inputs_of, written_values
from lxmert_viz.experiments.target import Target
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.model.layers import LAYER_NORM_EPS, ResidualOutput
from lxmert_viz.model.lxmert import LxmertModel
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Trace

FAMILIES = ("lang_from_vision", "cross_lang")  # whose heads write into a word's last state
ENTERING, FEED_FORWARD, BIASES = "what enters the last layer", "feed-forward block", "biases"


@dataclass(frozen=True, slots=True)
class DirectEffects:
    """Parts: what enters, the heads of both families, the feed-forward block, all biases."""

    target: Target
    names: tuple[str, ...]  # n
    values: np.ndarray  # (n,) logits
    total: float  # what they sum to: the slope times the whole state
    whole: float  # the target as it is, which a curved head makes another number
    removed: np.ndarray  # (n,) how much the target falls without the part; NaN: not removed


@dataclass(frozen=True, slots=True)
class Block:
    """One step of the layer at one word: what was added, and what is normalised then."""

    output: ResidualOutput
    written: Tensor  # (parts, D) without the bias
    residual: Tensor  # (D,)

    def toward(self, slope: Tensor) -> Tensor:
        """(D,) the slope by what is normalised, of the slope by the result; its length is held."""
        summed = self.written.sum(dim=0) + self.output.dense.bias + self.residual
        norm = self.output.LayerNorm
        scaled = slope * norm.weight / (summed.var(unbiased=False) + LAYER_NORM_EPS).sqrt()
        return scaled - scaled.mean()

    def leaving(self) -> Tensor:
        """(D,)"""
        summed = self.written.sum(dim=0) + self.output.dense.bias + self.residual
        return self.output.LayerNorm(summed)


def direct_effects(
    pipeline: Pipeline, regions: Regions, text: str, target: Target
) -> DirectEffects:
    """Raises OptionError for a target that is read from a region's state."""
    if target.stream != "lang":
        raise OptionError(f"“{target.name}” is read from a region; take an answer, match or word.")
    base = base_of(pipeline.network)
    layer = len(base.encoder.x_layers) - 1
    with torch.no_grad():
        blocks = _blocks(base, pipeline.exact.ask(regions, text), layer, target.place)
        state = blocks[-1].leaving()
    slope = _slope(pipeline, target, state)
    values, biases = [], slope @ blocks[-1].output.LayerNorm.bias
    toward = slope
    with torch.no_grad():
        for place in reversed(range(len(blocks))):
            toward = blocks[place].toward(toward)
            values.insert(0, blocks[place].written @ toward)
            below = blocks[place - 1].output.LayerNorm.bias if place else torch.zeros_like(toward)
            biases = biases + toward @ (blocks[place].output.dense.bias + below)
        values = [(blocks[0].residual @ toward)[None], *values, biases[None]]
        found = torch.cat(values).double().cpu().numpy()
        own = [s for s in slots(base.config) if s.family in FAMILIES and s.layer == layer]
        without = _without_feed_forward(pipeline, target, blocks)
    fallen = _without_heads(pipeline, regions, text, target, own)
    removed = np.array([np.nan, *(fallen[1:] * -1 + fallen[0]), fallen[0] - without, np.nan])
    names = (ENTERING, *(slot.name for slot in own), FEED_FORWARD, BIASES)
    return DirectEffects(target, names, found, float(slope @ state), float(fallen[0]), removed)


def _blocks(base: LxmertModel, trace: Trace, layer: int, place: int) -> list[Block]:
    """Across, within and the feed-forward block, at one word."""
    crossing = base.encoder.x_layers[layer]
    residual, _ = inputs_of(trace, FAMILIES[0], layer)
    state = torch.from_numpy(residual[place]).to(base.pooler.dense.weight)  # (D,)
    blocks = []
    for family, module in zip(
        FAMILIES, (crossing.visual_attention, crossing.lang_self_att), strict=True
    ):
        weights = torch.from_numpy(trace.attention[family][layer][:, place]).to(state)  # (H, K)
        values = written_values(base, trace, family, layer)  # (H, K, D)
        heads = (weights[:, None] @ values)[:, 0]  # (H, D)
        blocks.append(Block(module.output, heads, state))
        state = blocks[-1].leaving()
    fed = crossing.lang_output.dense(crossing.lang_inter(state)) - crossing.lang_output.dense.bias
    return [*blocks, Block(crossing.lang_output, fed[None], state)]


def _slope(pipeline: Pipeline, target: Target, state: Tensor) -> Tensor:
    """(D,) the target's gradient by the state that its head reads."""
    with torch.enable_grad():
        own = state.detach().clone().requires_grad_()
        (found,) = torch.autograd.grad(target.read(pipeline, own[None]).sum(), own)
    return found


def _without_feed_forward(pipeline: Pipeline, target: Target, blocks: list[Block]) -> float:
    """The target where the block writes its bias alone."""
    last = blocks[-1]
    state = last.output.LayerNorm(last.residual + last.output.dense.bias)
    return float(target.read(pipeline, state[None]))


def _without_heads(
    pipeline: Pipeline, regions: Regions, text: str, target: Target, own: list[Slot]
) -> np.ndarray:
    """(1 + n,) the target with every head, then without each of `own`."""
    every = slots(base_of(pipeline.network).config)
    factors = np.ones((1 + len(own), len(every)))
    for row, slot in enumerate(own, start=1):
        factors[row, every.index(slot)] = 0
    return under_gates(pipeline, regions, text, target, factors)
