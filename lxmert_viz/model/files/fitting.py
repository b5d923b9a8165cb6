"""Whether a file's weights fit a network, and putting them there."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from lxmert_viz.errors import CheckpointError
from lxmert_viz.model.files.naming import BASE_PREFIX, DECODER, WORDS, Tensors

HEAD_PREFIXES = ("cls.", "obj_predict_head.", "answer_head.")


@dataclass(frozen=True)
class LoadReport:
    """What became of a weight file; names are those of the network's state dict."""

    path: Path
    loaded: tuple[str, ...]
    missing: tuple[str, ...]  # not in the file; started anew, as was asked for
    unexpected: tuple[str, ...]  # in the file, and this network has no place for them
    reshaped: tuple[str, ...]  # of another shape in the file; started anew, as was asked for
    notes: tuple[str, ...] = ()  # what its owner must know of how the file was read


@contextmanager
def without_values() -> Iterator[None]:
    """Networks that are made here have shapes alone: no memory, and no time spent on drawing."""
    with torch.device("meta"), _NoFirstValues():
        yield


class _NoFirstValues(TorchFunctionMode):
    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if getattr(func, "__module__", None) == "torch.nn.init":
            return (*args, *(kwargs or {}).values())[0]  # the tensor comes first in all of them
        return func(*args, **(kwargs or {}))


def is_head(name: str) -> bool:
    return name.startswith(HEAD_PREFIXES)


def is_harmless(name: str) -> bool:
    """Heads that this class does not build, and an index buffer that old tools wrote."""
    return is_head(name) or name.endswith("embeddings.position_ids")


def fit(
    network: nn.Module,
    tensors: Tensors,
    path: Path,
    dtype: torch.dtype,
    *,
    may_be_new: Callable[[str], bool],
    may_be_left: Callable[[str], bool] = is_harmless,
) -> LoadReport:
    """Put the tensors into the network, in that dtype, and tie the decoder unless they differ.

    tensors: under our names; emptied. may_be_new: which of the network's names may keep their
    initial values; may_be_left: which of the file's may go unused. CheckpointError for all others.
    """
    needed = {name: parameter.shape for name, parameter in network.state_dict().items()}
    prefix = "" if WORDS in needed else BASE_PREFIX  # the base's own names have none
    tensors = {name.removeprefix(prefix): tensors.pop(name) for name in list(tensors)}
    untied = DECODER in needed and _settle_decoder(tensors, path)
    report = LoadReport(
        path,
        loaded=tuple(n for n in needed if n in tensors and tensors[n].shape == needed[n]),
        missing=tuple(n for n in needed if n not in tensors),
        unexpected=tuple(n for n in tensors if n not in needed),
        reshaped=tuple(n for n in needed if n in tensors and tensors[n].shape != needed[n]),
    )
    kind = type(network).__name__
    _refuse_missing([n for n in report.missing if not may_be_new(n)], len(needed), kind, path)
    for name in report.reshaped:
        if not may_be_new(name):
            raise _of_another_shape(name, tensors[name].shape, needed[name], report)
    _refuse_unknown([n for n in report.unexpected if not may_be_left(n)], kind, path)
    fitting = {name: tensors.pop(name).to(dtype) for name in report.loaded}
    network.load_state_dict(fitting, strict=False, assign=True)
    if not untied:
        network.tie_weights()
    return report


def _settle_decoder(tensors: Tensors, path: Path) -> bool:
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
            stacklevel=5,
        )
        return True
    return False


def _refuse_missing(missing: list[str], needed: int, kind: str, path: Path) -> None:
    if not missing:
        return
    heads_only = all(is_head(name) for name in missing)
    remedy = ", or open it in Python with fresh_heads=True to train them" if heads_only else ""
    raise CheckpointError(
        f"{path} lacks {len(missing)} of the {needed} weights of {kind} (first: {missing[0]}); "
        f"choose a checkpoint that has them{remedy}."
    )


def _of_another_shape(
    name: str, given: torch.Size, needed: torch.Size, report: LoadReport
) -> CheckpointError:
    return CheckpointError(
        f"{report.path} has {len(report.reshaped)} weights of another shape than its "
        f"configuration says (first: {name} is {tuple(given)}, not {tuple(needed)}); "
        "weights and config.json must belong together."
    )


def _refuse_unknown(unknown: list[str], kind: str, path: Path) -> None:
    if unknown:
        raise CheckpointError(
            f"{path} has {len(unknown)} weights that {kind} does not know (first: {unknown[0]}); "
            "its config.json describes a smaller network, or it is another model."
        )
