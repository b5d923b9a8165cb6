"""Regions that were stored in a file, for one checkpoint, by the names that people write."""

from pathlib import Path

from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from lxmert_viz.region_files.opening import open_regions
from lxmert_viz.region_files.picture_ids import PictureIndex
from lxmert_viz.region_files.rows import Origin


class StoredRegions:
    """A region file of any layout. Many threads may ask at once."""

    def __init__(self, pipeline: Pipeline, path: Path) -> None:
        """Raises DatasetError."""
        self._pipeline = pipeline
        self._file = open_regions(path, Origin("region file", pipeline.region_names.of))
        self._index = PictureIndex(self._file.pictures)

    def of(self, picture: str) -> Regions:
        """picture: its id, or a path of it. Raises DatasetError, also for another detector's."""
        found = self._index.find(picture, any_folder=True)
        regions = self._file[picture if found is None else found]
        check_size(self._pipeline, regions)
        return regions


def check_size(pipeline: Pipeline, regions: Regions) -> None:
    """Raises DatasetError for regions that another kind of detector made."""
    size = pipeline.network.config.visual_feat_dim
    if regions.feats.shape[1] != size:
        remedy = "Name a file that was made with this checkpoint's kind of detector"
        if pipeline.has_detector:
            remedy += ", or ask for --regions look, so that the pictures are looked at instead"
        raise DatasetError(
            f"The region file has {regions.feats.shape[1]} features a region and {pipeline.name} "
            f"takes {size}: another detector made it. {remedy}."
        )
