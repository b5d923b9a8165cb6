"""Weight names: those of every published kind of file -> ours, and ours -> theirs.

Ours are those of the reference's state dicts with heads: `lxmert.…`, `cls.…`,
`obj_predict_head.…`, `answer_head.…`.
"""

import re
from pathlib import Path

import torch
from torch import Tensor

from lxmert_viz.errors import CheckpointError

BASE_PREFIX = "lxmert."
BASE_PARTS = ("embeddings.", "encoder.", "pooler.")
WORDS = "lxmert.embeddings.word_embeddings.weight"
DECODER = "cls.predictions.decoder.weight"  # tied to WORDS
# what DataParallel, torch.compile, FSDP and DeepSpeed put anywhere into a name
TRANSPARENT = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
# where names begin once a training loop's own prefixes are off, as the authors' lxrt_encoder.model.
BEGINNING = re.compile(
    r"(?:^|\.)((?:lxmert|bert|embeddings|encoder|pooler|cls|obj_predict_head|answer_head|logit_fc)\.)"
)
TENSORFLOW_SCOPE = re.compile(r"tf_lxmert\w*")
FROM_TENSORFLOW = {"kernel": "weight", "gamma": "weight", "beta": "bias", "embeddings": "weight"}
ONE_DIMENSIONAL = {"weight": "gamma", "bias": "beta"}
Tensors = dict[str, Tensor]


def as_ours(stored: Tensors, path: Path) -> Tensors:
    """A file's tensors under our names; TensorFlow's kernels are transposed. Empties `stored`.

    CheckpointError when two of its names mean one weight and their values differ.
    """
    tensors: Tensors = {}
    for given in list(stored):
        tensor = stored.pop(given)
        name, transposed = _from_tensorflow(given) if "/" in given else (_from_torch(given), False)
        if transposed and tensor.dim() == 2:
            tensor = tensor.t().contiguous()
        if name in tensors and not torch.equal(tensors[name], tensor):
            raise CheckpointError(f"{path} holds two different values for {name}.")
        tensors[name] = tensor
    return tensors


def _from_torch(name: str) -> str:
    name = ".".join(part for part in name.split(".") if part not in TRANSPARENT)
    begins = BEGINNING.search(name)
    name = name[begins.start(1) :] if begins else name
    if name.startswith("bert."):
        name = BASE_PREFIX + name.removeprefix("bert.")
    elif name.startswith(BASE_PARTS):
        name = BASE_PREFIX + name
    elif name.startswith("logit_fc."):
        name = f"answer_head.{name}"
    # as files of 2018 call them
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )


def _from_tensorflow(name: str) -> tuple[str, bool]:
    """Our name, and whether the tensor has to be transposed."""
    parts = name.partition(":")[0].replace("_._", "/").split("/")
    scopes = [place for place, part in enumerate(parts) if TENSORFLOW_SCOPE.fullmatch(part)]
    *path, leaf = parts[scopes[-1] + 1 :] if scopes else parts
    return ".".join((*path, FROM_TENSORFLOW.get(leaf, leaf))), leaf == "kernel"


def as_tensorflow(tensors: Tensors, path: Path) -> Tensors:
    """Ours as TensorFlow's LXMERT has them, in float32; the decoder is its word embedding.

    path: where they are to go. CheckpointError when the decoder is not the word embedding.
    """
    if DECODER in tensors and not torch.equal(tensors[DECODER], tensors[WORDS]):
        raise CheckpointError(
            f"{path} cannot be written: the masked-word decoder differs from the word embedding, "
            "and TensorFlow's classes have one weight for both."
        )
    renamed = {}
    for name, tensor in tensors.items():
        if name == DECODER:
            continue
        parent, _, leaf = name.rpartition(".")
        if parent.endswith(("position_embeddings", "token_type_embeddings")):
            leaf = "embeddings"
        elif leaf == "weight" and tensor.dim() == 2 and name != WORDS:
            leaf, tensor = "kernel", tensor.t()
        elif f"{parent}.weight" in tensors and tensors[f"{parent}.weight"].dim() == 1:
            leaf = ONE_DIMENSIONAL[leaf]
        renamed[f"{_tensorflow_path(parent)}/{leaf}:0"] = tensor.float().contiguous()
    return renamed


def _tensorflow_path(parent: str) -> str:
    """Modules of a list, and the region decoders, are one part with what they belong to."""
    parts: list[str] = []
    for part in parent.split("."):
        if part.isdigit():
            parts[-1] += f"_._{part}"
        elif parts and parts[-1] == "decoder_dict":
            parts[-1] += f".{part}"
        else:
            parts.append(part)
    return "/".join(parts)


def as_pretraining_file(tensors: Tensors) -> Tensors:
    """Ours as in the authors' model_LXRT.pth, or in one of an encoder alone."""
    return {
        f"bert.{n.removeprefix(BASE_PREFIX)}" if n.startswith(BASE_PREFIX) else n: t
        for n, t in tensors.items()
    }


def as_fine_tuned_file(tensors: Tensors) -> Tensors:
    """Ours as in the authors' BEST.pth."""
    return {
        n.removeprefix("answer_head.")
        if n.startswith("answer_head.")
        else f"lxrt_encoder.model.bert.{n.removeprefix(BASE_PREFIX)}": t
        for n, t in tensors.items()
    }
