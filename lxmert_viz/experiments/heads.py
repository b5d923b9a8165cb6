"""Inside one head, computed again from the states of a trace, which are its inputs.

Letters: L layers, H heads, Q queries, K keys, D hidden size, d = D/H size of a head.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from lxmert_viz.model.files.loading import Network, base_of
from lxmert_viz.model.layers import Attention
from lxmert_viz.model.lxmert import LxmertModel
from lxmert_viz.records import FAMILIES, Trace

AFTER_CROSS = 0  # place of that state in a cross-modality layer's three
AFTER_ALL = 2


class Layer(NamedTuple):
    """One layer's attention with the projection that writes all heads into the states."""

    attention: Attention
    output: nn.Linear


@dataclass(frozen=True, slots=True)
class HeadDetail:
    """One head and one query: what becomes of each key. Every number is of this head alone."""

    scores: np.ndarray  # (K,) before the softmax: q.k / sqrt(d)
    weights: np.ndarray  # (K,) after it, summing to 1
    query: np.ndarray  # (d,)
    keys: np.ndarray  # (K, d)
    contributions: np.ndarray  # (K, d): of each dimension to the score; a row sums to its score
    value_norms: np.ndarray  # (K,): length of each value as it is written into the state
    written: np.ndarray  # (D,): what the head adds for this query, without the output's bias


@torch.inference_mode()
def value_norms(network: Network, trace: Trace) -> dict[str, np.ndarray]:
    """How long the vector is that each head would write for each key alone: (L, H, K).

    That is ||(x W_V + b_V) W_O|| with the head's own columns and rows; times the weight it is what
    the key contributes. Source: Kobayashi et al. 2020, f(x), a head at a time.
    """
    base = base_of(network)
    lengths = {}
    for family in FAMILIES:
        layers, heads, _, keys = trace.attention[family].shape
        read = [inputs_of(trace, family, layer)[1] for layer in range(layers)]
        states = _tensor(base, np.stack(read))[0] if read else ()  # (L, K, D)
        own = [_written(base, row, family, n).norm(dim=-1) for n, row in enumerate(states)]
        empty = base.pooler.dense.weight.new_zeros(layers, heads, keys)
        lengths[family] = torch.stack(own) if own else empty
    joint = torch.cat([norms.flatten() for norms in lengths.values()]).float().cpu().numpy()
    ends = np.cumsum([norms.numel() for norms in lengths.values()])[:-1]
    parts = zip(lengths.items(), np.split(joint, ends), strict=True)
    return {family: part.reshape(norms.shape) for (family, norms), part in parts}


@torch.inference_mode()
def head_detail(
    network: Network, trace: Trace, family: str, layer: int, head: int, query: int
) -> HeadDetail:
    """Layers, heads and queries are counted from 0. Raises ValueError for one that is not there."""
    maps = trace.attention[family]
    if not (
        0 <= layer < maps.shape[0] and 0 <= head < maps.shape[1] and 0 <= query < maps.shape[2]
    ):
        raise ValueError(f"{family} has maps {maps.shape}, not ({layer}, {head}, {query})")
    base = base_of(network)
    attention = layer_of(base, family, layer).attention
    queries, keys = (_tensor(base, states) for states in inputs_of(trace, family, layer))
    q = attention.split_heads(attention.query(queries))[0, head, query]  # (d,)
    k = attention.split_heads(attention.key(keys))[0, head]  # (K, d)
    scores = k @ q / math.sqrt(len(q))
    weights = scores.softmax(dim=-1)
    written = written_values(base, trace, family, layer)[head]  # (K, D)
    found = HeadDetail(
        scores, weights, q, k, k * q / math.sqrt(len(q)), written.norm(dim=-1), weights @ written
    )
    return HeadDetail(*(getattr(found, name).float().cpu().numpy() for name in found.__slots__))


def layer_of(network: LxmertModel, family: str, layer: int) -> Layer:
    encoder = network.encoder
    if not FAMILIES[family].in_cross_layers:
        block = (encoder.layer if family == "lang" else encoder.r_layers)[layer].attention
        return Layer(block.self, block.output.dense)
    crossing = encoder.x_layers[layer]
    if FAMILIES[family].crosses:  # one module serves both directions
        return Layer(crossing.visual_attention.att, crossing.visual_attention.output.dense)
    block = crossing.lang_self_att if family == "cross_lang" else crossing.visn_self_att
    return Layer(block.self, block.output.dense)


def inputs_of(trace: Trace, family: str, layer: int) -> tuple[np.ndarray, np.ndarray]:
    """The states that a layer's queries (Q, D) and keys (K, D) are made of."""
    sides = FAMILIES[family]
    return _entering(trace, family, sides.queries, layer), _entering(
        trace, family, sides.keys, layer
    )


def _entering(trace: Trace, family: str, stream: str, layer: int) -> np.ndarray:
    crossed = trace.states[f"{stream}_cross"]  # (L, 3, N, D)
    if not FAMILIES[family].in_cross_layers:
        return trace.states[stream][layer]
    if not FAMILIES[family].crosses:
        return crossed[layer, AFTER_CROSS]
    return crossed[layer - 1, AFTER_ALL] if layer else trace.states[stream][-1]


def written_values(network: LxmertModel, trace: Trace, family: str, layer: int) -> Tensor:
    """(H, K, D): each head's value of each key, as the output projection writes it."""
    _, keys = inputs_of(trace, family, layer)
    return _written(network, _tensor(network, keys)[0], family, layer)


def _written(network: LxmertModel, keys: Tensor, family: str, layer: int) -> Tensor:
    """(H, K, D) of keys (K, D) where the network is."""
    attention, output = layer_of(network, family, layer)
    values = attention.split_heads(attention.value(keys[None]))[0]  # (H, K, d)
    heads, _, size = values.shape
    rows = output.weight.T.reshape(heads, size, -1)  # (H, d, D)
    return values @ rows


def _tensor(network: LxmertModel, states: np.ndarray) -> Tensor:
    weight = network.pooler.dense.weight
    return torch.from_numpy(states)[None].to(weight.device, weight.dtype)  # (1, N, D)
