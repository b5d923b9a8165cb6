"""Regions that were found before, one small file a picture; the one unused for longest leaves."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from lxmert_viz.errors import ARCHIVE_ERRORS
from lxmert_viz.places import cache_folder
from lxmert_viz.records import LeftOut, Regions
from lxmert_viz.whole_files import written_whole

MAX_BYTES = 1_000_000_000  # 3,300 pictures of 36 full-size regions
ENDING = ".npz"
DAMAGE = (*ARCHIVE_ERRORS, KeyError, ValueError)
LEFT_OUT = "left_out"


def usual_folder() -> Path:
    return cache_folder() / "regions"


class RegionCache:
    """Keeps the regions of a folder below a size. Threads and processes may share the folder.

    A cache that cannot be read or written is as good as an empty one: nothing is raised.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self.folder = folder
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._bytes: int | None = None  # not counted yet

    def found(self, facts: dict[str, object], look: Callable[[], Regions]) -> Regions:
        """What was kept for these facts, else what `look` gives, which is then kept.

        facts: all that the regions depend on, as JSON takes it.
        """
        path = self._path(facts)
        try:
            with np.load(path, allow_pickle=False) as arrays:
                kept = _regions(dict(arrays))
            os.utime(path)  # used just now
            return kept
        except DAMAGE:
            regions = look()
            self._keep(path, regions)
            return regions

    def size(self) -> int:
        """In bytes."""
        return sum(path.stat().st_size for path in self.folder.glob(f"*{ENDING}"))

    def clear(self) -> int:
        """Removes all that was kept; returns how many bytes that were."""
        size = self.size()
        for path in self.folder.glob(f"*{ENDING}"):
            path.unlink(missing_ok=True)
        return size

    def _path(self, facts: dict[str, object]) -> Path:
        key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return self.folder / f"{key}{ENDING}"

    def _keep(self, path: Path, regions: Regions) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with written_whole(path) as unfinished, unfinished.open("wb") as file:
                np.savez(file, **_arrays(regions))
            with self._lock:
                self._make_room(path.stat().st_size)
        except OSError:
            return

    def _make_room(self, added: int) -> None:
        if self._bytes is not None:
            self._bytes += added
        if self._bytes is None or self._bytes > self._max_bytes:
            self._bytes = self._drop_oldest()

    def _drop_oldest(self) -> int:
        """What is left, in bytes."""
        states = [(path, path.stat()) for path in self.folder.glob(f"*{ENDING}")]
        states.sort(key=lambda entry: entry[1].st_mtime_ns)
        left = sum(state.st_size for _, state in states)
        for path, state in states[:-1]:  # the newest stays, whatever its size
            if left <= self._max_bytes:
                break
            path.unlink(missing_ok=True)
            left -= state.st_size
        return left


def _arrays(record: Regions | LeftOut) -> dict[str, np.ndarray]:
    """Every field; those of the boxes that were left out under names of their own."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    others = values.pop(LEFT_OUT, None)
    arrays = {name: _array(value) for name, value in values.items()}
    if others is not None:
        arrays |= {f"{LEFT_OUT}.{name}": array for name, array in _arrays(others).items()}
    return arrays


def _array(value: Any) -> np.ndarray:
    words = isinstance(value, tuple) and all(isinstance(word, str) for word in value)
    return np.array(value, dtype=np.str_) if words else np.asarray(value)


def _regions(arrays: dict[str, np.ndarray]) -> Regions:
    own, others = {}, {}
    for name, array in arrays.items():
        _, is_other, inner = name.partition(f"{LEFT_OUT}.")
        (others if is_other else own)[inner if is_other else name] = _value(array)
    own["size_px"] = tuple(own["size_px"].tolist())
    return Regions(**own, left_out=LeftOut(**others) if others else None)


def _value(array: np.ndarray) -> Any:
    if array.ndim == 0:
        return array.item()
    return tuple(array.tolist()) if array.dtype.kind == "U" else array
