"""Runs and datasets that the page offers: below the folder that the server was started with."""

import base64
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from lxmert_viz import checkpoints
from lxmert_viz.dataset.board import Board
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset, question_file
from lxmert_viz.dataset.run_folder import MANIFEST, TABLE
from lxmert_viz.dataset.tables import ENDINGS
from lxmert_viz.errors import DatasetError, PictureError
from lxmert_viz.picture import as_jpeg
from lxmert_viz.places import ASSETS, DATA_VARIABLE
from lxmert_viz.ui import resources
from lxmert_viz.ui.evaluations import Evaluations, Report

STUDY = "study"
DEPTH = 3  # folders below the data folder that are looked into
NOTHING = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def data_folder() -> Path:
    asked = os.environ.get(DATA_VARIABLE)
    return Path(asked) if asked else Path.home() / ".cache" / "lxmert-viz" / "data"


def run_names() -> list[str]:
    """Finished and unfinished runs, the last one first, by their place below the data folder."""
    folder = data_folder()
    patterns = ("*/" * depth + MANIFEST for depth in range(1, DEPTH + 1))
    found = [path for pattern in patterns for path in folder.glob(pattern)]
    found.sort(key=lambda path: -path.stat().st_mtime)
    return [path.parent.relative_to(folder).as_posix() for path in found]


def dataset_names() -> list[str]:
    """The shipped study set, then every folder with a file of questions."""
    folder = data_folder()
    patterns = ("*/" * depth for depth in range(1, DEPTH))
    found = sorted(path for pattern in patterns for path in folder.glob(pattern))
    runs = {folder / name for name in run_names()}
    offered = [
        path.relative_to(folder).as_posix()
        for path in found
        if not runs & {path, *path.parents} and question_file(path)
    ]
    return [STUDY, *offered]


def is_whole(name: str) -> bool:
    return (data_folder() / name / TABLE).is_file()


def board(name: str) -> Board:
    """Raises DatasetError for a name that is no finished run."""
    if name not in run_names():
        raise DatasetError(f"There is no run {name!r} in {data_folder()}.")
    table = data_folder() / name / TABLE
    made = table.stat().st_mtime_ns if table.exists() else 0
    return _board(str(data_folder() / name), made)


@st.cache_resource(max_entries=4, show_spinner=False)
def _board(folder: str, made: int) -> Board:
    """made: when, so that a run that was made anew is read anew."""
    return Board(Path(folder))


@st.cache_resource(show_spinner=False)
def evaluations() -> Evaluations:
    return Evaluations()


def run_name(dataset: str, model: str) -> str:
    """The folder that a run begun on the page goes to."""
    safe = re.sub(r"[^\w.-]+", "-", f"{dataset}-{model}")
    return f"runs/{safe}"


def read(dataset: str, columns: Mapping[str, str] | None) -> Dataset:
    """A dataset that is offered; columns: what a table's hold. Raises DatasetError."""
    return open_dataset(_folder_of(dataset), columns=columns)


def table_in(dataset: str) -> Path | None:
    """The table of a dataset's examples; None where they are in another layout."""
    file = question_file(_folder_of(dataset))
    return file if file and file.suffix in ENDINGS else None


def begin(dataset: str, model: str, columns: Mapping[str, str] | None = None) -> str:
    """Starts or goes on with a run in the background; gives its name."""
    name = run_name(dataset, model)
    evaluations().start(name, _work(dataset, columns, model, data_folder() / name))
    return name


def _folder_of(dataset: str) -> Path:
    return ASSETS / "study" if dataset == STUDY else data_folder() / dataset


def _work(
    name: str, columns: Mapping[str, str] | None, model: str, folder: Path
) -> Callable[[Report], object]:
    def work(report: Report) -> object:
        from lxmert_viz.runs.evaluation import Settings, evaluate

        dataset = read(name, columns)
        pipeline = resources.pipeline(model)
        return evaluate(pipeline, checkpoints.find(model), dataset, folder, Settings(), report)

    return work


def picture_of(row: dict[str, object]) -> bytes:
    """The picture of a row. Raises PictureError where it is not below a folder of ours."""
    named = str(row["picture_file"] or "")
    path = Path(named).resolve()
    allowed = [ASSETS.resolve(), data_folder().resolve()]
    if not named or not any(path.is_relative_to(folder) for folder in allowed):
        raise PictureError(
            f"The picture {row['picture']!r} does not lie in {data_folder()}, so it is not shown: "
            "start the server with --data and the folder that holds it."
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path} cannot be read ({error.strerror}).") from error


def is_shipped(row: dict[str, object]) -> bool:
    return Path(str(row["picture_file"])).resolve().is_relative_to(ASSETS.resolve())


def thumbnail_of(row: dict[str, object]) -> str:
    """The row's picture as an address for an image column; an empty one where there is none."""
    try:
        return _thumbnail(picture_of(row))
    except PictureError:
        return NOTHING


@st.cache_data(max_entries=2000, show_spinner=False)
def _thumbnail(picture: bytes) -> str:
    small = as_jpeg(picture, 112)
    return f"data:image/jpeg;base64,{base64.b64encode(small).decode()}"
