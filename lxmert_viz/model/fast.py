"""The network of `layers.py` for answering soon: the same steps in fewer and larger products.

Queries, keys and values are one product; so are both streams where a cross-modality layer has one
module for the two. Weights are laid out, and GELU is part of the product before it. There are no
gradients, and queries and keys come from the same states. With bfloat16 all products of the layers'
weights are computed in it; softmax, LayerNorm, what is added and what heads read stay as they are.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lxmert_viz.model.interventions import HeadChange, LayerAsked
from lxmert_viz.model.layers import Attention, CrossLayer, Intermediate, attend
from lxmert_viz.model.lxmert import LxmertModel
from lxmert_viz.model.packed import PackedLinear, can_pack, sharing

IN_BFLOAT16 = (
    "Computed in mixed precision (bfloat16). Of 1,657 questions about the miniature's scenes one "
    "got another first answer than in full; probabilities moved by less than 0.005 for 99 of 100 "
    "and by 0.04 at most. Relevance, causes and all that is changed on the way are in full."
)


class FastAttention(nn.Module):
    """What an Attention gives where queries and keys are the same states."""

    def __init__(self, plain: Attention, dtype: torch.dtype) -> None:
        super().__init__()
        three = (plain.query, plain.key, plain.value)
        weight, bias = (
            torch.cat([getattr(linear, name) for linear in three]) for name in ("weight", "bias")
        )
        self.heads = plain.heads
        self.three = PackedLinear(weight, bias, dtype=dtype)

    def forward(
        self,
        states: Tensor,
        keys: Tensor,
        key_mask: Tensor | None,
        change: HeadChange | None = None,
    ) -> tuple[Tensor, Tensor]:
        if keys is not states:
            raise ValueError("queries and keys are different states: the plain network takes those")
        return attend(*self.parts(states), key_mask, change, as_it_is)

    def parts(self, states: Tensor) -> tuple[Tensor, ...]:
        """Queries, keys and values, each (B, H, N, D/H), of states (B, N, D)."""
        batch, length, size = states.shape
        three = self.three(states).view(batch, length, 3, self.heads, size // self.heads)
        return three.permute(2, 0, 3, 1, 4).unbind()


class FastIntermediate(nn.Module):
    def __init__(self, plain: Intermediate, dtype: torch.dtype) -> None:
        super().__init__()
        is_gelu = plain.activation is functional.gelu
        self.dense = PackedLinear(
            plain.dense.weight, plain.dense.bias, dtype=dtype, gelu=is_gelu, stays=is_gelu
        )
        self.activation = as_it_is if is_gelu else plain.activation

    def forward(self, states: Tensor) -> Tensor:
        return self.activation(self.dense(states))


class FastCrossLayer(CrossLayer):
    def __init__(self, plain: CrossLayer, dtype: torch.dtype) -> None:
        nn.Module.__init__(self)
        for name, child in plain.named_children():
            setattr(self, name, _faster(child, dtype))

    def across(
        self,
        lang: Tensor,
        vision: Tensor,
        lang_mask: Tensor | None,
        vision_mask: Tensor | None,
        asked: LayerAsked,
    ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        sizes = [lang.shape[1], vision.shape[1]]
        both = torch.cat([lang, vision], dim=1)  # (B, T + R, D)
        parts = self.visual_attention.att.parts(both)
        (q, from_q), (k, from_k), (v, from_v) = (part.split(sizes, dim=2) for part in parts)
        lang_change, vision_change = map(asked.heads, ("lang_from_vision", "vision_from_lang"))
        lang_read, lang_map = attend(q, from_k, from_v, vision_mask, lang_change, as_it_is)
        vision_read, vision_map = attend(from_q, k, v, lang_mask, vision_change, as_it_is)
        read = torch.cat([lang_read, vision_read], dim=1)
        lang, vision = self.visual_attention.output(read, both).split(sizes, dim=1)
        return (lang, lang_map), (vision, vision_map)


@torch.inference_mode()
def fast(network: LxmertModel, dtype: torch.dtype = torch.float32) -> LxmertModel:
    """The same network; itself where it would be no faster.

    dtype: torch.float32, for the same numbers to 1e-5, or torch.bfloat16. Weights are shared but
    for those of the layers, of which it has its own.
    """
    if dtype == torch.float32 and not can_pack(network.pooler.dense.weight):
        return network
    copy = sharing(network)
    encoder, seen = copy.encoder, copy.encoder.visn_fc
    seen.visn_fc = PackedLinear(seen.visn_fc.weight, seen.visn_fc.bias, dtype=dtype)
    for layer in (*encoder.layer, *encoder.r_layers):
        _faster(layer, dtype)
    encoder.x_layers = nn.ModuleList(FastCrossLayer(layer, dtype) for layer in encoder.x_layers)
    return copy


def _faster(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """With all of its products replaced; itself, or what stands in its place."""
    if isinstance(module, Attention):
        return FastAttention(module, dtype)
    if isinstance(module, Intermediate):
        return FastIntermediate(module, dtype)
    if isinstance(module, nn.Linear):
        return PackedLinear(module.weight, module.bias, dtype=dtype)
    for name, child in list(module.named_children()):
        setattr(module, name, _faster(child, dtype))
    return module


def as_it_is(states: Tensor) -> Tensor:
    return states
