"""One run of the network, kept, and gone on with from any of its states in many rows.

What lies before a change is not computed again, nor what lies beside it; and where only the first
word is read in the end, the last layer computes only what that word reads. Letters: N rows; else as
in records.py.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.experiments.head_slots import layer_keys
from lxmert_viz.experiments.target import POOLED, Target
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.model.interventions import Key
from lxmert_viz.model.layers import Attention, ResidualOutput
from lxmert_viz.model.outputs import CrossStep
from lxmert_viz.model.packed import PACKED_FROM, packed
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import CROSS_FAMILIES, FAMILIES, Regions, Tokens

AT_ONCE = 24  # rows; more are no faster
STEPS = {"lang_from_vision": 0, "vision_from_lang": 0, "cross_lang": 1, "cross_vision": 1}


class HeadLayer(NamedTuple):
    """What one layer's attention reads and where it writes."""

    attention: Attention
    output: ResidualOutput
    queries: Tensor  # (1, N, D)
    keys: Tensor  # (1, M, D)


class Kept:
    """A run of one text about one picture, and the target's value in it."""

    def __init__(
        self, pipeline: Pipeline, regions: Regions, text: str, target: Target, *, many: bool = False
    ) -> None:
        """many: hundreds of rows will follow, so that laying out weights pays."""
        ((self.regions, self.tokens),) = rows = pipeline.rows([(regions, text)])
        self.pipeline, self.target = pipeline, target
        base = base_of(pipeline.network)
        size = sum(p.numel() for p in base.encoder.parameters())
        tokens = AT_ONCE * max(len(self.tokens.ids), len(self.regions))
        self._base = packed(base, tokens) if many and size > PACKED_FROM else base
        self._is_pooled = target.kind in POOLED
        with torch.inference_mode():
            self.lang, self.vision, self.steps = _states(pipeline, rows[0], self._base)
            # the way that every row goes, so that rows without a change have this value to the bit
            self.value = float(self._cross(0, self.lang[-1], self.vision[-1])[0])

    @property
    def layers(self) -> list[Key]:
        """Every family and layer, in the order of the network."""
        return layer_keys(self.pipeline.network.config)

    def places(self, stream: str) -> list[Key]:
        """Where states of a stream leave its own layers and then the cross-modality layers."""
        own = self.lang if stream == "lang" else self.vision
        alone = [(stream, layer) for layer in range(-1, len(own) - 1)]
        return alone + [(f"{stream}_cross", layer) for layer in range(len(self.steps))]

    def state(self, place: str, layer: int) -> Tensor:
        """(1, T or R, D) as it left that place; layer -1: the embeddings."""
        if place in ("lang", "vision"):
            return (self.lang if place == "lang" else self.vision)[layer + 1]
        stream = FAMILIES[place].queries if place in FAMILIES else place.removesuffix("_cross")
        return getattr(self.steps[layer], stream)[STEPS.get(place, 2)]

    def entering(self, stream: str, layer: int) -> Tensor:
        """What enters cross-modality layer `layer`, or, after the last, leaves the network."""
        if layer:
            return self.state(f"{stream}_cross", layer - 1)
        return (self.lang if stream == "lang" else self.vision)[-1]

    def head_layer(self, family: str, layer: int) -> HeadLayer:
        encoder = self._base.encoder
        if not FAMILIES[family].in_cross_layers:
            block = (encoder.layer if family == "lang" else encoder.r_layers)[layer].attention
            states = self.state(family, layer - 1)
            return HeadLayer(block.self, block.output, states, states)
        crossing = encoder.x_layers[layer]
        if FAMILIES[family].crosses:
            block, sides = crossing.visual_attention, FAMILIES[family]
            reads = [self.entering(stream, layer) for stream in (sides.queries, sides.keys)]
            return HeadLayer(block.att, block.output, *reads)
        stream = FAMILIES[family].queries
        block = crossing.lang_self_att if stream == "lang" else crossing.visn_self_att
        states = getattr(self.steps[layer], stream).cross
        return HeadLayer(block.self, block.output, states, states)

    def matters(self, place: str, layer: int) -> bool:
        """Whether the target can depend on what leaves there at all."""
        last = layer == len(self.steps) - 1
        stream = FAMILIES[place].queries if place in FAMILIES else place.removesuffix("_cross")
        is_read = stream == self.target.stream
        return is_read or not last or place in ("lang", "vision")

    @torch.inference_mode()
    def onward(self, place: str, layer: int, states: Tensor) -> np.ndarray:
        """(N,) float64: the target's value with these states (N, T or R, D) leaving `place`."""
        if not self.matters(place, layer):
            return np.full(len(states), self.value)
        parts = states.split(AT_ONCE)
        return np.concatenate([self._onward(place, layer, part) for part in parts])

    def after_attention(self, family: str, layer: int, contexts: Tensor) -> np.ndarray:
        """(N,): with these contexts (N, T or R, D) in place of what that layer's heads found."""
        if not self.matters(family, layer):
            return np.full(len(contexts), self.value)
        place, states = self.written(family, layer, contexts)
        return self.onward(place, layer, states)

    @torch.inference_mode()
    def written(self, family: str, layer: int, contexts: Tensor) -> tuple[str, Tensor]:
        """Where a layer's state leaves, and how, with these contexts of its heads."""
        found = self.head_layer(family, layer)
        attended = found.output(contexts, found.queries)
        if FAMILIES[family].in_cross_layers:
            return family, attended
        return self.fed(family, layer, attended, attended)

    @torch.inference_mode()
    def fed(
        self, family: str, layer: int, attended: Tensor, residual: Tensor | None = None
    ) -> tuple[str, Tensor]:
        """The same after the feed-forward of what attention left.

        residual: what it is added to; None: as attention left it in this run.
        """
        residual = self.attended(family, layer) if residual is None else residual
        encoder = self._base.encoder
        if not FAMILIES[family].in_cross_layers:
            block = (encoder.layer if family == "lang" else encoder.r_layers)[layer]
            return family, block.output(block.intermediate(attended), residual)
        crossing, stream = encoder.x_layers[layer], FAMILIES[family].queries
        if stream == "lang":
            fed = crossing.lang_output(crossing.lang_inter(attended), residual)
        else:
            fed = crossing.visn_output(crossing.visn_inter(attended), residual)
        return f"{stream}_cross", fed

    @torch.inference_mode()
    def attended(self, family: str, layer: int) -> Tensor:
        """(1, N, D) after a layer's attention to its own stream, before its feed-forward."""
        if FAMILIES[family].in_cross_layers:
            return self.state(family, layer)
        found = self.head_layer(family, layer)
        return found.output(found.attention(found.queries, found.keys, None)[0], found.queries)

    def _onward(self, place: str, layer: int, states: Tensor) -> np.ndarray:
        encoder = self._base.encoder
        if place in ("lang", "vision"):
            for block in (encoder.layer if place == "lang" else encoder.r_layers)[layer + 1 :]:
                states, _ = block(states, None)
            other = self._last("vision" if place == "lang" else "lang")
            return self._cross(0, *((states, other) if place == "lang" else (other, states)))
        stream = FAMILIES[place].queries if place in FAMILIES else place.removesuffix("_cross")
        if place in CROSS_FAMILIES:
            states = self._finished(stream, layer, STEPS[place], states)
        kept = self.steps[layer]
        if stream == "lang":
            return self._cross(layer + 1, states, kept.vision.feed_forward)
        return self._cross(layer + 1, kept.lang.feed_forward, states)

    def _finished(self, stream: str, layer: int, step: int, states: Tensor) -> Tensor:
        """One stream through the rest of a cross-modality layer, from what left a step of it."""
        crossing = self._base.encoder.x_layers[layer]
        is_lang = stream == "lang"
        # the answer reads the first word alone
        first = self._is_pooled and is_lang and layer == len(self.steps) - 1
        family = "cross_lang" if is_lang else "cross_vision"
        if step == 0:
            block = crossing.lang_self_att if is_lang else crossing.visn_self_att
            queries = states[:, :1] if first else states
            context, _ = block.self(queries, states, None)
            states = block.output(context, queries)
        elif first:
            states = states[:, :1]
        return self.fed(family, layer, states, states)[1]

    def _cross(self, begin: int, lang: Tensor, vision: Tensor) -> np.ndarray:
        """Through the cross-modality layers from `begin` on. One of the two may have one row."""
        layers = list(self._base.encoder.x_layers)
        for place, crossing in enumerate(layers[begin:], begin):
            if self._is_pooled and place == len(layers) - 1:
                lang_cross, _ = crossing.visual_attention(lang, vision, None)
                lang = self._finished("lang", place, 0, lang_cross)
            else:
                step = crossing(lang, vision, None, None)
                lang, vision = step.lang.feed_forward, step.vision.feed_forward
        return self._values(lang, vision)

    def _values(self, lang: Tensor, vision: Tensor) -> np.ndarray:
        rows = max(len(lang), len(vision))
        lang, vision = (s.expand(rows, *s.shape[1:]) for s in (lang, vision))
        places = np.full(rows, self.target.place)
        return self.target.logits(self.pipeline, lang, vision, places).double().cpu().numpy()

    def _last(self, stream: str) -> Tensor:
        return (self.lang if stream == "lang" else self.vision)[-1]


def _states(
    pipeline: Pipeline, row: tuple[Regions, Tokens], base: object
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...], tuple[CrossStep, ...]]:
    regions, tokens = row
    lang = base.encode_language(**pipeline.inputs.of_words([tokens]), collect=True)
    vision = base.encode_vision(**pipeline.inputs.of_regions([regions]), collect=True)
    *_, steps = base.cross(lang, vision, collect=True)
    return lang.states, vision.states, steps
