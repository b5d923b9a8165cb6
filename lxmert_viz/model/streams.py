"""Regions that were encoded once and are used again, alone or in a padded batch."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from lxmert_viz.model.outputs import Stream
from lxmert_viz.records import Regions

KEPT = 32  # pictures; one full-size stream has 1 MB with its maps and states, 0.1 MB without
Encode = Callable[[Sequence[Regions], bool], Stream]  # regions, collect -> one padded batch


class VisionStreams:
    """The vision streams of the last pictures. Many threads may ask at once.

    They are good for whoever leaves the network and its attention alone, and wants no gradient.
    """

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._kept: OrderedDict[bytes, Stream] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, batch: Sequence[Regions], *, collect: bool) -> Stream:
        """One stream for the batch, padded to its most regions, padding hidden by the mask.

        collect: with maps and states; a stream that was kept with them serves both ways.
        """
        keys = [_content(regions) for regions in batch]
        with self._lock:
            kept = {key: self._kept[key] for key in keys if key in self._kept}
        streams = {k: s for k, s in kept.items() if s.states or not collect}
        missing = {k: r for k, r in zip(keys, batch, strict=True) if k not in streams}
        if missing:
            joint = self._encode(list(missing.values()), collect)
            counts = [len(regions) for regions in missing.values()]
            streams |= zip(missing, (_alone(joint, *own) for own in enumerate(counts)), strict=True)
        self._keep(keys, streams)
        return _joined([streams[key] for key in keys], collect)

    def _keep(self, keys: Sequence[bytes], streams: dict[bytes, Stream]) -> None:
        with self._lock:
            for key in keys:
                self._kept[key] = streams[key]
                self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


def _content(regions: Regions) -> bytes:
    """What the encoder sees of a picture; equal for copies, which caches hand out."""
    feats, boxes = (
        np.ascontiguousarray(a, np.float32) for a in (regions.feats, regions.boxes_unit)
    )
    return hashlib.sha256(feats.tobytes() + boxes.tobytes()).digest()


def _alone(joint: Stream, row: int, count: int) -> Stream:
    """One picture of a batch, with its own memory and without padding."""
    return Stream(
        state=joint.state[row : row + 1, :count].clone(),
        mask=None,
        states=tuple(s[row : row + 1, :count].clone() for s in joint.states),
        attention=tuple(a[row : row + 1, :, :count, :count].clone() for a in joint.attention),
    )


def _joined(streams: Sequence[Stream], collect: bool) -> Stream:
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
