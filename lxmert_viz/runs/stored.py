"""Regions that were stored in a file, for one checkpoint, by the names that people write."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Regions
from lxmert_viz.region_files.opening import open_regions
from lxmert_viz.region_files.picture_ids import PictureIndex
from lxmert_viz.region_files.rows import Origin
from lxmert_viz.region_files.sizes import Sizes

if TYPE_CHECKING:  # torch takes seconds, and the page should stand before
    from lxmert_viz.pipeline import Pipeline


class StoredRegions:
    """A region file of any layout. Many threads may ask at once."""

    def __init__(
        self, pipeline: "Pipeline", path: Path, boxes: str = "", pictures: Iterable[Path] = ()
    ) -> None:
        """boxes: what they are, one of frames.FRAMES; "": as the layout has them.

        pictures: which tell their size where the file does not. Raises DatasetError.
        """
        self._pipeline = pipeline
        sizes = Sizes({path.as_posix(): path for path in pictures})
        origin = Origin("region file", pipeline.region_names.of, boxes=boxes, size_of=sizes)
        self._file = open_regions(path, origin)
        self._index = PictureIndex(self._file.pictures)

    @property
    def pictures(self) -> tuple[str, ...]:
        """The ids that the file has."""
        return tuple(self._file.pictures)

    def of(self, picture: str) -> Regions:
        """picture: its id, or a path of it. Raises DatasetError, also for another detector's."""
        found = self._index.find(picture, any_folder=True)
        return fitting(self._pipeline, self._file[picture if found is None else found])


def fitting(pipeline: "Pipeline", regions: Regions) -> Regions:
    """The same, where they have the features that the network takes. Raises DatasetError."""
    size = pipeline.network.config.visual_feat_dim
    if not len(regions):  # a row without regions does not tell
        return replace(regions, feats=np.zeros((0, size), np.float32))
    if regions.feats.shape[1] != size:
        remedy = "Name a file that was made with this checkpoint's kind of detector"
        if pipeline.has_detector:
            remedy = "Ask for --regions look, so that the pictures are looked at instead"
        raise DatasetError(
            f"The region file has {regions.feats.shape[1]} features a region and {pipeline.name} "
            f"takes {size}: another detector made it. {remedy}."
        )
    return regions
