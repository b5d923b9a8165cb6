"""The regions of a whole folder of pictures."""

import re
from pathlib import Path

from lxmert_viz.errors import DatasetError
from lxmert_viz.picture import PICTURE_ENDINGS
from lxmert_viz.region_files.picture_ids import pictures_below

UNFIT = re.compile(r"[\t\r\n\ud800-\udfff]")  # in a line of a text file


def pictures_in(folder: Path) -> dict[str, Path]:
    """Pictures of a folder and the folders in it, by their ids. Raises DatasetError for none."""
    pictures = pictures_below(folder)
    if not pictures:
        raise DatasetError(f"{folder} holds no pictures ({', '.join(PICTURE_ENDINGS)}).")
    return pictures
