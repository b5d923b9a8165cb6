"""A batch's activations as the arrays of single traces, without padding."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.model.outputs import Activations, Sublayers
from lxmert_viz.records import FAMILIES

Arrays = dict[str, np.ndarray]


def arrays_of(
    activations: Activations, sizes: Sequence[tuple[int, int]]
) -> Iterator[tuple[Arrays, Arrays]]:
    """Attention and states of each row, as Trace has them; sizes: its words and its regions."""
    attention, states = _attention(activations), _states(activations)
    for row, (words, regions) in enumerate(sizes):
        yield (
            _own_attention(attention, row, words, regions),
            _own_states(states, row, words, regions),
        )


def _attention(activations: Activations) -> Arrays:
    """Each family as (B, L, H, queries, keys)."""
    return {family: _array(torch.stack(m, 1)) for family, m in activations.attention.items()}


def _states(activations: Activations) -> Arrays:
    """Streams as (B, L+1, N, D), cross-modality layers as (B, L, 3, N, D), pooled as (B, D)."""
    return {
        "lang": _array(torch.stack(activations.lang_states, 1)),
        "vision": _array(torch.stack(activations.vision_states, 1)),
        "lang_cross": _array(_steps(activations.lang_cross_states)),
        "vision_cross": _array(_steps(activations.vision_cross_states)),
        "pooled": _array(activations.pooled),
    }


def _own_attention(attention: Arrays, row: int, words: int, regions: int) -> Arrays:
    """One row's maps without padding: "lang_from_vision" becomes (L, H, words, regions)."""
    sizes = {"lang": words, "vision": regions}
    own = {}
    for family, maps in attention.items():
        sides = FAMILIES[family]
        own[family] = maps[row, :, :, : sizes[sides.queries], : sizes[sides.keys]].copy()
    return own


def _own_states(states: Arrays, row: int, words: int, regions: int) -> Arrays:
    sizes = {"lang": words, "vision": regions}
    own = {"pooled": states["pooled"][row].copy()}
    for name in ("lang", "vision", "lang_cross", "vision_cross"):
        own[name] = states[name][row, ..., : sizes[name.removesuffix("_cross")], :].copy()
    return own


def _steps(layers: tuple[Sublayers, ...]) -> Tensor:
    return torch.stack([torch.stack(layer, 1) for layer in layers], 1)  # (B, L, 3, N, D)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()
