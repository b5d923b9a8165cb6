"""Files that a visitor hands over, put side by side in one folder: bounded, and nowhere else."""

import shutil
import stat
import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from lxmert_viz.dataset.remarks import Remark
from lxmert_viz.dataset.tables import ENDINGS
from lxmert_viz.errors import ARCHIVE_ERRORS, DatasetError
from lxmert_viz.picture import PICTURE_ENDINGS
from lxmert_viz.region_files.opening import ENDINGS as REGION_ENDINGS

MAX_FILES = 20_000
MAX_BYTES = 2_000_000_000  # unpacked
LONGEST_NAME = 200
KINDS = (".json", *ENDINGS, *REGION_ENDINGS, *PICTURE_ENDINGS)
ARCHIVE = ".zip"
ENTRY_MARK = b"PK\x01\x02"  # before each entry of an archive's list
AT_ONCE = 2**20
HIDDEN = ("__MACOSX", ".")


class Given(NamedTuple):
    name: str
    content: bytes


def put(given: Sequence[Given], folder: Path) -> list[Remark]:
    """Writes the files, and those in archives, into a new folder; says what was left out.

    Folders within archives are not kept: each file lies in `folder` under its own name. Raises
    DatasetError for what is too large, broken, double or points elsewhere; then nothing is kept.
    """
    folder.mkdir(parents=True)
    taken, is_whole = _Taken(folder), False
    try:
        for file in given:
            if PurePosixPath(file.name).suffix.lower() == ARCHIVE:
                _unpack(file, taken)
            else:
                taken.add(file.name, file.name, BytesIO(file.content), len(file.content))
        if not taken.files:
            raise DatasetError(f"None of these files is read; give {', '.join(KINDS)}.")
        is_whole = True
    except OSError as error:
        raise DatasetError(f"The files cannot be kept here ({error.strerror}).") from error
    finally:
        if not is_whole:
            shutil.rmtree(folder)
    return taken.remarks


class _Taken:
    """What lies in the folder so far, never more than the bounds."""

    def __init__(self, folder: Path) -> None:
        self.files: dict[str, str] = {}  # name in lower case -> where it came from
        self.remarks: list[Remark] = []
        self._folder, self._bytes = folder, 0

    def add(self, path: str, source: str, content: IO[bytes], size: int) -> None:
        """source: what a person would call the file. size: as told; the content may lie."""
        name = _name(path)
        if not name.lower().endswith(KINDS):
            self.remarks.append(Remark("note", source, 0, "This kind of file is not read."))
            return
        if name.lower() in self.files:
            raise DatasetError(
                f"{source} and {self.files[name.lower()]} have the same name, and all files are "
                "put side by side: rename one."
            )
        if len(self.files) >= MAX_FILES or self._bytes + size > MAX_BYTES:
            raise _too_much()
        self.files[name.lower()] = source
        # the folder is whole or gone, and its about.json comes last
        with (self._folder / name).open("xb") as file:
            while block := content.read(AT_ONCE):
                self._bytes += len(block)
                if self._bytes > MAX_BYTES:
                    raise _too_much()
                file.write(block)


def _unpack(archive: Given, taken: _Taken) -> None:
    if archive.content.count(ENTRY_MARK) > MAX_FILES:  # a list that alone would fill the memory
        raise _too_much()
    try:
        with zipfile.ZipFile(BytesIO(archive.content)) as packed:
            for entry in _entries(packed, archive.name):
                with packed.open(entry) as content:
                    source = f"{archive.name}: {entry.filename}"
                    taken.add(entry.filename, source, content, entry.file_size)
    except ARCHIVE_ERRORS as error:
        raise DatasetError(f"{archive.name} cannot be unpacked ({error}).") from error


def _entries(packed: zipfile.ZipFile, name: str) -> Iterator[zipfile.ZipInfo]:
    """The files of an archive, once it is known that all of them fit and none points elsewhere."""
    entries = [entry for entry in packed.infolist() if not entry.is_dir()]
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise _too_much()
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        is_link = stat.S_ISLNK(entry.external_attr >> 16)
        has_drive = ":" in str(path).partition("/")[0]
        if is_link or path.is_absolute() or ".." in path.parts or has_drive:
            raise DatasetError(f"{name} holds {entry.filename!r}, which points out of the archive.")
        if not any(part.startswith(HIDDEN) for part in path.parts):
            yield entry


def _name(path: str) -> str:
    name = PurePosixPath(path.replace("\\", "/")).name
    if not name.isprintable() or not 0 < len(name.encode()) <= LONGEST_NAME:
        raise DatasetError(f"{name[:40]!r} is no name for a file here: rename it.")
    return name


def _too_much() -> DatasetError:
    return DatasetError(
        f"This is more than {MAX_FILES:,} files or {MAX_BYTES / 1e9:g} GB unpacked. Give a part of "
        "it, or ask `python -m lxmert_viz evaluate`, which has no such bound."
    )
