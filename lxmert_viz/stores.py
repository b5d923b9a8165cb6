"""Folders that machines share without a common disk, by an address that pyarrow.fs opens.

s3://bucket/folder, gs://bucket/folder, hdfs://host/folder, file:///folder. Files appear whole.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Self
from uuid import uuid4

from pyarrow import fs

from lxmert_viz.whole_files import written_whole

SECRETS = re.compile(r"//[^/@]*@")
OBJECTS = ("s3", "gcs", "abfs")  # pyarrow's names of those that keep objects, and no folders


@dataclass(frozen=True, slots=True)
class Store:
    """A folder. Whatever is asked raises OSError where it is out of reach."""

    address: str  # "": this machine's disk
    folder: str  # in the address's

    def __str__(self) -> str:
        return without_secrets(self.address) if self.address else self.folder

    @classmethod
    def of(cls, folder: Path) -> Self:
        return cls("", folder.resolve().as_posix())

    @classmethod
    def at(cls, address: str) -> Self:
        """Raises ValueError for what is no address of a store."""
        _, folder = _opened(address)
        return cls(address, folder)

    def below(self, name: str) -> Self:
        return replace(self, folder=f"{self.folder}/{name}")

    def put(self, name: str, content: bytes | Path, *, makes_folders: bool = True) -> None:
        """makes_folders: of a disk; else FileNotFoundError where they are not there."""
        place = f"{self.folder}/{name}"
        unfinished = place if self._keeps_objects else f"{place}.by-{uuid4().hex}.part"
        if makes_folders and not self._keeps_objects:
            self._files.create_dir(place.rpartition("/")[0])
        with self._files.open_output_stream(unfinished) as stream:
            if isinstance(content, bytes):
                stream.write(content)
            else:
                with content.open("rb") as file:
                    shutil.copyfileobj(file, stream)
        if unfinished != place:
            self._files.move(unfinished, place)

    def get(self, name: str) -> bytes:
        """Raises FileNotFoundError where there is none."""
        with self._files.open_input_stream(f"{self.folder}/{name}") as stream:
            return stream.read()

    def fetch(self, name: str, path: Path) -> None:
        """Into a file on this machine's disk; its folder is made where it is not there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            self._files.open_input_stream(f"{self.folder}/{name}") as stream,
            written_whole(path) as unfinished,
            unfinished.open("wb") as file,
        ):
            shutil.copyfileobj(stream, file)

    def times(self) -> dict[str, float]:
        """When each file below was last put, in seconds of the store's clock."""
        return {info.path[len(self.folder) + 1 :]: info.mtime.timestamp() for info in self._all()}

    def remove(self, name: str) -> None:
        """Nothing happens where there is none."""
        try:
            self._files.delete_file(f"{self.folder}/{name}")
        except FileNotFoundError:
            return

    def clear(self) -> None:
        """Removes the folder with all below."""
        (info,) = self._files.get_file_info([self.folder])
        if info.type == fs.FileType.Directory:
            self._files.delete_dir(self.folder)

    def _all(self) -> Iterator[fs.FileInfo]:
        selector = fs.FileSelector(self.folder, allow_not_found=True, recursive=True)
        return (i for i in self._files.get_file_info(selector) if i.type == fs.FileType.File)

    @property
    def _files(self) -> fs.FileSystem:
        return _opened(self.address)[0]

    @property
    def _keeps_objects(self) -> bool:
        return self._files.type_name in OBJECTS


def without_secrets(address: str) -> str:
    """An address as a person may read it in a log."""
    return SECRETS.sub("//", address).partition("?")[0]


@lru_cache(maxsize=8)
def _opened(address: str) -> tuple[fs.FileSystem, str]:
    if not address:
        return fs.LocalFileSystem(), ""
    files, folder = fs.FileSystem.from_uri(address)
    return files, folder.rstrip("/")
