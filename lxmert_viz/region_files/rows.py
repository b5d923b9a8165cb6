"""One picture's regions as files hold them, and a file of them, opened."""

import struct
import tokenize
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
from safetensors import SafetensorError

from lxmert_viz import pickled
from lxmert_viz.box_frames import CORNERS, boxes_px_of, numbers, sides
from lxmert_viz.errors import ARCHIVE_ERRORS, DatasetError, MachineError, RegionError
from lxmert_viz.pickled import RefusedGlobal
from lxmert_viz.records import TRAINED_PROFILE, UNNAMED, Regions
from lxmert_viz.region_files.picture_ids import PictureIndex

NameOf = Callable[[int, int], str]  # object and attribute label -> a region's name
SizeOf = Callable[[str], tuple[int, int]]  # a picture's id -> its width and height in pixels
LOOKED_AT = 8  # rows that tell what a file is
DAMAGE = (  # what the libraries raise that read damaged files
    *ARCHIVE_ERRORS,
    *pickled.DAMAGE,
    pa.ArrowException,
    SafetensorError,
    SyntaxError,
    struct.error,
    tokenize.TokenError,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """What published files do not say of themselves."""

    detector: str = "unknown"
    name_of: NameOf = "attribute {1}, object {0}".format
    profile: str = TRAINED_PROFILE
    boxes: str = ""  # what they are, one of frames.FRAMES; "": as the layout has them
    size_of: SizeOf | None = None  # of pictures whose size a file does not say

    def name(self, object_id: int, attribute_id: int) -> str:
        """What a region with these labels is called."""
        return UNNAMED if object_id < 0 else self.name_of(object_id, attribute_id)


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A picture's id and regions; boxes in pixels too, because dividing them loses a last bit."""

    picture: str
    regions: Regions
    boxes_px: np.ndarray  # (R, 4) float32 xyxy

    @classmethod
    def of(cls, picture: str, regions: Regions) -> Self:
        return cls(picture, regions, regions.boxes_unit * sides(regions.size_px))

    @classmethod
    def from_arrays(
        cls,
        picture: str,
        boxes: np.ndarray,
        feats: np.ndarray,
        size_px: tuple[int, int],
        origin: Origin,
        boxes_are: str = CORNERS,
        **labels: np.ndarray,
    ) -> Self:
        """As published files have them. boxes_are: unless the origin says it. labels: object_ids,
        attribute_ids, scores, attribute_scores. Raises RegionError."""
        boxes, frame = numbers(boxes, "boxes", (0, 4)), origin.boxes or boxes_are
        made_by = {"detector": origin.detector, "profile": origin.profile}
        found = Regions.from_arrays(boxes, feats, size_px, boxes_are=frame, **made_by, **labels)
        names = tuple(map(origin.name, found.object_ids.tolist(), found.attribute_ids.tolist()))
        boxes_px = boxes_px_of(boxes, found.boxes_unit, frame, size_px)
        return cls(picture, replace(found, names=names), boxes_px)


class RegionFile:
    """Which pictures a file holds; their regions are read when asked for. Threads may share it."""

    def __init__(
        self,
        path: Path,
        layout: str,
        pictures: Sequence[str],
        at: Callable[[int], RegionRow],
        newline: str = "",
        where: Callable[[int], str] | None = None,
    ) -> None:
        """pictures: one a row. at: the row of a place; it may raise RegionError and DAMAGE.
        newline: what ends a line of a text file. where: what to call a place; else its picture."""
        self.path = path
        self.layout = layout
        self.pictures = pictures
        self.newline = newline
        self._at = at
        self._where = where or (lambda place: f"picture {pictures[place]!r}")
        self._places: dict[str, int] = {}
        self.again: dict[str, list[int]] = {}  # pictures that stand twice -> their later places
        for place, picture in enumerate(pictures):
            if self._places.setdefault(picture, place) != place:
                self.again.setdefault(picture, []).append(place)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        """The pictures' names, each once."""
        return iter(self._places)

    def keys(self) -> Iterable[str]:
        return self._places.keys()

    def __contains__(self, picture: str) -> bool:
        return picture in self._places or self.index.find(picture) is not None

    def __getitem__(self, picture: str) -> Regions:
        """By any name of the picture, as picture_ids has it. Raises DatasetError for a picture
        that is not in the file, or may be several, and for regions that cannot be read."""
        if not isinstance(picture, str):
            raise TypeError(f"a picture's name is text, not {picture!r}; list(...) has all names")
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
                whole.append(self._checked(place))
            except DatasetError:
                if place == places[-1] and not whole:
                    raise
        if any(not _same(whole[0].regions, other.regions) for other in whole[1:]):
            raise DatasetError(
                f"{self.path} has {picture!r} {len(places)} times, with different regions (rows "
                f"{', '.join(str(place + 1) for place in places[:4])}): keep one of them."
            )
        return whole[0]

    def _checked(self, place: int) -> RegionRow:
        """Every row of every layout comes this way."""
        try:
            row = self._at(place)
            self._check_size(row.regions.checked().feats)
            return row
        except DAMAGE as error:  # a RegionError too
            raise RegionError(f"{self.path}, {self._where(place)}: {why(error)}.") from error

    def _check_size(self, feats: np.ndarray) -> None:
        size, usual = feats.shape[1], self._feature_size
        if len(feats) and size != usual:
            raise RegionError(
                f"it has {size:,} features a region, and others of this file {usual:,}: it is cut, "
                "or of another detector"
            )

    @cached_property
    def _feature_size(self) -> int:
        """The largest of the first rows: what is cut has less."""
        largest = 0
        for place in range(min(LOOKED_AT, len(self.pictures))):
            try:
                feats = self._at(place).regions.feats
            except (DatasetError, MachineError, *DAMAGE):
                continue
            largest = max(largest, feats.shape[1] if len(feats) else 0)
        return largest

    def remarks(self) -> Iterator[str]:
        """What its first pictures tell a person who uses it."""
        whole: list[Regions] = []
        first = None
        for picture in islice(self, LOOKED_AT):
            try:
                whole.append(self.row(picture).regions)
            except (DatasetError, MachineError) as error:
                first = first or error
        if first is not None and not whole:
            count = min(LOOKED_AT, len(self))
            yield f"none of the first {count:,} pictures can be read, for one because {first}"
        if whole and all(regions.has_normalised_features for regions in whole):
            yield (
                "features all have length 1: they were normalised, and published checkpoints were "
                "trained on features as the detector gives them."
            )

    def rows(self) -> Iterator[RegionRow]:
        """A row a picture in the order of the file, one in memory at a time."""
        return map(self.row, self)


def why(error: Exception) -> str:
    """As the end of a sentence about a file."""
    told = str(error).strip().rstrip(".") or type(error).__name__
    is_told = isinstance(error, RegionError | RefusedGlobal)
    return told if is_told else f"it is damaged or cut short ({told})"


def _same(some: Regions, others: Regions) -> bool:
    return some.size_px == others.size_px and all(
        np.array_equal(getattr(some, name), getattr(others, name), equal_nan=True)
        for name in ("boxes_unit", "feats")
    )
