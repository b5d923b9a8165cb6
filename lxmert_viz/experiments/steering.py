"""Gaze heads: cross-attention heads that follow the asked object, and forcing them elsewhere.

A forced head's words all read one region alone: its weights become 1 there and 0 elsewhere, after
the softmax. Letters: G heads of `lang_from_vision`, all layers in a row; else as in records.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lxmert_viz.experiments.head_slots import Slot
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import CROSS_FAMILIES, Regions, Scores

FAMILY = "lang_from_vision"
SHARE = 0.1  # of all heads of the cross-modality layers, that are forced at most
DRAWS = 20  # of as many random heads


def gaze(attention: np.ndarray, asked: Sequence[int]) -> np.ndarray:
    """(G,) correlation of a head's attention, mean over words, with being an asked region.

    attention: (L, H, T, R); 0 for a head that looks at all regions alike.
    """
    looks = attention.mean(axis=2).reshape(-1, attention.shape[-1]).astype(np.float64)  # (G, R)
    is_asked = np.isin(np.arange(looks.shape[1]), asked).astype(float)
    looks = looks - looks.mean(axis=1, keepdims=True)
    is_asked = is_asked - is_asked.mean()
    lengths = np.linalg.norm(looks, axis=1) * np.linalg.norm(is_asked)
    return np.divide(looks @ is_asked, lengths, out=np.zeros(len(looks)), where=lengths > 1e-12)


def most_heads(pipeline: Pipeline, share: float = SHARE) -> int:
    """How many heads this share of all cross heads is, at least one."""
    config = pipeline.network.config
    every = len(CROSS_FAMILIES) * config.x_layers * config.num_attention_heads
    return max(int(share * every), 1)


def gaze_heads(pipeline: Pipeline, scores: np.ndarray) -> list[Slot]:
    """The heads with the highest mean gaze (G,), as many as may be forced."""
    order = np.argsort(-scores, kind="stable")[: most_heads(pipeline)]
    return slots_at(pipeline, order.tolist())


def slots_at(pipeline: Pipeline, places: Iterable[int]) -> list[Slot]:
    """Heads of `lang_from_vision` by their places in a row."""
    heads = pipeline.network.config.num_attention_heads
    return [Slot(FAMILY, *divmod(place, heads)) for place in places]


def random_heads(pipeline: Pipeline, count: int, draw: np.random.Generator) -> list[Slot]:
    config = pipeline.network.config
    every = config.x_layers * config.num_attention_heads
    return slots_at(pipeline, draw.choice(every, count, replace=False).tolist())


def forced(
    pipeline: Pipeline, heads: Sequence[Slot], words: int, regions: int, place: int
) -> Intervention:
    """Every word of these heads reads region `place` alone."""
    config = pipeline.network.config
    count = config.num_attention_heads
    only = torch.eye(regions)[place].expand(count, words, regions)
    parts = {}
    for layer in range(config.x_layers):
        chosen = torch.tensor([Slot(FAMILY, layer, head) in heads for head in range(count)])
        parts[FAMILY, layer, "pattern"] = (chosen, only)
    return Intervention(parts=parts)


def steered(pipeline: Pipeline, regions: Regions, text: str, heads: Sequence[Slot]) -> list[Scores]:
    """What is answered with these heads on each region in turn; one batch for all regions."""
    (found,) = steered_by(pipeline, regions, text, [heads], range(len(regions)))
    return found


def steered_by(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    sets: Sequence[Sequence[Slot]],
    places: Sequence[int],
) -> list[list[Scores]]:
    """Of every set of heads: what is answered with them on each of these regions in turn."""
    ((_, tokens),) = pipeline.rows([(regions, text)])
    sizes = len(tokens.ids), len(regions)
    asked = [forced(pipeline, heads, *sizes, place) for heads in sets for place in places]
    found = iter(pipeline.score_many([(regions, text)] * len(asked), asked))
    return [[next(found) for _ in places] for _ in sets]


@dataclass(frozen=True, slots=True)
class Aim:
    """A region that a question can be steered to, and what would then be the answer."""

    region: int
    answer: str


def aims(regions: Regions, asked: Sequence[int], right: str, valid: Sequence[str]) -> list[Aim]:
    """Regions that are not asked about and whose name holds another answer of the same kind."""
    found = []
    for place, name in enumerate(regions.names):
        told = [word for word in name.split() if word in valid]
        if place not in asked and len(told) == 1 and told[0] != right:
            found.append(Aim(place, told[0]))
    return found
