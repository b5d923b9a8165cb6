"""Regions of many pictures, looked for ahead while the network answers."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from itertools import groupby, islice
from pathlib import Path

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.detector.speed import FULL
from lxmert_viz.errors import (
    DatasetError,
    DeviceError,
    LxmertVizError,
    MachineError,
    PictureError,
)
from lxmert_viz.picture import crop_px as cut_out
from lxmert_viz.pipeline import Pair, Pipeline
from lxmert_viz.records import Example, Regions
from lxmert_viz.region_files.cache import RegionCache
from lxmert_viz.region_files.opening import open_regions
from lxmert_viz.region_files.rows import NameOf, Origin
from lxmert_viz.region_files.sizes import Sizes
from lxmert_viz.runs.ahead import made_ahead
from lxmert_viz.runs.region_shards import LookedFirst
from lxmert_viz.runs.regions import bytes_of
from lxmert_viz.runs.stored import fitting

AHEAD = 8  # pictures looked at before they are asked about
WORKERS = 2
CHECKED = 8  # rows of a region file, until one can be read
Seen = Regions | Pair | LxmertVizError  # what an example shows, or why there is nothing to see
Row = tuple[Example, Seen]
Box = tuple[float, ...]  # xyxy
Part = tuple[str, Box | None]  # a picture's id, and the box in pixels that is cut out
STORED_WHOLE = (
    "This row is about a part of the picture {!r}, and the region file has the whole: without it, "
    "the detector looks at the part (--look)."
)


class Looker:
    """Gives regions by picture id, from the dataset's region file or by looking."""

    def __init__(
        self,
        pipeline: Pipeline,
        dataset: Dataset,
        profile: str,
        name_of: NameOf,
        cache: Path | None = None,
        first: LookedFirst | None = None,
    ) -> None:
        """cache: a folder, as `looking` has it. first: what is known of the pictures already."""
        self._pipeline, self._look_at = pipeline, looking(pipeline, profile, cache)
        self.turn_to(dataset)
        self._first, file = first, dataset.region_file
        origin = Origin(
            "region file",
            name_of,
            boxes=dataset.region_boxes,
            size_of=lambda picture: self._sizes(picture),
        )
        self._file = None if file is None else open_regions(file, origin)

    def turn_to(self, dataset: Dataset) -> None:
        """What is shown from now on: other pictures, with the same region file or none."""
        self.dataset, self._sizes = dataset, Sizes(dataset.pictures)

    def shown(self, examples: Sequence[Example]) -> Iterator[Row]:
        """Each example with what it shows; neighbours with the same picture share it.

        The next pictures are looked at meanwhile. Close it when not all examples are wanted.
        """
        groups = [(parts, list(group)) for parts, group in groupby(examples, parts_shown)]
        parts_of_all = (part for parts, _ in groups for part in parts)
        with closing(made_ahead(self._look, parts_of_all, workers=WORKERS, ahead=AHEAD)) as views:
            for parts, group in groups:
                seen = _together([next(views) for _ in parts])
                for example in group:
                    yield example, seen

    def check(self) -> None:
        """Raises DatasetError for a region file that another detector made.

        And CheckpointError where there is neither a region file nor a detector.
        """
        if self._file is None and not self._pipeline.has_detector:
            self._pipeline.look(b"")  # says what to do
        for picture in islice(self.dataset.region_ids.values(), CHECKED):
            try:
                regions = self._file[picture]
            except (DatasetError, MachineError):  # a broken row is that picture's error
                continue
            fitting(self._pipeline, regions)
            return

    def _look(self, part: Part) -> Regions | LxmertVizError:
        try:
            return self._regions(*part)
        except DeviceError:  # no other picture can be looked at either
            raise
        except LxmertVizError as error:
            return error

    def _regions(self, picture: str, crop_px: Box | None) -> Regions:
        dataset = self.dataset
        if crop_px is not None and picture in dataset.region_ids:
            raise DatasetError(STORED_WHOLE.format(picture))
        if picture in dataset.picture_faults:
            raise DatasetError(dataset.picture_faults[picture])
        if picture in dataset.region_ids:
            return fitting(self._pipeline, self._file[dataset.region_ids[picture]])
        if picture in dataset.region_faults:
            raise DatasetError(dataset.region_faults[picture])
        if dataset.region_file is not None and not dataset.looks_for_missing:
            raise DatasetError(
                f"{dataset.region_file.name} has no regions of the picture {picture!r}; with "
                "--look-for-missing the detector looks at it."
            )
        path = dataset.pictures.get(picture)
        if path is None:
            raise PictureError(f"There is no picture {picture!r} here, nor are there its regions.")
        if crop_px is not None:
            return self._look_at(cut_out(bytes_of(path), crop_px))
        known = None if self._first is None else self._first.of(picture)
        return self._look_at(bytes_of(path)) if known is None else known


def looking(
    pipeline: Pipeline, profile: str, cache: Path | None = None
) -> Callable[[bytes], Regions]:
    """What is found in a picture. cache: a folder that keeps it, also for other runs."""
    kept = None if cache is None else RegionCache(cache, max_bytes=sys.maxsize)

    def look(content: bytes) -> Regions:
        if kept is None:
            return pipeline.look(content, profile)
        facts: dict[str, object] = {
            "picture": sha256(content).hexdigest(),
            "detector": pipeline.detector_digest,
            "profile": profile,
            **({} if pipeline.precision == FULL else {"precision": pipeline.precision}),
        }
        return kept.found(facts, lambda: pipeline.look(content, profile))

    return look


def parts_shown(example: Example) -> tuple[Part, ...]:
    """What is looked at: pictures, or a part of one."""
    return tuple((picture, example.crop_px) for picture in pictures_of(example))


def pictures_of(example: Example) -> tuple[str, ...]:
    """One picture, or NLVR2's two."""
    return tuple(filter(None, (example.picture, example.second_picture)))


def _together(seen: Sequence[Regions | LxmertVizError]) -> Seen:
    """What is wrong with one picture is wrong with both."""
    wrong = next((view for view in seen if isinstance(view, LxmertVizError)), None)
    if wrong is not None:
        return wrong
    return seen[0] if len(seen) == 1 else (seen[0], seen[1])
