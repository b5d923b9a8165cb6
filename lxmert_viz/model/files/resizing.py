"""A layer with more or fewer rows, in the dtype and on the device of the old one."""

from typing import TypeVar

import torch
from torch import nn

Layer = TypeVar("Layer", nn.Linear, nn.Embedding)


def resized(layer: Layer, rows: int, spread: float) -> Layer:
    """The layer's first rows, then new ones from N(0, spread); new biases are zero."""
    if rows < 1:
        raise ValueError(f"a layer of {rows} rows cannot be made")
    weight = layer.weight
    kept = min(rows, len(weight))
    where = {"device": weight.device, "dtype": weight.dtype}
    if isinstance(layer, nn.Embedding):
        new = nn.Embedding(rows, weight.shape[1], padding_idx=layer.padding_idx, **where)
    else:
        new = nn.Linear(weight.shape[1], rows, bias=layer.bias is not None, **where)
    new.requires_grad_(weight.requires_grad)
    with torch.no_grad():
        new.weight.normal_(std=spread)
        new.weight[:kept] = weight[:kept]
        if isinstance(layer, nn.Linear) and layer.bias is not None:
            new.bias.zero_()
            new.bias[:kept] = layer.bias[:kept]
    return new
