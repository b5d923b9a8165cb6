"""A door for code written for transformers' TensorFlow LXMERT; it runs on the PyTorch network.

Inputs are numpy arrays or whatever numpy makes arrays of (TensorFlow's tensors among it); outputs
are the PyTorch output classes, without gradient, so that `.numpy()` works on every tensor. Numbers
equal TensorFlow's from the same file, except where its code is at fault:
`visual_attention_mask` may have any number of regions (there only as many as words);
a row whose mask hides everything attends evenly; labels of -100 and -1 are left out of the losses
(there they crash); and a region's loss is weighed by its own confidence or mask (there the mean
loss by the mean weight).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.lxmert import LxmertForPreTraining, LxmertModel
from lxmert_viz.model.outputs import LxmertForPreTrainingOutput, LxmertModelOutput

INPUTS = (
    "input_ids", "visual_feats", "visual_pos", "attention_mask", "visual_attention_mask",
    "token_type_ids", "inputs_embeds",
)  # fmt: skip
LABELS = ("masked_lm_labels", "obj_labels", "matched_label", "ans")
SWITCHES = ("output_attentions", "output_hidden_states", "return_dict", "training")
INTEGERS = ("input_ids", "token_type_ids", "masked_lm_labels", "matched_label", "ans")


class _Door:
    """A network, and calls in TensorFlow's manner."""

    network_class: type[LxmertModel] | type[LxmertForPreTraining]
    arguments: tuple[str, ...]  # in the documented order

    def __init__(self, config: LxmertConfig) -> None:
        self._open(self.network_class(config))

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """From any file that the PyTorch class reads; raises as it does."""
        door = cls.__new__(cls)
        door._open(cls.network_class.from_pretrained(source))
        return door

    def save_pretrained(self, folder: str | Path) -> None:
        """Write tf_model.h5 and config.json."""
        self.network.save_for_tensorflow(folder)

    def _open(self, network: LxmertModel | LxmertForPreTraining) -> None:
        self.network, self.config = network, network.config
        eps = network.config.extra.get("layer_norm_eps")  # PyTorch's classes ignore it
        for module in network.modules():
            if isinstance(module, nn.LayerNorm) and eps is not None:
                module.eps = eps

    def _run(self, given: Sequence[Any], named: Mapping[str, Any]) -> Any:
        values = _by_name(given, named, self.arguments)
        self.network.train(bool(values.pop("training", False)))
        tensors = {name: self._as_tensor(name, value) for name, value in values.items()}
        if "masked_lm_labels" in tensors:
            tensors["labels"] = tensors.pop("masked_lm_labels")
        with torch.no_grad():
            return self.network(**tensors)

    def _as_tensor(self, name: str, value: Any) -> Any:
        if value is None or name in SWITCHES:
            return value
        if name == "obj_labels":
            return {
                task: (self._array(target, task != "feat"), self._array(weight, False))
                for task, (target, weight) in value.items()
            }
        return self._array(value, name in INTEGERS)

    def _array(self, values: Any, whole: bool) -> Tensor:
        dtype = torch.int64 if whole else self.network.dtype
        device = next(self.network.parameters()).device
        return torch.tensor(np.asarray(values), dtype=dtype, device=device)


class TFLxmertModel(_Door):
    """Both streams and the pooled state."""

    network_class = LxmertModel
    arguments = INPUTS + SWITCHES

    def __call__(
        self, *given: Any, **named: Any
    ) -> LxmertModelOutput | tuple[Tensor | tuple[Tensor, ...], ...]:
        """Takes `arguments` in their order or by name, a list or tuple of them, or a dict.

        input_ids are (B, T); visual_feats (B, R, F) and visual_pos (B, R, 4) are needed: ValueError
        without. TypeError for an argument of another name, or one given twice.
        """
        return self._run(given, named)


class TFLxmertForPreTraining(_Door):
    """With the heads of the pre-training tasks, and their losses."""

    network_class = LxmertForPreTraining
    arguments = INPUTS + LABELS + SWITCHES

    def __call__(
        self, *given: Any, **named: Any
    ) -> LxmertForPreTrainingOutput | tuple[Tensor | tuple[Tensor, ...], ...]:
        """As TFLxmertModel.

        masked_lm_labels (B, T), matched_label (B,) and ans (B,) are class indices; obj_labels is
        {"obj" and "attr": (ids (B, R), confidences (B, R)), "feat": (features, mask (B, R))}.
        """
        return self._run(given, named)


def _by_name(
    given: Sequence[Any], named: Mapping[str, Any], arguments: tuple[str, ...]
) -> dict[str, Any]:
    """What the caller gave, in whichever of the documented forms, as {argument: value}."""
    named = dict(named)
    first = given[0] if given else named.pop("input_ids", None)
    if isinstance(first, Mapping):
        sources = [dict(first), dict(zip(arguments[1:], given[1:], strict=False)), named]
    else:
        in_order = (*first, *given[1:]) if isinstance(first, list | tuple) else (first, *given[1:])
        if len(in_order) > len(arguments):
            raise TypeError(f"{len(in_order)} arguments are given; there are {len(arguments)}")
        sources = [dict(zip(arguments, in_order, strict=False)), named]
    values: dict[str, Any] = {}
    for source in sources:
        for name, value in source.items():
            if name not in arguments:
                raise TypeError(f"there is no argument {name!r}; there are {', '.join(arguments)}")
            if values.get(name) is not None:
                raise TypeError(f"{name} is given twice")
            values[name] = value
    return values
