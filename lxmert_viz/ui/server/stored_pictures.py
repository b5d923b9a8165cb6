"""Pictures whose regions lie in files: what a checkpoint without a detector can be asked about."""

from pathlib import Path

import streamlit as st

from lxmert_viz.checkpoints.folder import find, missing_detector_files
from lxmert_viz.errors import DatasetError
from lxmert_viz.picture import Picture, blank
from lxmert_viz.records import Regions
from lxmert_viz.runs.stored import StoredRegions
from lxmert_viz.ui.server import lenses, models
from lxmert_viz.ui.server.variant import Stored


def has_detector(model: str) -> bool:
    """Told by the files alone, before the checkpoint is opened."""
    return not missing_detector_files(find(model))


def files(model: str) -> dict[str, str]:
    """What to call each file of regions that fits -> its path."""
    return {label: path for path, label in lenses.banks(model).items()}


def named(model: str, name: str) -> list[str]:
    """What files with this name are called."""
    return [label for label, path in files(model).items() if Path(path).name == name]


def place(path: str, picture: str) -> Stored:
    return Stored(path, picture, lenses.changed(path))


def pictures(model: str, path: str) -> tuple[str, ...]:
    """The ids that a file has."""
    return _opened(model, path).pictures


def regions(model: str, stored: Stored) -> Regions:
    """Raises DatasetError."""
    return _opened(model, stored.file).of(stored.picture)


def picture(model: str, stored: Stored) -> Picture:
    """The picture beside the file; grey in its size where it is not there. Raises DatasetError."""
    beside = lenses.picture_beside(stored.file, stored.picture)
    if beside is not None:
        return Picture.of(beside.read_bytes())
    return Picture.of(blank(regions(model, stored).size_px, stored.picture))


def _opened(model: str, path: str) -> StoredRegions:
    """Raises DatasetError, also for a file that is not offered: a link may name any."""
    if path not in lenses.banks(model):
        raise DatasetError(f"{Path(path).name!r} is no file of regions in the data folder.")
    return _open(models.pipeline(model).digest, path, lenses.changed(path), model)


@st.cache_resource(max_entries=8, show_spinner=False)
def _open(content: str, path: str, written: int, _model: str) -> StoredRegions:
    return StoredRegions(models.pipeline(_model), Path(path))
