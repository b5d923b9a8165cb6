"""A checkpoint whose head forgot what it learnt: a map that stays is not about the answer."""

import copy

import torch
from torch import nn

from lxmert_viz.experiments.target import POOLED, Target
from lxmert_viz.pipeline import Pipeline

HEADS = {  # kind of target: the module that tells it, below the network
    "answer": "answer_head",
    "match": "cls.seq_relationship",
    "word": "cls.predictions.transform",  # what follows is the table of words itself
    "object": "obj_predict_head",
    "attribute": "obj_predict_head",
}


def with_random_head(pipeline: Pipeline, target: Target, seed: int) -> Pipeline:
    """The same but for the head that tells the target, and for the pooler where that reads it.

    Each matrix keeps its numbers in an order that is drawn, so that logits keep their size. All
    other weights are shared, not copied.
    Source: the first step of the cascading randomisation of Adebayo et al. 2018.
    """
    network = copy.copy(pipeline.network)
    paths = [HEADS[target.kind]]
    if target.kind in POOLED:
        paths.append("lxmert.pooler")
    for path in paths:
        _shuffle(network, path.split("."), torch.Generator().manual_seed(seed))
    return pipeline.with_network(network)


def _shuffle(module: nn.Module, path: list[str], generator: torch.Generator) -> None:
    """Puts a shuffled copy in place of what lies at the path; what is on the way is copied."""
    first, *rest = path
    module._modules = dict(module._modules)
    if rest:
        inner = copy.copy(getattr(module, first))
        module._modules[first] = inner
        _shuffle(inner, rest, generator)
        return
    inner = copy.deepcopy(getattr(module, first))
    module._modules[first] = inner
    with torch.no_grad():
        for weights in inner.parameters():
            order = torch.randperm(weights.numel(), generator=generator).to(weights.device)
            weights.copy_(weights.flatten()[order].view_as(weights))
