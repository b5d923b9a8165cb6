"""What is done to a forward pass while it runs: heads gated, edges cut, states and parts replaced.

Keys are (family, layer), layers counted from 0. Where nothing is asked, nothing is computed.
Letters as in records.py; N queries, M keys, d = D/H size of a head, k places.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from lxmert_viz.config import LxmertConfig
from lxmert_viz.errors import OptionError
from lxmert_viz.records import FAMILIES

Key = tuple[str, int]
PARTS = ("query", "key", "value", "pattern", "output")  # of a head
STATES = {  # where states leave: which stream they belong to
    "lang": "lang",  # a language layer; -1: the embeddings
    "vision": "vision",
    "lang_from_vision": "lang",  # inside a cross-modality layer, after words read regions
    "vision_from_lang": "vision",
    "cross_lang": "lang",  # after words read words
    "cross_vision": "vision",
    "lang_cross": "lang",  # the cross-modality layer itself
    "vision_cross": "vision",
}


class Replaced(NamedTuple):
    """At these places these values stand, whatever was computed."""

    places: Tensor  # of states: (k,) whole numbers, or (B, N) bool; of parts: (H,) or (B, H) bool
    values: Tensor  # of states: (k, D), (B, k, D) or (B, N, D); of parts: (H, N, d) or (B, H, N, d)


@dataclass(frozen=True, slots=True)
class HeadChange:
    """What is done to the heads of one layer's attention."""

    gate: Tensor | None = None  # (1, H, 1, 1) or (B, H, 1, 1)
    mean: Tensor | None = None  # (H, 1 or N, d), or (B, ...): what stands where the gate shuts
    edge: Tensor | None = None  # factor on weights
    renormalise: bool = False
    added: Tensor | None = None  # to scores, before the softmax
    parts: Mapping[str, Replaced] = field(default_factory=dict)

    def part(self, name: str, computed: Tensor) -> Tensor:
        """(B, H, N, d) or, of patterns, (B, H, N, M)."""
        if name not in self.parts:
            return computed
        places, values = self.parts[name]
        places = places if places.dim() == 2 else places[None]
        return torch.where(places[..., None, None], values.to(computed), computed)

    def scored(self, scores: Tensor) -> Tensor:
        return scores if self.added is None else scores + self.added.to(scores)

    def weighed(self, weights: Tensor) -> Tensor:
        """A row of which nothing is left stays zero, also where rows are made to sum to 1."""
        weights = self.part("pattern", weights)
        if self.edge is None:
            return weights
        weights = weights * self.edge.to(weights)
        if not self.renormalise:
            return weights
        left = weights.sum(dim=-1, keepdim=True)
        return torch.where(left > 0, weights / left.clamp_min(1e-30), weights)

    def written(self, context: Tensor) -> Tensor:
        """context: (B, H, N, d), what each head found."""
        context = self.part("output", context)
        if self.gate is None:
            return context
        gate = self.gate.to(context)
        written = context * gate
        # what a gate of 1 adds is 0, so that it changes no bit
        return written if self.mean is None else written + self.mean.to(context) * (1 - gate)


