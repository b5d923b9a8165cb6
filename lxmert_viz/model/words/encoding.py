import re
from collections import UserDict
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from tokenizers import Encoding

LONE_SURROGATES = re.compile("[\ud800-\udfff]")
Text = str | tuple[str, str]


class BatchEncoding(UserDict[str, Any]):
    """Encoded texts: a dict whose keys are also attributes, for `model(**encoding)`."""

    def __init__(self, columns: dict[str, Any], encodings: list[Encoding]) -> None:
        super().__init__(columns)
        self.encodings = encodings

    def __getattr__(self, name: str) -> Any:
        if name != "data" and name in self.data:
            return self.data[name]
        raise AttributeError(f"this encoding has no {name!r}")

    def tokens(self, row: int = 0) -> list[str]:
        return self.encodings[row].tokens

    def word_ids(self, row: int = 0) -> list[int | None]:
        """Per piece, the index of its word within its text; None for pieces that were added."""
        return self.encodings[row].word_ids

    def sequence_ids(self, row: int = 0) -> list[int | None]:
        """Per piece, 0 for the first text, 1 for the second; None for pieces that were added."""
        return self.encodings[row].sequence_ids

    def to(self, device: Any) -> Self:
        """This encoding, its tensors now on `device`; only after return_tensors="pt"."""
        self.data = {name: tensor.to(device) for name, tensor in self.data.items()}
        return self


def without_surrogates(text: str) -> str:
    """The text with U+FFFD, which cleaning drops, for halves of characters, which Rust refuses."""
    if not isinstance(text, str):
        raise ValueError(f"a text is a str, not {text!r}")
    return LONE_SURROGATES.sub("\ufffd", text)


def as_batch(text: str | Sequence[Text], text_pair: str | Sequence[str] | None) -> list[Text]:
    texts = list(text) if isinstance(text, list | tuple) else [text]
    if text_pair:  # an empty second text is none, as in transformers
        pairs = [text_pair] if isinstance(text_pair, str) else list(text_pair)
        if len(texts) != len(pairs):
            raise ValueError(f"{len(texts)} texts cannot be paired with {len(pairs)}")
        texts = list(zip(texts, pairs, strict=True))
    return [
        (without_surrogates(item[0]), without_surrogates(item[1]))
        if isinstance(item, list | tuple)
        else without_surrogates(item)
        for item in texts
    ]


def as_arrays(columns: dict[str, Any], kind: str | None) -> dict[str, Any]:
    """Columns as int64 arrays ("np") or tensors ("pt"); unchanged for None."""
    if kind is None:
        return columns
    if kind not in ("np", "pt"):
        raise ValueError(f"return_tensors is {kind!r}, not None, 'np' or 'pt'")
    lengths = sorted({len(ids) for ids in columns["input_ids"]})
    if len(lengths) > 1:
        raise ValueError(f"rows of {lengths} pieces fit no one array: pass padding=True")
    arrays = {name: np.array(values, dtype=np.int64) for name, values in columns.items()}
    if kind == "np":
        return arrays
    import torch  # only here: texts are read without torch

    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def as_ids(ids: int | Iterable[int]) -> int | list[int]:
    """One id, or a list of them, from ints, an array or a tensor."""
    ids = ids.tolist() if hasattr(ids, "tolist") else ids
    return ids if isinstance(ids, int) else list(ids)
