"""Runs and datasets that the page offers: below the folder that the server was started with.

What a visitor handed over, and runs on it, are offered to that visitor alone.
"""

import base64
import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import count
from pathlib import Path

import streamlit as st

from lxmert_viz.checkpoints.folder import find
from lxmert_viz.dataset.datasets import PICTURE_ENDINGS, Dataset, pictures_below
from lxmert_viz.dataset.opening import candidates, open_dataset, question_file
from lxmert_viz.dataset.tables import ENDINGS
from lxmert_viz.errors import DatasetError, PictureError
from lxmert_viz.picture import as_jpeg
from lxmert_viz.places import ASSETS, data_folder
from lxmert_viz.results.board import Board
from lxmert_viz.results.run_folder import MANIFEST, TABLE
from lxmert_viz.ui import own_data, resources
from lxmert_viz.ui.evaluations import Evaluations, Report
from lxmert_viz.whole_files import write_json

STUDY = "study"
DEPTH = 3  # folders below the data folder that are looked into
NOTHING = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is begun with, kept beside its folder so that anyone can go on with it."""

    dataset: str  # of dataset_names
    model: str
    columns: dict[str, str] | None = None  # what a table's columns hold
    asked: str = ""  # of every picture, where there are only pictures; a question a line


def run_names() -> list[str]:
    """Finished and unfinished runs, the last one first, by their place below the data folder."""
    folder = data_folder()
    found = [path / MANIFEST for path in _folders() if _is_run(path)]
    for key in own_data.known():
        found += (folder / own_data.runs_of(key)).glob(f"*/{MANIFEST}")
    found.sort(key=lambda path: -path.stat().st_mtime)
    return [path.parent.relative_to(folder).as_posix() for path in found]


def dataset_names() -> list[str]:
    """What was handed over, the shipped study set, then every folder with questions or pictures."""
    offered: list[Path] = []
    for path in _folders():
        if not _is_run(path) and (
            question_file(path) or _shows(path, {*offered} & {*path.parents})
        ):
            offered.append(path)
    return [
        *(name for key in own_data.known() for name in _own(key)),
        STUDY,
        *(path.relative_to(data_folder()).as_posix() for path in offered),
    ]


def _folders() -> list[Path]:
    """Those of the data folder that may be runs or datasets, a folder before those in it."""
    top = data_folder()
    found, level = [], [path for path in _folders_in(top) if path.name != own_data.FOLDER]
    for _ in range(DEPTH):
        found += level
        level = [inner for path in level if not _is_run(path) for inner in _folders_in(path)]
    return sorted(found)


def _folders_in(folder: Path) -> tuple[Path, ...]:
    try:
        return _folders_then(folder, folder.stat().st_mtime_ns)
    except OSError:  # not there, or gone meanwhile
        return ()


@lru_cache(maxsize=10_000)
def _folders_then(folder: Path, changed: int) -> tuple[Path, ...]:
    """changed: when; a folder of very many pictures is listed once."""
    with os.scandir(folder) as entries:
        return tuple(Path(entry.path) for entry in entries if entry.is_dir())


def _is_run(folder: Path) -> bool:
    return (folder / MANIFEST).is_file()


def _own(key: str) -> list[str]:
    """One name where it is plain what holds the questions, else one for each that may."""
    name = own_data.files_of(key)
    folder = data_folder() / name
    if question_file(folder) or not candidates(folder):
        return [name]
    return [f"{name}/{path.name}" for path in candidates(folder)]


def _shows(folder: Path, offered_above: set[Path]) -> bool:
    """Whether a folder holds pictures that belong to no dataset above it."""
    return not offered_above and any(p.suffix.lower() in PICTURE_ENDINGS for p in folder.iterdir())


def title_of(dataset: str) -> str:
    key = own_data.key_in(dataset)
    if not key:
        return "study set (shipped)" if dataset == STUDY else dataset
    file = dataset.removeprefix(own_data.files_of(key)).lstrip("/")
    return f"yours: {own_data.store().title(key)}" + (f", {file}" if file else "")


def title_of_run(name: str) -> str:
    key = own_data.key_in(name)
    return f"yours: {own_data.store().title(key)}, {Path(name).name}" if key else name


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


def read(wanted: Wanted) -> Dataset:
    """Raises DatasetError."""
    texts = wanted.asked.splitlines()
    dataset = open_dataset(_path_of(wanted.dataset), columns=wanted.columns, asked=texts)
    key = own_data.key_in(wanted.dataset)
    left_out = own_data.store().left_out(key) if key else []
    return replace(dataset, remarks=(*left_out, *dataset.remarks))


def table_in(dataset: str) -> Path | None:
    """The table of a dataset's examples; None where they are in another layout."""
    path = _path_of(dataset)
    file = question_file(path) if path.is_dir() else path
    return file if file and file.suffix in ENDINGS else None


def is_only_pictures(dataset: str) -> bool:
    path = _path_of(dataset)
    return path.is_dir() and not candidates(path) and bool(pictures_below(path))


def begin(wanted: Wanted) -> str:
    """Starts or goes on with a run in the background; gives its name."""
    name = _name_for(wanted)
    key = own_data.key_in(name)
    if key:
        own_data.store().use(key)
    path = _begun_at(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(wanted))
    evaluations().start(name, _work(wanted, data_folder() / name))
    return name


def begun(name: str) -> Wanted | None:
    """What a run was begun with; None for one that the page did not begin."""
    path = _begun_at(name)
    try:
        return Wanted(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _begun_at(name: str) -> Path:
    return data_folder() / f"{name}.begun.json"


def _name_for(wanted: Wanted) -> str:
    """The folder of the same run, or one that no other wish has."""
    key = own_data.key_in(wanted.dataset)
    folder, begins = (own_data.runs_of(key), "") if key else ("runs", f"{wanted.dataset}-")
    safe = re.sub(r"[^\w.-]+", "-", f"{begins}{wanted.model}")
    base = f"{folder}/{safe}"
    names = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return next(n for n in names if begun(n) == wanted or not (data_folder() / n).exists())


def _path_of(dataset: str) -> Path:
    return ASSETS / "study" if dataset == STUDY else data_folder() / dataset


def _work(wanted: Wanted, folder: Path) -> Callable[[Report], object]:
    def work(report: Report) -> object:
        from lxmert_viz.runs.evaluation import evaluate
        from lxmert_viz.runs.manifest import Settings

        dataset = read(wanted)
        pipeline = resources.pipeline(wanted.model)
        where = find(wanted.model)
        return evaluate(pipeline, where, dataset, folder, Settings(), report)

    return work


def picture_of(row: dict[str, object], which: str = "picture") -> bytes:
    """which: or "second_picture", of a row that has one.

    Raises PictureError where it is not below a folder of ours.
    """
    named = str(row[f"{which}_file"] or "")
    path = Path(named).resolve()
    allowed = [ASSETS.resolve(), data_folder().resolve()]
    if not named or not any(path.is_relative_to(folder) for folder in allowed):
        raise PictureError(
            f"The picture {row[which]!r} does not lie in {data_folder()}, so it is not shown: "
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