@dataclass(frozen=True, eq=False)
class Intervention:
    """What one forward pass, or each row of its batch, is made to do.

    gates: (H,) or (B, H), factors on what each head writes: 0 off, 1 as it is. means: (H, d) or
    (H, N, d), what a head writes in place of what its gate takes away. edges: (N, M), (H, N, M) or
    (B, H, N, M), factors on the weights after the softmax; rows sum to 1 again only with
    `renormalise`. added: of the same shapes, to the scores before the softmax. states: of STATES.
    parts: (family, layer, one of PARTS).
    """

    gates: Mapping[Key, Tensor] = field(default_factory=dict)
    means: Mapping[Key, Tensor] = field(default_factory=dict)
    edges: Mapping[Key, Tensor] = field(default_factory=dict)
    added: Mapping[Key, Tensor] = field(default_factory=dict)
    states: Mapping[Key, tuple[Tensor, Tensor]] = field(default_factory=dict)
    parts: Mapping[tuple[str, int, str], tuple[Tensor, Tensor]] = field(default_factory=dict)
    renormalise: bool = False

    def heads(self, family: str, layer: int) -> HeadChange | None:
        """What is asked of this attention; None where nothing is."""
        key = (family, layer)
        parts = {k[2]: Replaced(*v) for k, v in self.parts.items() if k[:2] == key}
        if not parts and not any(key in asked for asked in (self.gates, self.edges, self.added)):
            return None
        gate, mean = self.gates.get(key), self.means.get(key)
        if gate is not None:
            gate = (gate if gate.dim() == 2 else gate[None])[..., None, None]
        if mean is not None and mean.dim() == 2:
            mean = mean[:, None]
        added, edge = self.added.get(key), self.edges.get(key)
        return HeadChange(gate, mean, edge, self.renormalise, added, parts)

    def state(self, place: str, layer: int, computed: Tensor) -> Tensor:
        """A state (B, N, D) as it leaves, with what is replaced in it."""
        if (place, layer) not in self.states:
            return computed
        places, values = self.states[place, layer]
        values = values.to(computed)
        if places.dtype == torch.bool:
            return torch.where(places[..., None], values, computed)
        values = values.expand(len(computed), *values.shape[-2:])
        return computed.index_copy(1, places.to(computed.device), values)

    def touches(self, *places: str) -> bool:
        """Whether anything is asked of these families or states."""
        return any(place in places for place, *_ in self._keys())

    @property
    def form(self) -> tuple:
        """Equal for those that `stacked` takes together."""
        asked = (self.gates, self.means, self.edges, self.added)
        shapes = [{key: tuple(v.shape) for key, v in values.items()} for values in asked]
        replaced = [sorted(values) for values in (self.states, self.parts)]
        return (
            *(tuple(sorted(s.items())) for s in shapes),
            *map(tuple, replaced),
            self.renormalise,
        )

    def to(self, device: torch.device) -> "Intervention":
        def moved(values: Mapping) -> dict:
            return {
                key: tuple(t.to(device) for t in v) if isinstance(v, tuple) else v.to(device)
                for key, v in values.items()
            }

        asked = (self.gates, self.means, self.edges, self.added, self.states, self.parts)
        return Intervention(*map(moved, asked), renormalise=self.renormalise)

    def check(self, config: LxmertConfig, words: int, regions: int) -> None:
        """Raises OptionError for what this network, or a text of so many words, does not have."""
        for place, layer, *rest in self._keys():
            count = layers_of(config, place)
            if count is None:
                raise OptionError(
                    f"An intervention asks for {place!r}; there are {', '.join(STATES)}."
                )
            first = -1 if place in ("lang", "vision") and (place, layer) in self.states else 0
            if not first <= layer < count:
                raise OptionError(
                    f"An intervention asks for layer {layer} of {place}, counted from 0; this "
                    f"network has {count}."
                )
            if rest and rest[0] not in PARTS:
                raise OptionError(f"{rest[0]!r} is no part of a head; there are {', '.join(PARTS)}")
        for key, gate in self.gates.items():
            if gate.shape[-1] != config.num_attention_heads:
                raise OptionError(
                    f"A gate of {key[0]}, layer {key[1]}, has {gate.shape[-1]} heads; this network "
                    f"has {config.num_attention_heads}."
                )
        self._check_sizes(config, {"lang": words, "vision": regions})

    def _check_sizes(self, config: LxmertConfig, sizes: Mapping[str, int]) -> None:
        for key, weights in [*self.edges.items(), *self.added.items()]:
            wanted = (sizes[FAMILIES[key[0]].queries], sizes[FAMILIES[key[0]].keys])
            if tuple(weights.shape[-2:]) != wanted:
                raise OptionError(
                    f"Edges of {key[0]}, layer {key[1]}, are for {tuple(weights.shape[-2:])} "
                    f"queries and keys; here are {wanted}."
                )
        for key, (places, values) in self.states.items():
            count = sizes[STATES[key[0]]]
            told = (
                places.shape[-1]
                if places.dtype == torch.bool
                else max(places.flatten().tolist(), default=-1) + 1
            )
            if told > count or values.shape[-1] != config.hidden_size:
                raise OptionError(
                    f"States of {key[0]}, layer {key[1]}, are for {told} places of "
                    f"{values.shape[-1]} numbers; here are {count} of {config.hidden_size}."
                )

    def _keys(self) -> Iterator[tuple]:
        for asked in (self.gates, self.means, self.edges, self.added):
            for key in asked:
                if key[0] not in FAMILIES:
                    raise OptionError(
                        f"An intervention asks for {key[0]!r}; there are {', '.join(FAMILIES)}."
                    )
            yield from asked
        yield from self.states
        yield from self.parts


class LayerAsked(NamedTuple):
    """What an intervention asks of one layer."""

    intervention: Intervention | None
    layer: int

    def heads(self, family: str) -> HeadChange | None:
        asked = self.intervention
        return None if asked is None else asked.heads(family, self.layer)

    def state(self, place: str, computed: Tensor) -> Tensor:
        asked = self.intervention
        return computed if asked is None else asked.state(place, self.layer, computed)


NOTHING_ASKED = LayerAsked(None, 0)


def layers_of(config: LxmertConfig, place: str) -> int | None:
    """How many layers a family or a place of states has; None where there is no such place."""
    if place not in STATES:
        return None
    return {"lang": config.l_layers, "vision": config.r_layers}.get(place, config.x_layers)


def stacked(rows: Sequence[Intervention], words: int, regions: int) -> Intervention:
    """One for a batch, of what is asked of each of its rows alone. All have the same form."""
    sizes = {"lang": words, "vision": regions}
    first = rows[0]

    def each(name: str, own: Callable[[Tensor], Tensor]) -> dict:
        asked = [getattr(row, name) for row in rows]
        return {key: torch.stack([own(values[key]) for values in asked]) for key in asked[0]}

    def pairs(name: str, own: Callable[..., tuple[Tensor, Tensor]]) -> dict:
        found = {}
        for key in getattr(first, name):
            places, values = zip(*(own(key, *getattr(row, name)[key]) for row in rows), strict=True)
            found[key] = (torch.stack(places), torch.stack(values))
        return found

    return Intervention(
        each("gates", lambda gate: gate),
        each("means", lambda mean: mean[:, None] if mean.dim() == 2 else mean),
        each("edges", lambda edge: edge if edge.dim() == 3 else edge[None]),
        each("added", lambda more: more if more.dim() == 3 else more[None]),
        pairs("states", lambda key, *told: _everywhere(*told, sizes[STATES[key[0]]])),
        pairs("parts", lambda key, *told: told),
        renormalise=first.renormalise,
    )


def _everywhere(places: Tensor, values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Places (k,) as (count,) bool, and their values (k, D) as (count, D)."""
    if places.dtype == torch.bool:
        return places, values
    chosen = torch.zeros(count, dtype=torch.bool, device=places.device)
    chosen[places] = True
    spread = values.new_zeros(count, values.shape[-1])
    return chosen, spread.index_copy(0, places, values)
