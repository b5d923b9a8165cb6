"""A network whose products run on weights that oneDNN laid out for them: faster on a processor.

It pays where many rows follow: laying out takes as long as some forwards, and the same memory again
as the weights.
"""

from copy import deepcopy

import torch
from torch import Tensor, nn

from lxmert_viz.model.lxmert import LxmertModel

PACKED_FROM = 40_000_000  # weights: smaller networks are done before their weights are laid out


class PackedLinear(nn.Module):
    """As nn.Linear, without gradients."""

    def __init__(self, linear: nn.Linear, rows: int) -> None:
        super().__init__()
        self._packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), rows)
        self._bias = linear.bias

    def forward(self, states: Tensor) -> Tensor:
        if not states.numel():  # no rows: oneDNN takes none
            return states.new_zeros(*states.shape[:-1], self._packed.shape[0])
        return torch.ops.mkldnn._linear_pointwise(states, self._packed, self._bias, "none", [], "")


@torch.inference_mode()
def packed(network: LxmertModel, rows: int) -> LxmertModel:
    """The same network for products of so many rows; itself where this torch cannot lay out.

    Weights are shared but for the laid out ones.
    """
    weight = network.pooler.dense.weight
    if not can_pack(weight):
        return network
    copy = deepcopy(network, {id(p): p for p in network.parameters()})
    for module in list(copy.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, PackedLinear(child, rows))
    return copy


def can_pack(weight: Tensor) -> bool:
    """The two operators are torch's own, behind its frozen graphs, and promised to nobody."""
    operators = ("_reorder_linear_weight", "_linear_pointwise")
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.float32
        and torch.backends.mkldnn.is_available()
        and all(hasattr(torch.ops.mkldnn, name) for name in operators)
    )
