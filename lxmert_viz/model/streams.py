"""Regions that were encoded once and are used again, alone or in a padded batch."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from lxmert_viz.model.lxmert import LxmertModel
from lxmert_viz.model.outputs import Stream
from lxmert_viz.records import Regions

KEPT = 32  # pictures; one full-size stream has 1 MB


class VisionStreams:
    """The vision streams of the last pictures. Many threads may ask at once."""

    def __init__(self, network: LxmertModel, device: torch.device) -> None:
        self._network = network
        self._device = device
        self._kept: OrderedDict[bytes, Stream] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, batch: Sequence[Regions]) -> Stream:
        """One stream for the batch, padded to its most regions, padding hidden by the mask.

        Raises ValueError for features of another size than the network takes.
        """
        keys = [_content(regions) for regions in batch]
        with self._lock:
            streams = {key: self._kept[key] for key in keys if key in self._kept}
        missing = {k: r for k, r in zip(keys, batch, strict=True) if k not in streams}
        if missing:
            streams |= zip(missing, self._encode(list(missing.values())), strict=True)
        with self._lock:
            for key in keys:
                self._kept[key] = streams[key]
                self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return _joined([streams[key] for key in keys])

    def _encode(self, batch: list[Regions]) -> list[Stream]:
        size = self._network.config.visual_feat_dim
        for regions in batch:
            if regions.feats.shape[1] != size:
                raise ValueError(
                    f"regions have {regions.feats.shape[1]} features, the network takes {size}"
                )
        feats = padded([regions.feats for regions in batch], np.float32)
        boxes = padded([regions.boxes_unit for regions in batch], np.float32)
        visible = padded([np.ones(len(regions)) for regions in batch], np.float32)
        joint = self._network.encode_vision(
            torch.from_numpy(feats).to(self._device),
            torch.from_numpy(boxes).to(self._device),
            torch.from_numpy(visible).to(self._device),
            collect=True,
        )
        return [_alone(joint, row, len(regions)) for row, regions in enumerate(batch)]


def padded(rows: Sequence[np.ndarray], kind: type) -> np.ndarray:
    """Rows (N_i, ...) as one writable array (B, max N, ...), zeros at the end of short ones."""
    longest = max(len(row) for row in rows)
    joint = np.zeros((len(rows), longest, *rows[0].shape[1:]), kind)
    for place, row in enumerate(rows):
        joint[place, : len(row)] = row
    return joint


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


def _joined(streams: list[Stream]) -> Stream:
    counts = [stream.state.shape[1] for stream in streams]
    gaps = [max(counts) - count for count in counts]
    return Stream(
        state=torch.cat([_longer(s.state, g) for s, g in zip(streams, gaps, strict=True)]),
        mask=_mask(streams[0].state, gaps) if any(gaps) else None,
        states=tuple(
            torch.cat([_longer(s, g) for s, g in zip(layer, gaps, strict=True)])
            for layer in zip(*(stream.states for stream in streams), strict=True)
        ),
        attention=tuple(
            torch.cat([pad(a, (0, g, 0, g)) for a, g in zip(layer, gaps, strict=True)])
            for layer in zip(*(stream.attention for stream in streams), strict=True)
        ),
    )


def _longer(states: Tensor, gap: int) -> Tensor:
    return pad(states, (0, 0, 0, gap))  # (1, R + gap, D)


def _mask(state: Tensor, gaps: list[int]) -> Tensor:
    """What hides `gaps` keys at the end of each row when added to scores: (B, 1, 1, R)."""
    total = state.shape[1] + gaps[0]
    mask = state.new_zeros(len(gaps), 1, 1, total)
    for row, gap in enumerate(gaps):
        mask[row, ..., total - gap :] = torch.finfo(state.dtype).min
    return mask
