"""All heads in a row, as gates of an intervention and back.

A slot is one head of one layer of one family; cross-attention shares its weights between both
directions, and each direction is a slot. Letters: K slots; else as in records.py.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.analysis.layer_names import place_named
from lxmert_viz.config import LxmertConfig
from lxmert_viz.experiments.target import Target
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.model.interventions import Intervention, Key, layers_of
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import FAMILIES, Regions

ByHead = dict[str, np.ndarray]  # family -> (L, H)


class Slot(NamedTuple):
    family: str
    layer: int
    head: int

    @property
    def name(self) -> str:
        """As a person reads it, counted from 1."""
        return f"{place_named(self.family, self.layer)}, head {self.head + 1}"


def layer_keys(config: LxmertConfig) -> list[Key]:
    """Every family and layer, in the order of the network."""
    return [(family, n) for family in FAMILIES for n in range(layers_of(config, family))]


def slots(config: LxmertConfig) -> list[Slot]:
    heads = range(config.num_attention_heads)
    return [Slot(*key, head) for key in layer_keys(config) for head in heads]


def flat(by_head: ByHead) -> np.ndarray:
    """(K,) of every slot."""
    return np.concatenate([by_head[family].ravel() for family in FAMILIES])


def by_head(config: LxmertConfig, values: np.ndarray) -> ByHead:
    """values: (K,)."""
    rows, found, at = values.reshape(-1, config.num_attention_heads), {}, 0
    for family in FAMILIES:
        count = layers_of(config, family)
        found[family] = rows[at : at + count]
        at += count
    return found


def gates(config: LxmertConfig, factors: Tensor) -> dict[Key, Tensor]:
    """factors: (B, K) or (K,), of what each slot writes."""
    layers = factors.split(config.num_attention_heads, dim=-1)
    return dict(zip(layer_keys(config), layers, strict=True))


def values(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    target: Target,
    asked: Intervention,
    rows: int = 1,
) -> Tensor:
    """(rows,) of the target, each row under its own part of what is asked.

    With gradients where they are enabled.
    """
    batch = pipeline.rows([(regions, text)]) * rows
    base = base_of(pipeline.network)
    output = base(**pipeline.inputs.of(batch, collect=False, intervention=asked), return_dict=True)
    places = np.full(rows, target.place)
    return target.logits(pipeline, output.language_output, output.vision_output, places)


@torch.inference_mode()
def under_gates(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    target: Target,
    factors: np.ndarray,
    means: dict[Key, Tensor] | None = None,
    at_once: int = 32,
) -> np.ndarray:
    """(N,) float64 of the target for factors (N, K) of all slots."""
    config, found = pipeline.network.config, []
    for part in torch.as_tensor(factors, dtype=torch.float32).split(at_once):
        asked = Intervention(gates(config, part), means or {})
        found.append(values(pipeline, regions, text, target, asked, len(part)))
    return torch.cat(found).double().cpu().numpy()
