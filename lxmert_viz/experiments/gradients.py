"""Gradients of a target: by every attention map, and along a path of the encoders' inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from lxmert_viz.analysis.relevance import Maps
from lxmert_viz.experiments.target import Target
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.model.lxmert import LxmertModel
from lxmert_viz.model.outputs import Stream
from lxmert_viz.pipeline import MASK, Pipeline
from lxmert_viz.records import Regions, Report, Tokens

STEPS = 32  # of the path; the completeness gap says whether they were enough
AT_ONCE = 16  # points of the path
MOST_WEIGHTS = 2**24  # attention weights of a layer that are kept for a gradient at once


def of_maps(pipeline: Pipeline, regions: Regions, text: str, target: Target) -> tuple[Maps, Maps]:
    """The six families' maps and the target's gradients by them, (L, H, Q, K) each.

    A map that the target does not depend on has zeros: the regions' side of the last layer.
    """
    rows = pipeline.rows([(regions, text)])
    base = base_of(pipeline.network)
    with torch.enable_grad():
        output = base(**pipeline.inputs.of(rows, collect=True), output_attentions=True)
        place = np.array([target.place])
        found = target.logits(pipeline, output.language_output, output.vision_output, place)
        maps = output.activations.attention
        each = iter(torch.autograd.grad(found.sum(), _layers(maps), allow_unused=True))
    gradients = {
        name: [torch.zeros_like(layer) if (g := next(each)) is None else g for layer in layers]
        for name, layers in maps.items()
    }
    return _arrays(maps), _arrays(gradients)


def along_path(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    target: Target,
    steps: int = STEPS,
    report: Report = lambda stage, share: None,
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Integrated gradients of words (T,) and regions (R,), and the target's value at both ends.

    The path leads from words all [MASK] but for [CLS] and [SEP], and regions with zero features and
    their own boxes, to what was asked, between the states that enter the encoders: on the raw
    features a path would begin at a LayerNorm that knows no length. Midpoint rule.
    Source: Sundararajan et al. 2017, equation 3.
    """
    base = base_of(pipeline.network)
    ends = _ends(pipeline, base, regions, text)
    lang, vision = ([end[stream] for end in ends] for stream in range(2))
    sums = [torch.zeros_like(lang[0]), torch.zeros_like(vision[0])]
    shares = (torch.arange(steps) + 0.5) / steps
    side = lang[0].shape[1] + vision[0].shape[1]
    most = MOST_WEIGHTS // (pipeline.network.config.num_attention_heads * side * side)
    at_once = max(min(AT_ONCE, most), 1)
    for start in range(0, steps, at_once):
        report("integrating gradients", start / steps)
        part = shares[start : start + at_once].to(lang[0])[:, None, None]
        points = [(a + part * (b - a)).requires_grad_() for a, b in (lang, vision)]
        with torch.enable_grad():
            values = value(pipeline, base, target, *points)
            found = torch.autograd.grad(values.sum(), points, allow_unused=True)
        for place, gradient in enumerate(found):
            if gradient is not None:
                sums[place] += gradient.sum(dim=0, keepdim=True)
    with torch.no_grad():
        first, last = (value(pipeline, base, target, *end).item() for end in ends)
    owed = [
        ((b - a) * total / steps).sum(dim=-1)[0].double().cpu().numpy()
        for (a, b), total in zip((lang, vision), sums, strict=True)
    ]
    return owed[0], owed[1], first, last


@torch.no_grad()
def _ends(
    pipeline: Pipeline, base: LxmertModel, regions: Regions, text: str
) -> list[tuple[Tensor, Tensor]]:
    """What enters the encoders without anything to read or see, and as asked."""
    ((_, tokens),) = rows = pipeline.rows([(regions, text)])
    mask = pipeline.tokenizer.convert_tokens_to_ids(MASK)
    is_fixed = np.isin(tokens.pieces, ("[CLS]", "[SEP]"))
    blank = replace(tokens, ids=np.where(is_fixed, tokens.ids, mask))
    unseen = replace(regions, feats=np.zeros_like(regions.feats))
    return [entering(pipeline, base, *pair) for pair in ((unseen, blank), rows[0])]


def entering(
    pipeline: Pipeline, base: LxmertModel, regions: Regions, tokens: Tokens
) -> tuple[Tensor, Tensor]:
    """The states (1, T, D) and (1, R, D) that enter the two encoders."""
    words = pipeline.inputs.of_words([tokens])
    seen = pipeline.inputs.of_regions([regions])
    embedded = base.embeddings.word_embeddings(words["input_ids"])
    lang = base.embeddings(embedded, words["token_type_ids"])
    return lang, base.encoder.visn_fc(
        seen["visual_feats"].to(base.dtype), seen["visual_pos"].to(base.dtype)
    )


def value(
    pipeline: Pipeline, base: LxmertModel, target: Target, lang: Tensor, vision: Tensor
) -> Tensor:
    """(B,) of states that enter the encoders."""
    for layer in base.encoder.layer:
        lang, _ = layer(lang, None)
    for layer in base.encoder.r_layers:
        vision, _ = layer(vision, None)
    last_lang, last_vision, _ = base.cross(Stream(lang, None), Stream(vision, None))
    places = np.full(len(lang), target.place)
    return target.logits(pipeline, last_lang, last_vision, places)


def _layers(maps: Mapping[str, Sequence[Tensor]]) -> list[Tensor]:
    return [layer for layers in maps.values() for layer in layers]


def _arrays(maps: Mapping[str, Sequence[Tensor]]) -> Maps:
    """The first row's (L, H, Q, K)."""
    stacked = {name: torch.stack([layer[0] for layer in layers]) for name, layers in maps.items()}
    return {name: layers.detach().float().cpu().numpy() for name, layers in stacked.items()}
