"""Sizes of pictures, for region files that do not say them."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from lxmert_viz.errors import MachineError, PictureError, RegionError
from lxmert_viz.picture import size_px
from lxmert_viz.region_files.picture_ids import PictureIndex


class Sizes:
    """Width and height by any name of a picture, from its file."""

    def __init__(self, pictures: Mapping[str, Path]) -> None:
        self._pictures = pictures

    def __call__(self, picture: str) -> tuple[int, int]:
        """In pixels, upright. Raises RegionError for a picture that is not there, or broken, and
        MachineError for one that cannot be read."""
        found = self._index.find(picture)
        if found is None:
            raise RegionError(
                f"it does not say the size of the picture, and the picture {picture!r} is not here "
                "either; name the folder that has it: --pictures FOLDER"
            )
        path = self._pictures[found]
        try:
            return size_px(path.read_bytes())
        except OSError as error:
            raise MachineError(f"{path} cannot be read ({error.strerror}).") from error
        except PictureError as error:
            raise RegionError(f"{path} tells no size: {error}") from error

    @cached_property
    def _index(self) -> PictureIndex:
        return PictureIndex(self._pictures)
