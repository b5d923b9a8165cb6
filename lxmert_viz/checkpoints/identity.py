"""Which checkpoint lies in a folder, told by what its files hold and not by its name."""

import hashlib
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from lxmert_viz.checkpoints.record import CONVERTED_FILE, RECORD
from lxmert_viz.checkpoints.weight_files import BESIDES, WEIGHT_ENDINGS
from lxmert_viz.errors import CheckpointError

# weights, configs and lists of names: all that decides what a model sees and says
DECISIVE = (*WEIGHT_ENDINGS, ".pkl", ".json", ".txt", ".yaml")
MADE_HERE = (CONVERTED_FILE, RECORD)
Stamp = tuple[tuple[str, int, int, int], ...]  # of each file: place, bytes, when changed, inode


def stamp(folder: Path) -> Stamp:
    """Changes when a file of the checkpoint is edited or replaced; nothing of them is read."""
    found = []
    for place, path in _files(folder):
        with suppress(FileNotFoundError):  # taken away just now
            facts = path.stat()
            found.append((place, facts.st_size, facts.st_mtime_ns, facts.st_ino))
    return tuple(found)


class Identity:
    """The digests of a checkpoint's files, each read once, when a digest is first asked for.

    To be made before the files are opened: what changed since then cannot be told any more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = stamp(folder)

    @cached_property
    def digest(self) -> str:
        """sha256 over all files; raises CheckpointError where they changed meanwhile."""
        return self._over("")

    @cached_property
    def detector_digest(self) -> str:
        """Equal for checkpoints that find the same regions and call them the same."""
        return self._over("detector/")

    @cached_property
    def _hashes(self) -> dict[str, str]:
        """Place of each file -> its sha256."""
        found = {}
        for place, path in _files(self._folder):
            with suppress(FileNotFoundError), path.open("rb") as file:
                found[place] = hashlib.file_digest(file, "sha256").hexdigest()
        if stamp(self._folder) != self._stamp:
            raise CheckpointError(
                f"The files in {self._folder} changed since they were opened: open them again."
            )
        return found

    def _over(self, inside: str) -> str:
        state = hashlib.sha256()
        for place, content in self._hashes.items():
            if place.startswith(inside):
                state.update(f"{place.removeprefix(inside)} {content}\n".encode())
        return state.hexdigest()


def _files(folder: Path) -> list[tuple[str, Path]]:
    """Places in the folder and its detector's, in an order that is the same everywhere."""
    return sorted(
        (path.relative_to(folder).as_posix(), path)
        for path in (*folder.glob("*"), *folder.glob("detector/*"))
        if path.suffix in DECISIVE
        and path.name not in MADE_HERE
        and not BESIDES.match(path.name)
        and path.is_file()
    )
