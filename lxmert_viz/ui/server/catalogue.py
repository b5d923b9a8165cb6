"""Names of the runs and datasets that the page offers, and where they lie."""

import os
from functools import lru_cache
from pathlib import Path

from lxmert_viz.dataset.opening import candidates, is_table, question_file
from lxmert_viz.picture import PICTURE_ENDINGS
from lxmert_viz.places import ASSETS, data_folder
from lxmert_viz.region_files.picture_ids import pictures_below
from lxmert_viz.results.run_folder import LOCK, MANIFEST, TABLE
from lxmert_viz.ui.server import own_data

STUDY = "study"
BEGUN = ".begun.json"  # beside a run that the page began: what it was begun with
DEPTH = 3  # folders below the data folder that are looked into


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
        if not _is_of_run(path) and (
            _has_questions(path) or _shows(path, {*offered} & {*path.parents})
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
        level = [inner for path in level if not _is_of_run(path) for inner in _folders_in(path)]
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


def _is_of_run(folder: Path) -> bool:
    """Also one that only begins, or was damaged."""
    return _is_run(folder) or (folder / LOCK).exists() or (folder / TABLE).exists()


def _has_questions(folder: Path) -> bool:
    file = question_file(folder)
    return file is not None and not file.name.endswith(BEGUN)


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


def table_in(dataset: str) -> Path | None:
    """The table of a dataset's examples; None where they are in another layout."""
    path = path_of(dataset)
    file = question_file(path) if path.is_dir() else path
    return file if file and is_table(file) else None


def is_only_pictures(dataset: str) -> bool:
    path = path_of(dataset)
    return path.is_dir() and not candidates(path) and bool(pictures_below(path))


def path_of(dataset: str) -> Path:
    return ASSETS / "study" if dataset == STUDY else data_folder() / dataset
