"""Small random networks, inputs and labels, and the reference's classes with the same weights."""

from dataclasses import asdict
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.files.weights import PretrainedNetwork

SMALL = {
    "vocab_size": 61,
    "hidden_size": 24,
    "num_attention_heads": 3,
    "num_qa_labels": 7,
    "num_object_labels": 9,
    "num_attr_labels": 5,
    "intermediate_size": 40,
    "max_position_embeddings": 32,
    "visual_feat_dim": 13,
    "l_layers": 3,
    "r_layers": 2,
    "x_layers": 2,
}
Inputs = dict[str, Any]
N = TypeVar("N", bound=PretrainedNetwork)


def small_config(**changes: Any) -> LxmertConfig:
    return LxmertConfig(**{**SMALL, **changes})


def small_network(kind: type[N], seed: int = 0, **changes: Any) -> N:
    """In evaluation mode, with weights so large that every path shows in the numbers."""
    torch.manual_seed(seed)
    network = kind(small_config(**changes)).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            is_scale = name.endswith(("LayerNorm.weight", "layer_norm.weight", "logit_fc.2.weight"))
            parameter.normal_(mean=float(is_scale), std=0.3)
    return network


def same_states(one: nn.Module, other: nn.Module) -> bool:
    """Whether all names and all bits agree."""
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(t, theirs[n]) for n, t in ours.items())


def inputs(
    config: LxmertConfig, batch: int = 2, words: int = 6, regions: int = 5, seed: int = 0
) -> Inputs:
    draw = torch.Generator().manual_seed(seed)
    return {
        "input_ids": torch.randint(0, config.vocab_size, (batch, words), generator=draw),
        "visual_feats": torch.rand(batch, regions, config.visual_feat_dim, generator=draw),
        "visual_pos": torch.rand(batch, regions, config.visual_pos_dim, generator=draw),
    }


def random_masks(batch: int, words: int, regions: int, seed: int = 0) -> Inputs:
    """Both masks; hidden keys anywhere, and now and then a row that hides them all."""
    draw = torch.Generator().manual_seed(seed)
    return {
        "attention_mask": (torch.rand(batch, words, generator=draw) > 0.3).long(),
        "visual_attention_mask": (torch.rand(batch, regions, generator=draw) > 0.3).float(),
    }


def random_labels(
    config: LxmertConfig, batch: int = 2, words: int = 6, regions: int = 5, seed: int = 0
) -> Inputs:
    draw = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, config.vocab_size, (batch, words), generator=draw)
    labels[:, 1::2] = -100

    def region_classes(count: int) -> tuple[Tensor, Tensor]:
        ids = torch.randint(0, count, (batch, regions), generator=draw)
        return ids, torch.rand(batch, regions, generator=draw)

    feats = torch.rand(batch, regions, config.visual_feat_dim, generator=draw) * 4
    return {
        "labels": labels,
        "obj_labels": {
            "obj": region_classes(config.num_object_labels),
            "attr": region_classes(config.num_attr_labels),
            "feat": (feats, torch.randint(0, 2, (batch, regions), generator=draw)),
        },
        "matched_label": torch.randint(0, 2, (batch,), generator=draw),
        "ans": torch.randint(0, config.num_qa_labels, (batch,), generator=draw),
    }


def reference_of(network: PretrainedNetwork) -> nn.Module:
    """The class of the same name in transformers, with the same weights."""
    import transformers

    values = asdict(network.config)
    del values["extra"], values["architectures"]
    config = transformers.LxmertConfig(**values)
    reference = getattr(transformers, type(network).__name__)(config).eval()
    reference.load_state_dict(network.state_dict())
    return reference
