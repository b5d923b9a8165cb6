"""Runs and datasets that the page offers: below the folder that the server was started with.

What a visitor handed over, and runs on it, are offered to that visitor alone.
"""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from lxmert_viz.analysis.slices import Slice, suggest
from lxmert_viz.checkpoints.folder import find
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import Source, open_source
from lxmert_viz.errors import DatasetError, PictureError
from lxmert_viz.picture import Picture, as_jpeg, crop_px
from lxmert_viz.places import ASSETS, data_folder
from lxmert_viz.records import Report
from lxmert_viz.results.board import Board
from lxmert_viz.results.opening import open_run
from lxmert_viz.results.row import Row
from lxmert_viz.results.run_folder import TABLE
from lxmert_viz.results.two_runs import TwoRuns
from lxmert_viz.ui.server import models, own_data
from lxmert_viz.ui.server.catalogue import BEGUN, path_of, run_names
from lxmert_viz.ui.server.jobs import Work, evaluations
from lxmert_viz.ui.server.pictures import BY_DIGEST
from lxmert_viz.whole_files import write_json

NOTHING = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is begun with, kept beside its folder so that anyone can go on with it."""

    dataset: str  # of dataset_names
    model: str
    columns: dict[str, str] | None = None  # what a table's columns hold
    asked: str = ""  # of every picture, where there are only pictures; a question a line


@dataclass(frozen=True)
class Internals:
    """What a run kept of the network's inside, row by row."""

    places: dict[str, int]  # example's id -> row
    states: np.ndarray  # (N, D)
    statistics: dict[str, np.ndarray]  # "entropy lang" -> (N, L*H), rows of NaN where not known


def board(name: str) -> Board:
    """Raises DatasetError for a name that is no finished run."""
    if name not in run_names():
        raise DatasetError(f"There is no run {name!r} in {data_folder()}.")
    return _board(*_run(data_folder() / name))


@st.cache_resource(max_entries=4, show_spinner=False)
def _board(folder: str, made: int) -> Board:
    return open_run(folder)


def pair(before: str, after: str) -> TwoRuns:
    """Raises DatasetError for runs that cannot be compared."""
    return _pair(*(_run(data_folder() / name) for name in (before, after)))


@st.cache_resource(max_entries=4, show_spinner=False)
def _pair(before: tuple[str, int], after: tuple[str, int]) -> TwoRuns:
    return TwoRuns(Path(before[0]), Path(after[0]))


def internals(of: Board) -> Internals | None:
    """None where nothing was kept."""
    return _internals(*_run(of.run.path), of)


@st.cache_resource(max_entries=2, show_spinner="Reading what the run kept of the network")
def _internals(folder: str, made: int, _board: Board) -> Internals | None:
    table = _board.run.internals()
    if table is None:
        return None
    places = {name: place for place, name in enumerate(table.pop("question_id"))}
    columns = {name: _matrix(table[name]) for name in table}
    return Internals(places, columns.pop("state"), columns)


def suggestions(of: Board, names: Sequence[str]) -> list[Slice] | None:
    """Slices weaker than the rest, of these columns; None where nothing is scored."""
    filled = set(of.filled())
    return _suggestions(*_run(of.run.path), tuple(n for n in names if n in filled), of)


@st.cache_data(max_entries=4, show_spinner=False)
def _suggestions(
    folder: str, made: int, names: tuple[str, ...], _board: Board
) -> list[Slice] | None:
    rows = _board.frame(columns=["score", *names]).dropna(subset="score")
    score = rows.pop("score").to_numpy(np.float64)
    return suggest(rows, score) if len(rows) else None


def _run(folder: Path) -> tuple[str, int]:
    """A run and when its table was made, so that one that was made anew is read anew."""
    table = folder / TABLE
    return str(folder), table.stat().st_mtime_ns if table.exists() else 0


def read(wanted: Wanted) -> Dataset:
    """Raises DatasetError."""
    return _source(wanted).whole()


def _source(wanted: Wanted) -> Source:
    texts = wanted.asked.splitlines()
    source = open_source(path_of(wanted.dataset), columns=wanted.columns, asked=texts)
    key = own_data.key_in(wanted.dataset)
    return replace(source, remarks=tuple(own_data.store().left_out(key)) if key else ())


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
    return data_folder() / f"{name}{BEGUN}"


def _name_for(wanted: Wanted) -> str:
    """The folder of the same run, or one that no other wish has."""
    key = own_data.key_in(wanted.dataset)
    folder, begins = (own_data.runs_of(key), "") if key else ("runs", f"{wanted.dataset}-")
    safe = re.sub(r"[^\w.-]+", "-", f"{begins}{wanted.model}")
    base = f"{folder}/{safe}"
    names = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return next(n for n in names if begun(n) == wanted or not (data_folder() / n).exists())


def _work(wanted: Wanted, folder: Path) -> Work:
    def work(report: Report) -> tuple[str, ...]:
        from lxmert_viz.runs.evaluation import evaluate
        from lxmert_viz.runs.manifest import Settings

        source = _source(wanted)
        pipeline = models.pipeline(wanted.model)
        where = find(wanted.model)
        evaluate(pipeline, where, source, folder, Settings(), report)
        return ()

    return work


def picture_of(name: str | None, file: str | None, part: str | None = None) -> Picture:
    """name: the picture's id, as a row has it; file: where it lies; part: what is looked at of it.

    Raises PictureError where it is not below a folder of ours.
    """
    named = file or ""
    path = Path(named).resolve()
    allowed = [ASSETS.resolve(), data_folder().resolve()]
    if not named or not any(path.is_relative_to(folder) for folder in allowed):
        raise PictureError(
            f"The picture {name!r} does not lie in {data_folder()}, so it is not shown: "
            "start the server with --data and the folder that holds it."
        )
    try:
        content = path.read_bytes()
        return Picture.of(crop_px(content, list(map(float, part.split()))) if part else content)
    except OSError as error:
        raise PictureError(f"{path} cannot be read ({error.strerror}).") from error


def is_shipped(row: Row) -> bool:
    return Path(row.picture_file or "").resolve().is_relative_to(ASSETS.resolve())


def thumbnail_of(file: str | None, part: str | None = None) -> str:
    """A picture as an address for an image column; an empty one where there is none."""
    try:
        return _thumbnail(picture_of(None, file, part))
    except PictureError:
        return NOTHING


@st.cache_data(max_entries=2000, show_spinner=False, hash_funcs=BY_DIGEST)
def _thumbnail(picture: Picture) -> str:
    small = as_jpeg(picture.content, 112)
    return f"data:image/jpeg;base64,{base64.b64encode(small).decode()}"


def _matrix(rows: pd.Series) -> np.ndarray:
    """(N, length) of arrays of one length, or None."""
    there = rows.notna().to_numpy()
    known = np.stack(rows[there].to_list())
    found = np.full((len(rows), known.shape[1]), np.nan, np.float32)
    found[there] = known
    return found
