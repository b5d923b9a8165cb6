"""What each state takes from each state below it, by value-weighted attention.

A state after attention is LayerNorm(residual + sum over keys of what all heads carry from each).
With the LayerNorm's scale held as it was, that is a sum of one vector a source, and a source's
share is how much nearer its vector brings the sum to the whole: max(0, |y| - |y - v|), L1, over all
sources. Feed-forward acts on each state alone and moves no share. Source: Ferrando et al. 2022
(ALTI), section 3. Letters: N queries, M keys; else as in records.py.
"""

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.analysis.flow import Node
from lxmert_viz.experiments.counterfactuals import logit
from lxmert_viz.experiments.edges import Edge as Cut
from lxmert_viz.experiments.edges import cut
from lxmert_viz.experiments.kept_run import HeadLayer, Kept
from lxmert_viz.experiments.target import Target
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

OTHER = {"lang": "vision", "vision": "lang"}
READS_OTHER = {"lang": "lang_from_vision", "vision": "vision_from_lang"}
READS_OWN = {"lang": "cross_lang", "vision": "cross_vision"}
Shares = dict[tuple[str, int], dict[str, np.ndarray]]


@torch.inference_mode()
def shares(pipeline: Pipeline, regions: Regions, text: str, target: Target) -> Shares:
    """As analysis.flow takes them: (stream, depth) -> source's stream -> (N, M)."""
    kept = Kept(pipeline, regions, text, target)
    found: Shares = {}
    for stream, own in (("lang", kept.lang), ("vision", kept.vision)):
        layers = len(own) - 1
        for layer in range(layers):
            residual, read = sources(kept, stream, layer)
            found[stream, layer + 1 - layers] = {stream: read + np.diag(residual)}
    for layer in range(len(kept.steps)):
        for stream, other in OTHER.items():
            residual, crossed = sources(kept, READS_OTHER[stream], layer)
            alone, read = sources(kept, READS_OWN[stream], layer)
            within = read + np.diag(alone)  # (N, N) of what crossing left
            found[stream, layer + 1] = {stream: within * residual[None], other: within @ crossed}
    return found


def sources(kept: Kept, family: str, layer: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares of a layer's attention: (N,) of the residual, (N, M) of the keys; together 1 a row."""
    parts = parts_of(kept, family, layer)
    total = parts.sum(1, keepdim=True)
    nearer = total.abs().sum(-1) - (total - parts).abs().sum(-1)  # (N, 1 + M)
    nearer = nearer.clamp_min(0)
    share = (nearer / nearer.sum(-1, keepdim=True).clamp_min(1e-12)).double().cpu().numpy()
    return share[:, 0], share[:, 1:]


def parts_of(kept: Kept, family: str, layer: int) -> Tensor:
    """(N, 1 + M, D) that the state after a layer's attention is the sum of, but for biases.

    First the residual, then what all heads carry from each key.
    """
    found = kept.head_layer(family, layer)
    carried = _carried(found).sum(0)  # (N, M, D)
    both = torch.cat([found.queries[0][:, None], carried], dim=1)
    return _normed(found, both, both.sum(1))


def head_parts(kept: Kept, family: str, layer: int) -> Tensor:
    """(N, H, M, D): the same of the keys, by head."""
    found = kept.head_layer(family, layer)
    carried = _carried(found)  # (H, N, M, D)
    heads, queries, keys, size = carried.shape
    apart = carried.transpose(0, 1).reshape(queries, heads * keys, size)
    whole = found.queries[0] + carried.sum((0, 2))
    return _normed(found, apart, whole).reshape(queries, heads, keys, size)


def _carried(found: HeadLayer) -> Tensor:
    """(H, N, M, D) of each head from each key."""
    _, weights = found.attention(found.queries, found.keys, None)  # (1, H, N, M)
    values = found.attention.split_heads(found.attention.value(found.keys))[0]  # (H, M, d)
    heads, _, size = values.shape
    rows = found.output.dense.weight.T.reshape(heads, size, -1)  # (H, d, D)
    return weights[0][..., None] * (values @ rows)[:, None]


def _normed(found: HeadLayer, parts: Tensor, whole: Tensor) -> Tensor:
    """parts: (N, K, D), with the LayerNorm's scale held that their whole (N, D) has."""
    norm, whole = found.output.LayerNorm, found.output.dense.bias + whole
    scale = (whole.var(-1, unbiased=False, keepdim=True) + norm.eps).rsqrt()[:, None]
    return (parts - parts.mean(-1, keepdim=True)) * scale * norm.weight


def knocked_out(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    target: Target,
    crossings: list[tuple[Node, Node]],
) -> np.ndarray:
    """(N,) how far the target falls when one state no longer reads another: (source, target).

    Only between the streams of a cross-modality layer, where one weight a head is the edge.
    """
    ((_, tokens),) = pipeline.rows([(regions, text)])
    sizes, asked = (len(tokens.ids), len(regions)), []
    for source, reader in crossings:
        edge = Cut("", READS_OTHER[reader.stream], (reader.place,), (source.place,))
        asked.append(cut(edge, [reader.depth - 1], *sizes))
    whole, *found = pipeline.score_many([(regions, text)] * (1 + len(asked)), [None, *asked])
    values = np.array([logit(target, scores) for scores in (whole, *found)])
    return values[0] - values[1:]
