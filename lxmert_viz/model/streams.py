"""Texts and pictures that were encoded once and are used again, alone or in a padded batch."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from lxmert_viz.model.outputs import Stream
from lxmert_viz.records import Regions, Tokens

KEPT = 32  # texts, or pictures
KEPT_BYTES = 128_000_000  # a full-size stream of 36 has 1 MB with maps and states, 0.1 MB without
Given = TypeVar("Given", Regions, Tokens)


class Streams(Generic[Given]):
    """The streams of the last texts, or of the last pictures. Many threads may ask at once.

    They are good for whoever leaves the network and its attention alone, and wants no gradient.
    """

    def __init__(
        self,
        encode: Callable[[Sequence[Given], bool], Stream],
        content: Callable[[Given], bytes],
        length: Callable[[Given], int],
    ) -> None:
        """encode: a batch, and whether to collect -> one padded batch. content: what the encoder
        sees; equal for copies, which caches hand out. length: how many words or regions."""
        self._encode, self._content, self._length = encode, content, length
        self._kept: OrderedDict[bytes, Stream] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, batch: Sequence[Given], *, collect: bool) -> Stream:
        """One stream for the batch, padded to its longest, padding hidden by the mask.

        collect: with maps and states; a stream that was kept with them serves both ways.
        """
        keys = [self._content(given) for given in batch]
        with self._lock:
            kept = {key: self._kept[key] for key in keys if key in self._kept}
        streams = {k: s for k, s in kept.items() if s.states or not collect}
        missing = {k: given for k, given in zip(keys, batch, strict=True) if k not in streams}
        if missing:
            joint = self._encode(list(missing.values()), collect)
            counts = [self._length(given) for given in missing.values()]
            streams |= zip(missing, (_alone(joint, *own) for own in enumerate(counts)), strict=True)
        self._keep(keys, streams)
        return _joined([streams[key] for key in keys], collect)

    def _keep(self, keys: Sequence[bytes], streams: dict[bytes, Stream]) -> None:
        with self._lock:
            for key in keys:
                self._kept[key] = streams[key]
                self._kept.move_to_end(key)
            total = sum(map(_bytes, self._kept.values()))
            while len(self._kept) > KEPT or total > KEPT_BYTES:
                _, gone = self._kept.popitem(last=False)
                total -= _bytes(gone)


def of_regions(regions: Regions) -> bytes:
    feats, boxes = (
        np.ascontiguousarray(a, np.float32) for a in (regions.feats, regions.boxes_unit)
    )
    return hashlib.sha256(feats.tobytes() + boxes.tobytes()).digest()


def of_words(tokens: Tokens) -> bytes:
    return np.stack([tokens.ids, tokens.type_ids]).astype(np.int64).tobytes()


def _bytes(stream: Stream) -> int:
    return sum(t.nbytes for t in (stream.state, *stream.states[:-1], *stream.attention))


def _alone(joint: Stream, row: int, count: int) -> Stream:
    """One row of a batch, with its own memory and without padding."""
    if len(joint.state) == 1:
        return joint
    return Stream(
        state=joint.state[row : row + 1, :count].clone(),
        mask=None,
        states=tuple(s[row : row + 1, :count].clone() for s in joint.states),
        attention=tuple(a[row : row + 1, :, :count, :count].clone() for a in joint.attention),
    )


def _joined(streams: Sequence[Stream], collect: bool) -> Stream:
    if len(streams) == 1:  # as it is kept: nobody writes into it, and a long one is large
        return streams[0] if collect else Stream(streams[0].state, None)
    counts = [stream.state.shape[1] for stream in streams]
    gaps = [max(counts) - count for count in counts]
    state = _longer([stream.state for stream in streams], gaps)
    mask = _mask(state, counts) if any(gaps) else None
    if not collect:
        return Stream(state, mask)
    layers = zip(*(stream.states for stream in streams), strict=True)
    maps = zip(*(stream.attention for stream in streams), strict=True)
    return Stream(
        state,
        mask,
        states=tuple(_longer(layer, gaps) for layer in layers),
        attention=tuple(
            torch.cat([pad(a, (0, gap, 0, gap)) for a, gap in zip(layer, gaps, strict=True)])
            for layer in maps
        ),
    )


def _mask(state: Tensor, counts: Sequence[int]) -> Tensor:
    """What hides each row's keys from its count on when added to scores: (B, 1, 1, R)."""
    places = torch.arange(state.shape[1], device=state.device)
    hidden = places >= torch.tensor(counts, device=state.device)[:, None]  # (B, R)
    mask = state.new_zeros(hidden.shape).masked_fill(hidden, torch.finfo(state.dtype).min)
    return mask[:, None, None]


def _longer(states: Sequence[Tensor], gaps: Sequence[int]) -> Tensor:
    """Each (1, R_i, D) filled up to its gap with zeros, as one (B, R, D)."""
    return torch.cat([pad(s, (0, 0, 0, gap)) for s, gap in zip(states, gaps, strict=True)])
