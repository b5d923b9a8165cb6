"""One picture's regions as files hold them, and a file of them, opened."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Regions

NameOf = Callable[[int, int], str]  # object and attribute label -> a region's name


@dataclass(frozen=True, slots=True)
class Origin:
    """What published files do not say of themselves."""

    detector: str = "unknown"
    name_of: NameOf = "attribute {1}, object {0}".format
    profile: str = "trained"


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A picture's id and regions; boxes in pixels too, because dividing them loses a last bit."""

    picture: str
    regions: Regions
    boxes_px: np.ndarray  # (R, 4) float32 xyxy

    @classmethod
    def of(cls, picture: str, regions: Regions) -> Self:
        return cls(picture, regions, regions.boxes_unit * sides(regions.size_px))


class RegionFile:
    """Which pictures a file holds; their regions are read when asked for. Threads may share it."""

    def __init__(
        self,
        path: Path,
        layout: str,
        pictures: Sequence[str],
        at: Callable[[int], RegionRow],
        newline: str = "",
    ) -> None:
        """at: the row of a place. newline: what ends a line of a text file."""
        self.path = path
        self.layout = layout
        self.pictures = pictures
        self.newline = newline
        self._at = at
        self._places = {picture: place for place, picture in enumerate(pictures)}

    def __len__(self) -> int:
        return len(self.pictures)

    def __contains__(self, picture: str) -> bool:
        return picture in self._places

    def __getitem__(self, picture: str) -> Regions:
        """Raises DatasetError for a picture that is not in the file."""
        if picture not in self._places:
            known = ", ".join(self.pictures[:3]) or "none"
            raise DatasetError(
                f"{self.path} has no regions of the picture {picture!r}; "
                f"it has {len(self)} pictures: {known}{', ...' if len(self) > 3 else ''}."
            )
        return self._at(self._places[picture]).regions

    def rows(self) -> Iterator[RegionRow]:
        """All rows in the order of the file, one in memory at a time."""
        return (self._at(place) for place in range(len(self)))


def sides(size_px: tuple[int, int]) -> np.ndarray:
    """What boxes in shares of a picture are multiplied by to be in pixels."""
    return np.array([*size_px, *size_px], np.float32)
