"""A batch's activations as the arrays of single traces, without padding."""

from collections.abc import Iterator, Mapping, Sequence

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
    maps, layers = _attention(activations), _states(activations)
    arrays = iter(on_host([*maps.values(), *layers.values()]))
    attention, states = ({name: next(arrays) for name in names} for names in (maps, layers))
    for row, (words, regions) in enumerate(sizes):
        own = _own_attention(attention, row, words, regions)
        own_states = _own_states(states, row, words, regions)
        alone = len(sizes) == 1  # then nobody else holds these arrays
        yield (own, own_states) if alone else (_copied(own), _copied(own_states))


def on_host(tensors: Sequence[Tensor]) -> list[np.ndarray]:
    """Each as float32; all of a GPU in one copy, because it waits for each."""
    tensors = [tensor.float() for tensor in tensors]
    if all(tensor.device.type == "cpu" for tensor in tensors):
        return [tensor.numpy() for tensor in tensors]
    joint = torch.cat([tensor.flatten() for tensor in tensors]).cpu().numpy()
    parts = np.split(joint, np.cumsum([tensor.numel() for tensor in tensors])[:-1])
    return [part.reshape(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]


def _attention(activations: Activations) -> dict[str, Tensor]:
    """Each family as (B, L, H, queries, keys)."""
    return {family: torch.stack(maps, 1) for family, maps in activations.attention.items()}


def _states(activations: Activations) -> dict[str, Tensor]:
    """Streams as (B, L+1, N, D), cross-modality layers as (B, L, 3, N, D), pooled as (B, D)."""
    return {
        "lang": torch.stack(activations.lang_states, 1),
        "vision": torch.stack(activations.vision_states, 1),
        "lang_cross": _steps(activations.lang_cross_states),
        "vision_cross": _steps(activations.vision_cross_states),
        "pooled": activations.pooled,
    }


def _own_attention(attention: Arrays, row: int, words: int, regions: int) -> Arrays:
    """One row's maps without padding: "lang_from_vision" becomes (L, H, words, regions)."""
    sizes = {"lang": words, "vision": regions}
    own = {}
    for family, maps in attention.items():
        sides = FAMILIES[family]
        own[family] = maps[row, :, :, : sizes[sides.queries], : sizes[sides.keys]]
    return own


def _own_states(states: Arrays, row: int, words: int, regions: int) -> Arrays:
    sizes = {"lang": words, "vision": regions}
    own = {"pooled": states["pooled"][row]}
    for name in ("lang", "vision", "lang_cross", "vision_cross"):
        own[name] = states[name][row, ..., : sizes[name.removesuffix("_cross")], :]
    return own


def _copied(arrays: Mapping[str, np.ndarray]) -> Arrays:
    return {name: array.copy() for name, array in arrays.items()}


def _steps(layers: tuple[Sublayers, ...]) -> Tensor:
    return torch.stack([torch.stack(layer, 1) for layer in layers], 1)  # (B, L, 3, N, D)
