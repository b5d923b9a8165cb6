"""Work whose machines do not see the run's folder: what they need and make goes through a store.

The run stays on the disk of the call that began it. A machine has a passing folder in its place.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pyarrow as pa

from lxmert_viz.errors import ClusterError
from lxmert_viz.results.run_folder import MANIFEST
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.work import Work
from lxmert_viz.runs.preparing import INDEX
from lxmert_viz.runs.progress import Counts
from lxmert_viz.stores import Store, without_secrets

GIVEN, MADE = "given", "made"  # folders of the store, each laid out as the run's
ARRIVING = "arriving"  # in the run's folder
EXAMPLES, PARTS, INTERNALS = "examples", "parts", "internals"
Made = tuple[str, ...]  # files in the folder of a piece, in the order in which they get there


def open_store(address: str) -> Store:
    """Raises ClusterError where this machine cannot write there."""
    try:
        store = Store.at(address)
        trial = store.below(uuid4().hex)
        trial.put("trial", b"")
        trial.clear()
    except (OSError, ValueError, pa.ArrowException) as error:
        said = without_secrets(str(error).partition("\n")[0].rstrip("."))
        raise ClusterError(
            f"Nothing can be put into {without_secrets(address)} from here: {said}. Name a bucket "
            "or folder that is there, with the rights to write, as s3://BUCKET/FOLDER or "
            "file:///FOLDER."
        ) from error
    return store


class Post:
    """The end of the call that began the run."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store, self._folder = store, folder
        self._given: set[Path] = set()

    def give(self, pieces: Sequence[Piece]) -> None:
        """What a machine needs for them."""
        for folder in {self._folder, *(piece.folder for piece in pieces)}:
            for path in (folder / MANIFEST, folder / EXAMPLES / INDEX):
                self._put(path)
        for piece in pieces:
            self._put(piece.shard.path)

    def take(self, piece: Piece, made: Made) -> None:
        """What was made of it, whole or not at all."""
        arriving = self._folder / ARRIVING
        shutil.rmtree(arriving, ignore_errors=True)
        place = self._store.below(_joined(MADE, self._relative(piece.folder)))
        for name in made:
            place.fetch(name, arriving / name)
        for name in made:
            _move(arriving, piece.folder, name)
            place.remove(name)
        shutil.rmtree(arriving, ignore_errors=True)

    def _put(self, path: Path) -> None:
        if path not in self._given and path.exists():
            self._store.put(f"{GIVEN}/{self._relative(path)}", path)
            self._given.add(path)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()


class Desk:
    """The end of a machine, for the life of an actor."""

    def __init__(self, work: Work, store: Store) -> None:
        self._own, self._store = work.folder, store
        self._passing = TemporaryDirectory(prefix="lxmert-viz-")
        self._here = Path(self._passing.name).resolve() / "run"
        self._work = replace(work, folder=self._here)  # every work is a record
        self._begin(self._here)

    def open(self, *, last: bool) -> Callable[[Piece], tuple[Counts, Made]]:
        """As Work has it; what is made goes into the store, and its names beside the counts."""
        make = self._work.open(last=last)

        def made(piece: Piece) -> tuple[Counts, Made]:
            here = self._placed(piece)
            before = set(_files(here.folder))
            counts = make(here)
            names = tuple(sorted(set(_files(here.folder)) - before, key=_turn))
            place = self._store.below(_joined(MADE, self._relative(piece.folder)))
            for name in names:
                place.put(name, here.folder / name)
            self._clear(here, names)
            return counts, names

        return made

    def _placed(self, piece: Piece) -> Piece:
        folder = self._here / self._relative(piece.folder)
        if not folder.exists():
            self._begin(folder)
        path = self._here / self._relative(piece.shard.path)
        self._store.fetch(f"{GIVEN}/{self._relative(piece.shard.path)}", path)
        return replace(piece, shard=replace(piece.shard, path=path), folder=folder)

    def _begin(self, folder: Path) -> None:
        for name in (EXAMPLES, PARTS, INTERNALS):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in (MANIFEST, f"{EXAMPLES}/{INDEX}"):
            relative = (folder / name).relative_to(self._here).as_posix()
            try:
                self._store.fetch(f"{GIVEN}/{relative}", folder / name)
            except FileNotFoundError:
                continue  # some work has no index

    def _clear(self, piece: Piece, names: Made) -> None:
        piece.shard.path.unlink(missing_ok=True)
        for name in names:
            (piece.folder / name).unlink()
        for name in {name.split("/")[1] for name in names if name.count("/") > 1}:
            shutil.rmtree(piece.folder / PARTS / name, ignore_errors=True)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._own).as_posix()


def _files(folder: Path) -> list[str]:
    return [
        Path(place, name).relative_to(folder).as_posix()
        for place, _, names in os.walk(folder)
        for name in names
    ]


def _turn(name: str) -> tuple[bool, str]:
    """Parts last: with them a shard counts as finished."""
    return name.startswith(f"{PARTS}/"), name


def _move(arriving: Path, folder: Path, name: str) -> None:
    """A file; or the folder that it is in, with all that belongs to one part."""
    first = Path(*Path(name).parts[:2])
    if name.startswith(f"{PARTS}/") and (arriving / first).is_dir():
        shutil.rmtree(folder / first, ignore_errors=True)
        (arriving / first).rename(folder / first)
    elif (arriving / name).exists():  # else it came with its folder
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (arriving / name).replace(folder / name)


def _joined(*names: str) -> str:
    return "/".join(name for name in names if name != ".")
