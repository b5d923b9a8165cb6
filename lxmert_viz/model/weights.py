"""Initial weights, and weights in and out of a folder."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from lxmert_viz.config import LxmertConfig
from lxmert_viz.errors import CheckpointError
from lxmert_viz.tensors import read_tensors

CONFIG_FILE = "config.json"
SAFETENSORS_FILE = "model.safetensors"
TORCH_FILE = "pytorch_model.bin"
BASE_PREFIX = "lxmert."
BASE_PARTS = ("embeddings.", "encoder.", "pooler.")
HEAD_PREFIXES = ("cls.", "obj_predict_head.", "answer_head.")
WORDS = "lxmert.embeddings.word_embeddings.weight"
DECODER = "cls.predictions.decoder.weight"


class PretrainedNetwork(nn.Module):
    """A network that starts from N(0, initializer_range) or from a folder."""

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def dtype(self) -> torch.dtype:
        return next(self.parameters()).dtype

    def _start(self) -> None:
        """Initial weights; the last line of every child's __init__."""
        fresh = [m for m in self.children() if not isinstance(m, PretrainedNetwork)]
        for module in (m for part in fresh for m in part.modules()):
            _initialise(module, self.config.initializer_range)
        self.tie_weights()

    def tie_weights(self) -> None:
        """Make the masked-word decoder and the word embedding one parameter, where both exist."""
        if _has(self, DECODER):
            self.get_submodule(_parent(DECODER)).weight = self.get_parameter(WORDS)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> Self:
        """The network of a folder's config.json and weight file, in evaluation mode and float32.

        Reads model.safetensors or else pytorch_model.bin. Heads in the file that this class lacks
        are left out; anything that it needs and the file lacks is a CheckpointError.
        """
        folder = Path(folder)
        config = LxmertConfig.from_file(folder / CONFIG_FILE)
        path = _weight_file(folder)
        try:
            with torch.device("meta"):
                network = cls(config)
        except ValueError as error:
            raise CheckpointError(f"{folder / CONFIG_FILE} is not usable: {error}.") from error
        network._take(read_tensors(path), path)
        return network.eval()

    def save_pretrained(self, folder: str | Path) -> None:
        """Write model.safetensors and config.json; a tied decoder is not stored a second time."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {n: p.detach().contiguous().cpu() for n, p in self.named_parameters()}
        save_file(tensors, folder / SAFETENSORS_FILE, metadata={"format": "pt"})
        replace(self.config, architectures=[type(self).__name__]).to_file(folder / CONFIG_FILE)

    def _take(self, stored: dict[str, Tensor], path: Path) -> None:
        tensors = {n: t.to(torch.float32) for n, t in _named_for(self, stored).items()}
        untied = _settle_decoder(tensors, path) if _has(self, DECODER) else False
        _check(self, tensors, path)
        needed = self.state_dict().keys()
        self.load_state_dict({n: tensors[n] for n in needed}, assign=True)
        if not untied:
            self.tie_weights()


def _initialise(module: nn.Module, spread: float) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=spread)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        with torch.no_grad():
            module.weight[module.padding_idx].zero_()


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def _has(network: nn.Module, name: str) -> bool:
    return name in dict(network.named_parameters(remove_duplicate=False))


def _weight_file(folder: Path) -> Path:
    for name in (SAFETENSORS_FILE, TORCH_FILE):
        if (folder / name).is_file():
            return folder / name
    raise CheckpointError(f"{folder} holds neither {SAFETENSORS_FILE} nor {TORCH_FILE}.")


def _named_for(network: nn.Module, stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """The file's tensors with the `lxmert.` prefix added or taken away, as this class has it."""
    if _has(network, WORDS):
        return {BASE_PREFIX + n if n.startswith(BASE_PARTS) else n: t for n, t in stored.items()}
    return {n.removeprefix(BASE_PREFIX): t for n, t in stored.items()}


def _settle_decoder(tensors: dict[str, Tensor], path: Path) -> bool:
    """Fill in whichever of decoder and word embedding is missing; returns whether they differ."""
    words, decoder = tensors.get(WORDS), tensors.get(DECODER)
    if words is None and decoder is not None:
        tensors[WORDS] = decoder
    elif words is not None and decoder is None:
        tensors[DECODER] = words
    elif words is not None and decoder is not None and not torch.equal(words, decoder):
        warnings.warn(
            f"{path} holds a masked-word decoder that differs from its word embedding; "
            "both are kept, untied.",
            stacklevel=4,
        )
        return True
    return False


def _check(network: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    needed = {n: p.shape for n, p in network.state_dict().items()}
    missing = [n for n in needed if n not in tensors]
    if missing:
        raise CheckpointError(
            f"{path} lacks {len(missing)} of the {len(needed)} weights of "
            f"{type(network).__name__} (first: {missing[0]}); choose a checkpoint that has them."
        )
    odd = [n for n in needed if tensors[n].shape != needed[n]]
    if odd:
        raise CheckpointError(
            f"{path} has {len(odd)} weights of another shape than {CONFIG_FILE} says "
            f"(first: {odd[0]} is {tuple(tensors[odd[0]].shape)}, not {tuple(needed[odd[0]])}); "
            "the two files must belong together."
        )
    unknown = [n for n in tensors if n not in needed and not _is_harmless(n)]
    if unknown:
        raise CheckpointError(
            f"{path} has {len(unknown)} weights that {type(network).__name__} does not know "
            f"(first: {unknown[0]}); {CONFIG_FILE} describes a smaller network or another model."
        )


def _is_harmless(name: str) -> bool:
    """Heads that this class does not build, and an index buffer that old tools wrote."""
    return name.startswith(HEAD_PREFIXES) or name.endswith("embeddings.position_ids")
