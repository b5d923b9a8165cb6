"""A network whose products run on weights that oneDNN laid out for them: faster on a processor.

It pays where many rows follow: laying out takes as long as some forwards, and the same memory again
as the weights.
"""

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional

from lxmert_viz.model.lxmert import LxmertModel

PACKED_FROM = 40_000_000  # weights: smaller networks are done before their weights are laid out
ROWS_LAID_OUT = 36  # the regions of a picture; a question has fewer words


class PackedLinear(nn.Module):
    """As nn.Linear, without gradients, and with GELU after it where that is asked for."""

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        *,
        rows: int = ROWS_LAID_OUT,
        dtype: torch.dtype = torch.float32,
        gelu: bool = False,
        stays: bool = False,
    ) -> None:
        """dtype: of weights and products. stays: gives it, else what comes in."""
        super().__init__()
        weight = weight.detach().to(dtype)
        self._laid_out = can_pack(weight)
        self._size, self._dtype, self._gelu, self._stays = len(weight), dtype, gelu, stays
        self._weight = (
            torch.ops.mkldnn._reorder_linear_weight(weight, rows) if self._laid_out else weight
        )
        self._bias = None if bias is None else bias.detach().to(dtype)

    def forward(self, states: Tensor) -> Tensor:
        given = self._product(states.to(self._dtype))
        return given if self._stays else given.to(states.dtype)

    def _product(self, states: Tensor) -> Tensor:
        if not states.numel():  # no rows: oneDNN takes none
            return states.new_zeros(*states.shape[:-1], self._size)
        if self._laid_out:
            then = ("gelu", [], "none") if self._gelu else ("none", [], "")
            return torch.ops.mkldnn._linear_pointwise(states, self._weight, self._bias, *then)
        product = functional.linear(states, self._weight, self._bias)
        return functional.gelu(product) if self._gelu else product


@torch.inference_mode()
def packed(network: LxmertModel, rows: int) -> LxmertModel:
    """The same network for products of so many rows; itself where this torch cannot lay out.

    Weights are shared but for the laid out ones.
    """
    if not can_pack(network.pooler.dense.weight):
        return network
    copy = sharing(network)
    for module in list(copy.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, PackedLinear(child.weight, child.bias, rows=rows))
    return copy


def sharing(network: LxmertModel) -> LxmertModel:
    """A copy whose modules may be replaced; its weights are the same tensors."""
    return deepcopy(network, {id(p): p for p in network.parameters()})


def can_pack(weight: Tensor) -> bool:
    """The operators are torch's own, behind its frozen graphs, and promised to nobody."""
    operators = ("_reorder_linear_weight", "_linear_pointwise", "_is_mkldnn_bf16_supported")
    if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    if not all(hasattr(torch.ops.mkldnn, name) for name in operators):
        return False
    if weight.dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return weight.dtype == torch.float32
