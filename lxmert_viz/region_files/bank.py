"""Regions that were stored, to look among them for the one whose features are nearest."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lxmert_viz.errors import DatasetError
from lxmert_viz.region_files.opening import open_regions
from lxmert_viz.region_files.rows import NameOf, Origin

MOST = 20_000  # regions; 160 MB at full size


@dataclass(frozen=True, slots=True)
class FeatureBank:
    """S regions of a file, in its order."""

    feats: np.ndarray  # (S, F) float32
    boxes_unit: np.ndarray  # (S, 4) xyxy in 0..1
    names: tuple[str, ...]  # S
    pictures: tuple[str, ...]  # S ids
    numbers: tuple[int, ...]  # S: which region of its picture, from 1

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(
            f"{name} ({picture}, {number})"
            for name, picture, number in zip(self.names, self.pictures, self.numbers, strict=True)
        )


def read_bank(path: Path, size: int, name_of: NameOf) -> FeatureBank:
    """The first MOST regions of a region file of any layout.

    size: F of the network that is to be read. Raises DatasetError for features of another size,
    and for a file without regions.
    """
    rows, count = [], 0
    for row in open_regions(path, Origin(name_of=name_of)).rows():
        if len(row.regions) and row.regions.feats.shape[1] != size:
            raise DatasetError(
                f"{path.name} holds features of {row.regions.feats.shape[1]} numbers and the model "
                f"makes {size}; choose a file that was made with this model's detector."
            )
        rows.append(row)
        count += len(row.regions)
        if count >= MOST:
            break
    if not count:
        raise DatasetError(f"{path.name} holds no regions.")
    seen = [row for row in rows if len(row.regions)]
    return FeatureBank(
        np.concatenate([row.regions.feats for row in seen])[:MOST],
        np.concatenate([row.regions.boxes_unit for row in seen])[:MOST],
        tuple(name for row in seen for name in row.regions.names)[:MOST],
        tuple(row.picture for row in seen for _ in row.regions.names)[:MOST],
        tuple(n for row in seen for n in range(1, len(row.regions) + 1))[:MOST],
    )
