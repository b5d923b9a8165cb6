"""Who may read whom: attention edges cut in windows of cross-modality layers.

A cut weight is set to zero after the softmax and the rest of its row made to sum to 1 again, which
is what lowering its score before the softmax does. A row that is cut whole stays zero: lowered, it
would read everything alike. Letters: E edges, L cross-modality layers; else as in records.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.errors import OptionError
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import FAMILIES, Regions

WIDTHS = (1, 2, 3)  # layers
CONTROL = "the first word reads itself"


@dataclass(frozen=True, slots=True)
class Edge:
    """Which queries of a family may not read which keys; None: none of all of them."""

    name: str
    family: str
    queries: tuple[int, ...] | None = None
    keys: tuple[int, ...] | None = None

    def factors(self, words: int, regions: int) -> Tensor:
        """(N, M), 0 where it is cut."""
        sizes, sides = {"lang": words, "vision": regions}, FAMILIES[self.family]
        shape = sizes[sides.queries], sizes[sides.keys]
        for told, count in zip((self.queries, self.keys), shape, strict=True):
            if told and not 0 <= min(told) <= max(told) < count:
                raise OptionError(f"{self.name}: there is no place {max(told) + 1} among {count}.")
        rows, columns = (
            torch.zeros(count, dtype=torch.bool).index_fill(0, torch.tensor(told), True)
            if told is not None
            else torch.ones(count, dtype=torch.bool)
            for told, count in zip((self.queries, self.keys), shape, strict=True)
        )
        return 1 - (rows[:, None] & columns).float()


@dataclass(frozen=True, slots=True)
class Curves:
    """How the base answer fares as edges are cut around each layer."""

    edges: list[str]  # the last is CONTROL
    width: int
    base: float  # probability of the base answer
    answer: str
    change: np.ndarray  # (E, L) percent of `base`
    flips: np.ndarray  # (E, L) bool: another answer is on top


def usual_edges(regions: int, gold: Sequence[int] = ()) -> list[Edge]:
    """Both directions, where they are known gold regions against others, and the control."""
    found = [
        Edge("words read regions", "lang_from_vision"),
        Edge("regions read words", "vision_from_lang"),
    ]
    others = tuple(place for place in range(regions) if place not in gold)
    if gold and others:
        found += [
            Edge("words read the asked regions", "lang_from_vision", keys=tuple(gold)),
            Edge("words read the other regions", "lang_from_vision", keys=others),
        ]
    return [*found, Edge(CONTROL, "cross_lang", (0,), (0,))]


def window(layer: int, width: int, layers: int) -> range:
    """Layers around one, as Zhang et al. 2024 (cross-modal information flow) take them."""
    return range(max(0, layer - width // 2), min(layers, layer + (width + 1) // 2))


def cut(edge: Edge, layers: Sequence[int], words: int, regions: int) -> Intervention:
    factors = edge.factors(words, regions)
    return Intervention(edges={(edge.family, layer): factors for layer in layers}, renormalise=True)


def curves(
    pipeline: Pipeline, regions: Regions, text: str, edges: Sequence[Edge], width: int = 1
) -> Curves:
    """One example. Raises OptionError for a width or an edge that is not there."""
    if width not in WIDTHS:
        raise OptionError(f"A window of {width} layers is not offered; there are {WIDTHS}.")
    ((_, tokens),) = pipeline.rows([(regions, text)])
    layers = pipeline.network.config.x_layers
    asked = [
        cut(edge, window(layer, width, layers), len(tokens.ids), len(regions))
        for edge in edges
        for layer in range(layers)
    ]
    pairs = [(regions, text)] * (1 + len(asked))
    whole, *cuts = pipeline.score_many(pairs, [None, *asked])
    place = int(whole.answer_logits.argmax())
    base = float(pipeline.answer_shares(whole)[place])
    now = np.array([pipeline.answer_shares(scores)[place] for scores in cuts])
    tops = np.array([int(scores.answer_logits.argmax()) for scores in cuts])
    shape = len(edges), layers
    return Curves(
        [edge.name for edge in edges],
        width,
        base,
        pipeline.answer_vocabulary[place],
        (100 * (now - base) / base).reshape(shape),
        (tops != place).reshape(shape),
    )
