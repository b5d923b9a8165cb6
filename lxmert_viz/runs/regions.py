"""The regions of a whole folder of pictures."""

import re
from pathlib import Path

from lxmert_viz.errors import DatasetError
from lxmert_viz.picture import PICTURE_ENDINGS

UNFIT = re.compile(r"[\t\r\n\ud800-\udfff]")  # in a line of a text file


def pictures_in(folder: Path) -> list[Path]:
    """Pictures of a folder and the folders in it, in the order of their names."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_ENDINGS)
    if not paths:
        raise DatasetError(f"{folder} holds no pictures ({', '.join(PICTURE_ENDINGS)}).")
    return paths
