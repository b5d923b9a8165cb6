"""How large a visitor's file may be: each uploader states it, and the server holds to it."""

from pathlib import PurePath

from streamlit.runtime.uploaded_file_manager import UploadedFile

from lxmert_viz.errors import DatasetError
from lxmert_viz.picture import PICTURE_ENDINGS
from lxmert_viz.places import is_public

MEGABYTE = 2**20
PICTURE_MB = 30
LABELS_MB = 20  # a table beside a dataset
ANALYSIS_MB = 100  # that was kept
DATASET_MB = 500  # of one file; the public brings none


def megabytes_for(name: str) -> int:
    """Of a file by its name, whichever uploader it is for."""
    if PurePath(name).suffix.lower() in PICTURE_ENDINGS:
        return PICTURE_MB
    return ANALYSIS_MB if is_public() else DATASET_MB


def content(given: UploadedFile, megabytes: int) -> bytes:
    """Raises DatasetError where it is larger: a browser that is not ours may send what it likes."""
    if given.size > megabytes * MEGABYTE:
        raise DatasetError(
            f"{given.name} has {given.size / MEGABYTE:.0f} MB; at most {megabytes} are read here."
        )
    return given.getvalue()
