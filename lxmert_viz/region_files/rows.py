"""One picture's regions as files hold them, and a file of them, opened."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np

from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Regions
from lxmert_viz.region_files.picture_ids import PictureIndex

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
        """pictures: one a row. at: the row of a place. newline: what ends a line of a text file."""
        self.path = path
        self.layout = layout
        self.pictures = pictures
        self.newline = newline
        self._at = at
        self._places: dict[str, int] = {}
        self.again: dict[str, list[int]] = {}  # pictures that stand twice -> their later places
        for place, picture in enumerate(pictures):
            if self._places.setdefault(picture, place) != place:
                self.again.setdefault(picture, []).append(place)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __contains__(self, picture: str) -> bool:
        return picture in self._places or self.index.find(picture) is not None

    def __getitem__(self, picture: str) -> Regions:
        """By any name of the picture, as picture_ids has it. Raises DatasetError for a picture
        that is not in the file, or may be several, and for regions that cannot be read."""
        found = picture if picture in self._places else self.index.find(picture)
        if found is None:
            known = ", ".join(islice(self, 3)) or "none"
            raise DatasetError(
                f"{self.path} has no regions of the picture {picture!r}; "
                f"it has {len(self)} pictures: {known}{', ...' if len(self) > 3 else ''}."
            )
        return self.row(found).regions

    @cached_property
    def index(self) -> PictureIndex:
        return PictureIndex(self)

    def row(self, picture: str) -> RegionRow:
        """Of one of the names in the file; of rows for one picture a whole one.

        Raises DatasetError where none is whole, and where whole ones differ.
        """
        places = [self._places[picture], *self.again.get(picture, ())]
        whole: list[RegionRow] = []
        for place in places:
            try:
                whole.append(self._at(place))
            except DatasetError:
                if place == places[-1] and not whole:
                    raise
        if any(not _same(whole[0].regions, other.regions) for other in whole[1:]):
            raise DatasetError(
                f"{self.path} has {picture!r} {len(places)} times, with different regions (rows "
                f"{', '.join(str(place + 1) for place in places[:4])}): keep one of them."
            )
        return whole[0]

    def rows(self) -> Iterator[RegionRow]:
        """A row a picture in the order of the file, one in memory at a time."""
        return map(self.row, self)


def _same(some: Regions, others: Regions) -> bool:
    return some.size_px == others.size_px and all(
        np.array_equal(getattr(some, name), getattr(others, name), equal_nan=True)
        for name in ("boxes_unit", "feats")
    )


def sides(size_px: tuple[int, int]) -> np.ndarray:
    """What boxes in shares of a picture are multiplied by to be in pixels."""
    return np.array([*size_px, *size_px], np.float32)
