"""What was fetched into the models folder, file by file, and how it is removed again.

fetched.json in a model's folder says what was brought; only what it lists is ever removed.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lxmert_viz.checkpoints.download import RemoteFile
from lxmert_viz.checkpoints.folder import missing_detector_files, missing_files, models_folder
from lxmert_viz.checkpoints.hub import kept_file
from lxmert_viz.config import read_json
from lxmert_viz.errors import CheckpointError, DownloadError
from lxmert_viz.whole_files import write_json

RECORD = "fetched.json"
CONVERTED_FILE = "converted.safetensors"  # the detector as detector/weights.py keeps it


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one checkpoint needs, and where it will lie."""

    name: str
    folder: Path
    repository: str
    commit: str
    files: tuple[RemoteFile, ...]
    notes: tuple[str, ...] = ()

    @property
    def total_bytes(self) -> int:
        return sum(file.size for file in self.files)

    def missing_bytes(self) -> int:
        """What is still to come over the network, and to fit on the disk."""
        return sum(_missing(file, self.folder) for file in self.files)

    def free_bytes(self) -> int:
        return free_bytes(self.folder)


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint that was fetched, whole or in part."""

    name: str
    folder: Path
    size_bytes: int  # on the disk; files shared with another checkpoint count once
    complete: bool


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder that may not be there yet."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free


def kept(models: Path | None = None) -> tuple[Kept, ...]:
    """Every fetched checkpoint of the models folder."""
    found, seen = [], set()
    for record in sorted(models_folder(models).glob(f"*/{RECORD}")):
        chosen = recorded(record.parent)
        if chosen is None:
            continue
        size = 0
        for path in filter(Path.is_file, _paths(chosen)):
            try:
                facts = path.stat()
            except FileNotFoundError:  # a download has just put it in its place
                continue
            size += 0 if facts.st_ino in seen else facts.st_size
            seen.add(facts.st_ino)
        complete = not missing_files(chosen.folder) and not missing_detector_files(chosen.folder)
        found.append(Kept(chosen.name, chosen.folder, size, complete))
    return tuple(found)


def remove(name: str, models: Path | None = None) -> int:
    """Delete what was fetched of one checkpoint, and nothing else; returns the freed bytes."""
    found = {entry.name: entry for entry in kept(models)}
    if name not in found:
        raise CheckpointError(
            f"{name} was not fetched into {models_folder(models)}; "
            f"there is {', '.join(found) or 'nothing'} to remove."
        )
    chosen = recorded(found[name].folder)
    with locked(chosen):
        for path in _paths(chosen):
            path.unlink(missing_ok=True)
    for folder in (chosen.folder / "detector", chosen.folder):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return found[name].size_bytes


@contextmanager
def locked(chosen: Plan) -> Iterator[None]:
    """Nobody else brings or removes this checkpoint meanwhile. Raises DownloadError."""
    from filelock import FileLock, Timeout  # brings asyncio, for which --help should not wait

    lock = FileLock(chosen.folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise DownloadError(f"{chosen.name} is being downloaded already; wait for it.") from error
    try:
        yield
    finally:
        lock.release()


def twins(file: RemoteFile, folder: Path) -> list[Path]:
    """Files of other models, or of the person's hub cache, that may be the same."""
    others = [*folder.parent.glob(f"*/{file.path}"), *filter(None, [kept_file(file)])]
    return [p for p in others if p != file.place(folder) and p.stat().st_size == file.size]


def _missing(file: RemoteFile, folder: Path) -> int:
    place, part = file.place(folder), file.part(folder)
    if place.is_file() and place.stat().st_size == file.size or twins(file, folder):
        return 0
    return max(file.size - (part.stat().st_size if part.is_file() else 0), 0)


def _paths(chosen: Plan) -> list[Path]:
    """Everything that fetching may have written."""
    places = [file.place(chosen.folder) for file in chosen.files]
    parts = [file.part(chosen.folder) for file in chosen.files]
    copy = chosen.folder / "detector" / CONVERTED_FILE
    return [*places, *parts, copy, chosen.folder / RECORD, chosen.folder / ".lock"]


def write_record(chosen: Plan) -> None:
    values = {
        "name": chosen.name,
        "repository": chosen.repository,
        "commit": chosen.commit,
        "files": [asdict(file) for file in chosen.files],
        "notes": chosen.notes,
    }
    write_json(chosen.folder / RECORD, values)


def recorded(folder: Path) -> Plan | None:
    """What was fetched into a folder; None where nothing was."""
    if not (folder / RECORD).is_file():
        return None
    values = read_json(folder / RECORD)
    try:
        files = tuple(
            RemoteFile(**{**entry, "urls": tuple(entry["urls"])}) for entry in values["files"]
        )
        notes = tuple(values["notes"])
        return Plan(values["name"], folder, values["repository"], values["commit"], files, notes)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{folder / RECORD} is damaged ({error}); delete it and fetch again."
        ) from error
