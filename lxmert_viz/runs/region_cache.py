"""Regions that were looked for before, on disk: a broken run, or another one, finds them again."""

import hashlib
import os
import threading
import zipfile
from pathlib import Path

import numpy as np

from lxmert_viz.records import Regions
from lxmert_viz.runs.manifest import folder_hash

ARRAYS = ("boxes_unit", "feats", "object_ids", "attribute_ids", "scores", "attribute_scores")


class RegionCache:
    """One file a picture, by the detector's hash, the profile and the picture's hash.

    Many processes may share a folder.
    """

    def __init__(self, folder: Path, detector: Path, profile: str) -> None:
        """detector: the folder of its weights."""
        self._folder = folder / f"{folder_hash(detector)[:16]}-{profile}"

    def find(self, picture: bytes) -> Regions | None:
        """None for what was not looked for yet; a damaged file counts as not there."""
        try:
            with np.load(self._path(picture), allow_pickle=False) as kept:
                digest, profile, detector = map(str, kept["words"])
                width, height = map(int, kept["size_px"])
                return Regions(
                    size_px=(width, height),
                    digest=digest,
                    profile=profile,
                    detector=detector,
                    names=tuple(map(str, kept["names"])),
                    **{name: kept[name] for name in ARRAYS},
                )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def keep(self, picture: bytes, regions: Regions) -> None:
        path = self._path(picture)
        path.parent.mkdir(parents=True, exist_ok=True)
        own = f"{os.getpid()}-{threading.get_ident()}"
        unfinished = path.with_name(f"{path.name}.{own}.unfinished")
        with unfinished.open("wb") as file:
            np.savez(
                file,
                size_px=np.array(regions.size_px),
                names=np.array(regions.names, dtype=str),
                words=np.array([regions.digest, regions.profile, regions.detector], dtype=str),
                **{name: getattr(regions, name) for name in ARRAYS},
            )
        unfinished.replace(path)

    def _path(self, picture: bytes) -> Path:
        return self._folder / f"{hashlib.sha256(picture).hexdigest()}.npz"
