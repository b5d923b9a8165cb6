"""What each edge of the flow graph does to a target, along the gradient, and edges opened by head.

An edge's part of a state, with the LayerNorm's scale held, times the target's gradient there: how
far the target would fall, to first order, without that part. An edge inside a cross-modality layer
is one attention edge, of the crossing or of what follows it, as a knock-out cuts it; a state's own
edge upward is the crossing's residual and what it reads of itself. Letters: N queries, M keys; else
as in records.py.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.analysis.flow import Node
from lxmert_viz.errors import OptionError
from lxmert_viz.experiments import patching
from lxmert_viz.experiments.counterfactuals import logit
from lxmert_viz.experiments.flow import OTHER, READS_OTHER, READS_OWN, Shares, head_parts, parts_of
from lxmert_viz.experiments.kept_run import Kept
from lxmert_viz.experiments.target import Target
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.model.interventions import Intervention
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

CONTRIBUTION, ATTRIBUTION = BY = ("contribution", "attribution")  # what edges are weighed by
Slopes = dict[tuple[str, int], Tensor]


class AttentionEdge(NamedTuple):
    """One weight of each head of a layer."""

    family: str
    layer: int
    query: int
    key: int


@dataclass(frozen=True, slots=True)
class Opened:
    """An edge by its heads."""

    edge: AttentionEdge
    share: np.ndarray  # (H,) of what the edge carries, along it; sums to 1
    attribution: np.ndarray  # (H,) logits
    fall: np.ndarray  # (H,) of the target where that head alone does not read there, logits
    whole: float  # where none of them does


def attributions(pipeline: Pipeline, regions: Regions, text: str, target: Target) -> Shares:
    """Signed, in logits: (stream, depth) -> source's stream -> (N, M), as shares are kept."""
    kept = Kept(pipeline, regions, text, target)
    slopes, found = patching.slopes(kept), {}
    for stream, own in (("lang", kept.lang), ("vision", kept.vision)):
        layers = len(own) - 1
        for layer in range(layers):
            alone, read = _along(kept, slopes, stream, layer)
            found[stream, layer + 1 - layers] = {stream: read + np.diag(alone)}
    for layer in range(len(kept.steps)):
        for stream, other in OTHER.items():
            alone, crossed = _along(kept, slopes, READS_OTHER[stream], layer)
            _, read = _along(kept, slopes, READS_OWN[stream], layer)
            found[stream, layer + 1] = {stream: read + np.diag(alone), other: crossed}
    return found


def as_shares(attributed: Shares) -> Shares:
    """Each edge's share of all that its upper state reads, signs left out; 0 where none counts."""
    found = {}
    for key, sources in attributed.items():
        total = sum(np.abs(values).sum(axis=1, keepdims=True) for values in sources.values())
        some = np.where(total > 0, total, 1)
        found[key] = {name: np.abs(values) / some for name, values in sources.items()}
    return found


def opened(
    pipeline: Pipeline, regions: Regions, text: str, target: Target, source: Node, reader: Node
) -> Opened:
    """Raises OptionError where no attention lies between the two."""
    kept = Kept(pipeline, regions, text, target)
    edge = attention_edge(kept, source, reader)
    slope = _slope(kept, patching.slopes(kept), edge.family, edge.layer)
    with torch.inference_mode():
        parts = head_parts(kept, edge.family, edge.layer)[edge.query, :, edge.key]  # (H, D)
        whole = parts.sum(0)
        share = parts @ whole / (whole @ whole).clamp_min(1e-12)
        along = torch.zeros(len(parts)) if slope is None else parts @ slope[0, edge.query]
    falls = _falls(pipeline, regions, text, target, kept, edge)
    numbers = (values.double().cpu().numpy() for values in (share, along))
    return Opened(edge, *numbers, falls[:-1], float(falls[-1]))


def attention_edge(kept: Kept, source: Node, reader: Node) -> AttentionEdge:
    layers = len(kept.lang if reader.stream == "lang" else kept.vision) - 1
    sizes = {"lang": len(kept.tokens.ids), "vision": len(kept.regions)}
    is_there = (
        source.depth == reader.depth - 1
        and -layers < reader.depth <= len(kept.steps)
        and all(0 <= node.place < sizes[node.stream] for node in (source, reader))
    )
    crosses = source.stream != reader.stream
    if not is_there or (crosses and reader.depth < 1):
        raise OptionError(f"No attention leads from {tuple(source)} to {tuple(reader)}.")
    if reader.depth < 1:
        return AttentionEdge(reader.stream, reader.depth - 1 + layers, reader.place, source.place)
    family = (READS_OTHER if crosses else READS_OWN)[reader.stream]
    return AttentionEdge(family, reader.depth - 1, reader.place, source.place)


def _along(kept: Kept, slopes: Slopes, family: str, layer: int) -> tuple[np.ndarray, np.ndarray]:
    """(N,) of the residual and (N, M) of the keys, in logits; 0 where nothing depends on them."""
    slope = _slope(kept, slopes, family, layer)
    with torch.inference_mode():
        parts = parts_of(kept, family, layer)
        if slope is None:
            slope = torch.zeros_like(parts[None, :, 0])
        along = torch.einsum("nkd,nd->nk", parts, slope[0]).double().cpu().numpy()
    return along[:, 0], along[:, 1:]


def _slope(kept: Kept, slopes: Slopes, family: str, layer: int) -> Tensor | None:
    """The target's gradient by the state after this attention, (1, N, D)."""
    slope = slopes.get((family, layer))
    if slope is None or family not in OTHER:
        return slope
    encoder = base_of(kept.pipeline.network).encoder
    block = (encoder.layer if family == "lang" else encoder.r_layers)[layer]
    with torch.enable_grad():
        attended = kept.attended(family, layer).clone().requires_grad_()
        fed = block.output(block.intermediate(attended), attended)
        return torch.autograd.grad(fed, attended, slope)[0]


def _falls(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    target: Target,
    kept: Kept,
    edge: AttentionEdge,
) -> np.ndarray:
    """(H + 1,): without each head's weight, and without all; the rest of a row sums to 1 again."""
    heads = pipeline.network.config.num_attention_heads
    found = kept.head_layer(edge.family, edge.layer)
    shape = heads, found.queries.shape[1], found.keys.shape[1]
    asked = []
    for gone in [*([head] for head in range(heads)), list(range(heads))]:
        factors = torch.ones(shape)
        factors[gone, edge.query, edge.key] = 0
        asked.append(Intervention(edges={(edge.family, edge.layer): factors}, renormalise=True))
    whole, *cuts = pipeline.score_many([(regions, text)] * (1 + len(asked)), [None, *asked])
    return logit(target, whole) - np.array([logit(target, scores) for scores in cuts])
