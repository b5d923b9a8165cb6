"""Initial weights, and weights in and out of files."""

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Self

import torch
from torch import nn
from torch.nn.functional import pad

from lxmert_viz.checkpoints.folder import located
from lxmert_viz.checkpoints.hub import weights_of
from lxmert_viz.checkpoints.tensors import read_tensors
from lxmert_viz.checkpoints.weight_files import SAFETENSORS_FILE, TENSORFLOW_FILE, weight_file
from lxmert_viz.config import LxmertConfig
from lxmert_viz.errors import CheckpointError, DeviceError
from lxmert_viz.model.files import writing
from lxmert_viz.model.files.fitting import LoadReport, fit, is_harmless, is_head, without_values
from lxmert_viz.model.files.naming import (
    BASE_PREFIX,
    DECODER,
    WORDS,
    Tensors,
    as_fine_tuned_file,
    as_ours,
    as_pretraining_file,
)
from lxmert_viz.model.files.resizing import resized
from lxmert_viz.model.files.sizes import CONFIG_FILE, described

LAST_ANSWER_LAYER = "answer_head.logit_fc.3.weight"
BERT_PARTS = ("embeddings.", "encoder.layer.")


class PretrainedNetwork(nn.Module):
    """A network that starts from N(0, initializer_range) or from a file."""

    load_report: LoadReport | None = None  # of the file that the weights came from

    def __init__(self, config: LxmertConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def dtype(self) -> torch.dtype:
        # not of parameters(): DataParallel's copies list none
        return getattr(self, BASE_PREFIX[:-1], self).embeddings.word_embeddings.weight.dtype

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

    # in

    @classmethod
    def from_pretrained(
        cls,
        source: str | Path,
        *,
        dtype: str | torch.dtype | None = None,
        torch_dtype: str | torch.dtype | None = None,
        device: str | torch.device = "cpu",
        fresh_heads: bool = False,
    ) -> Self:
        """The network of a folder, of one weight file or of owner/name on the hub, to evaluate.

        Takes every published kind of file, a training loop's own (.pth, .pt, .ckpt) and a hub cache
        folder; without a config.json the sizes are read from the weights. Heads in the file that
        this class lacks are left out. Anything that it needs and the file lacks is a
        CheckpointError, unless fresh_heads: then what the heads lack, or have in another shape,
        starts anew. `load_report` says what became of each weight. dtype, or torch_dtype as it was
        called before: torch.float16 or "float16"; float32 unless given.
        """
        chosen = _dtype(dtype, torch_dtype)
        path = weight_file(located(source, weights_of))
        tensors = as_ours(read_tensors(path), path)
        found = described(path, tensors)
        may_be_new = is_head if fresh_heads else nothing
        network = cls.with_weights(
            found.config, tensors, path, dtype=chosen, may_be_new=may_be_new, notes=found.notes
        )
        try:
            return network.to(device)
        except (RuntimeError, AssertionError) as error:  # the latter: torch was built without it
            raise DeviceError(f"The network cannot go to {device}: {error}.") from error

    @classmethod
    def from_bert(cls, source: str | Path, config: LxmertConfig | None = None) -> Self:
        """A network to train whose language side is BERT's, as the authors could start theirs.

        source: BERT's folder or weight file. All of it that fits is taken, its heads included;
        layers beyond config.l_layers are left out, and what BERT does not have starts anew. A file
        without BERT's embeddings or layers is a CheckpointError.
        """
        path = weight_file(located(source, weights_of))
        tensors = as_ours(read_tensors(path), path)
        network = cls.with_weights(
            config or LxmertConfig(),
            tensors,
            path,
            may_be_new=lambda name: not name.removeprefix(BASE_PREFIX).startswith(BERT_PARTS),
            may_be_left=lambda name: is_harmless(name) or BERT_PARTS[1] in name,
        )
        return network.train()

    @classmethod
    def with_weights(
        cls,
        config: LxmertConfig,
        tensors: Tensors,
        path: Path,
        *,
        dtype: torch.dtype = torch.float32,
        may_be_new: Callable[[str], bool],
        may_be_left: Callable[[str], bool] = is_harmless,
        notes: tuple[str, ...] = (),
    ) -> Self:
        """The network of a config and of tensors under our names (emptied), in evaluation mode.

        path: where they were read, for messages. notes: for `load_report`. The rest is as in
        fitting.fit.
        """
        config = _with_answers_of(tensors, config, path)
        try:
            with without_values() if may_be_new is nothing else nullcontext():
                network = cls(config)
        except (ValueError, TypeError, RuntimeError) as error:
            raise CheckpointError(f"The {CONFIG_FILE} of {path} is not usable: {error}.") from error
        report = fit(network, tensors, path, dtype, may_be_new=may_be_new, may_be_left=may_be_left)
        network.load_report = replace(report, notes=notes)
        return network.to(dtype).eval()

    # out

    def save_pretrained(self, folder: str | Path) -> None:
        """Write model.safetensors and config.json; a tied decoder is not stored a second time."""
        tensors = {n: p.detach().contiguous().cpu() for n, p in self.named_parameters()}
        writing.write_safetensors(tensors, Path(folder) / SAFETENSORS_FILE)
        self._save_config(Path(folder))

    def save_for_tensorflow(self, folder: str | Path) -> None:
        """Write tf_model.h5 and config.json, as TFLxmertForPreTraining or TFLxmertModel would.

        CheckpointError for a network that TensorFlow's LXMERT has no class for.
        """
        writing.write_tensorflow_hdf5(self._for_tensorflow(), Path(folder) / TENSORFLOW_FILE)
        self._save_config(Path(folder), torch.float32)

    def save_tensorflow_safetensors(self, folder: str | Path) -> None:
        """As save_for_tensorflow, in a model.safetensors of TensorFlow's kind."""
        path = Path(folder) / SAFETENSORS_FILE
        writing.write_tensorflow_safetensors(self._for_tensorflow(), path)
        self._save_config(Path(folder), torch.float32)

    def save_for_authors(self, path: str | Path) -> None:
        """Write a .pth that the authors' code loads, named as a pre-training or fine-tuned one."""
        tensors = self._under_our_names()
        fine_tuned = LAST_ANSWER_LAYER in tensors and DECODER not in tensors
        named = as_fine_tuned_file(tensors) if fine_tuned else as_pretraining_file(tensors)
        writing.write_torch(named, Path(path))

    def _under_our_names(self) -> Tensors:
        """Every weight, with the base's prefix; the tied decoder as a second name of the words."""
        tensors = {n: t.detach().cpu() for n, t in self.state_dict().items()}
        if DECODER in tensors and self.get_parameter(DECODER) is self.get_parameter(WORDS):
            tensors[DECODER] = tensors[WORDS]
        return as_ours(tensors, Path(type(self).__name__))

    def _for_tensorflow(self) -> Tensors:
        tensors = self._under_our_names()
        if DECODER not in tensors and any(is_head(name) for name in tensors):
            raise CheckpointError(
                f"TensorFlow's LXMERT has no class like {type(self).__name__}; "
                "save an LxmertForPreTraining or an LxmertModel for it."
            )
        return tensors

    def _save_config(self, folder: Path, dtype: torch.dtype | None = None) -> None:
        stored = str(dtype or self.dtype).removeprefix("torch.")
        extra = {k: v for k, v in self.config.extra.items() if k != "dtype"}
        config = replace(
            self.config,
            architectures=[type(self).__name__],
            extra=extra | {"torch_dtype": stored},
        )
        config.to_file(folder / CONFIG_FILE)

    # the vocabulary

    def get_input_embeddings(self) -> nn.Embedding:
        return self._base().embeddings.word_embeddings

    def set_input_embeddings(self, table: nn.Embedding) -> None:
        """Replace the word embedding, and with it the decoder where the two are tied.

        ValueError when a tied decoder has another vocabulary; see resize_token_embeddings.
        """
        tied = self._is_tied()
        if tied and table.num_embeddings != self.config.vocab_size:
            raise ValueError(
                f"the table has {table.num_embeddings} words, the network {self.config.vocab_size}"
            )
        self._base().embeddings.word_embeddings = table
        if tied:
            self.tie_weights()

    def resize_token_embeddings(self, new_num_tokens: int | None = None) -> nn.Embedding:
        """The word embedding, cut or filled up to so many words; None changes nothing.

        The decoder and its bias follow, tied as before. New rows are drawn as at the start, new
        biases are zero.
        """
        if new_num_tokens in (None, self.config.vocab_size):
            return self.get_input_embeddings()
        tied, spread = self._is_tied(), self.config.initializer_range
        table = resized(self.get_input_embeddings(), new_num_tokens, spread)
        self._base().embeddings.word_embeddings = table
        if _has(self, DECODER):
            head = self.cls.predictions
            head.decoder = resized(head.decoder, new_num_tokens, spread)
            kept = head.bias.detach()[:new_num_tokens]
            head.bias = nn.Parameter(pad(kept, (0, new_num_tokens - len(kept))))
        if tied:
            self.tie_weights()
        self._reconfigure(vocab_size=new_num_tokens)
        return table

    def _base(self) -> nn.Module:
        return self.get_submodule(BASE_PREFIX[:-1]) if _has(self, WORDS) else self

    def _is_tied(self) -> bool:
        return _has(self, DECODER) and self.get_parameter(DECODER) is self.get_parameter(WORDS)

    def _reconfigure(self, **changes: int) -> None:
        """Other sizes, here and in the base; a config may be shared, so it is not altered."""
        config = replace(self.config, **changes)
        for module in self.modules():
            if isinstance(module, PretrainedNetwork):
                module.config = config


def _dtype(dtype: str | torch.dtype | None, torch_dtype: str | torch.dtype | None) -> torch.dtype:
    """The one that was asked for, by either of its names."""
    if None not in (dtype, torch_dtype) and dtype != torch_dtype:
        raise ValueError(f"dtype is {dtype!r} and torch_dtype {torch_dtype!r}: give one of them")
    asked = dtype or torch_dtype or torch.float32
    found = getattr(torch, asked, asked) if isinstance(asked, str) else asked
    if not isinstance(found, torch.dtype):
        raise ValueError(f"dtype is {asked!r}, not one of torch's, such as torch.float16")
    return found


def nothing(name: str) -> bool:
    """For fit's may_be_new: every weight must be in the file."""
    return False


def _with_answers_of(tensors: Tensors, config: LxmertConfig, path: Path) -> LxmertConfig:
    """The config with as many answers as the file's head tells apart."""
    last = tensors.get(LAST_ANSWER_LAYER)
    if last is None or last.dim() != 2 or len(last) == config.num_qa_labels:
        return config
    if (path.parent / CONFIG_FILE).exists():
        warnings.warn(
            f"{path} tells {len(last)} answers apart, its {CONFIG_FILE} says "
            f"{config.num_qa_labels}; the weights are right.",
            stacklevel=4,
        )
    return replace(config, num_qa_labels=len(last))


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
