"""Regions of many pictures in Parquet shards, looked for before anything is asked about them.

A folder as a run has it: examples/00000.parquet lists the pictures of a shard, parts/00000.parquet
has their regions, and parts/00000.json says what failed.
"""

import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from lxmert_viz.errors import DatasetError, LxmertVizError, MachineError, NowhereError, PictureError
from lxmert_viz.records import Regions, Report
from lxmert_viz.region_files.journal import RegionJournal
from lxmert_viz.region_files.parquet import open_parquet, write_parquet
from lxmert_viz.region_files.rows import RegionFile, RegionRow
from lxmert_viz.results.run_folder import RunFolder, read_table, write_table
from lxmert_viz.runs.preparing import Shard
from lxmert_viz.runs.progress import Progress
from lxmert_viz.runs.provenance import Provenance
from lxmert_viz.runs.regions import look_at_all
from lxmert_viz.whole_files import reading_back, write_json

FORMAT = 2  # of the folder
SHARDS = 1000  # of the pictures, until they are LARGEST
LARGEST = 32  # pictures of a shard: half an hour, where each takes a minute
OPENED = 4  # shards whose regions are read at once
NAMES = pa.schema([("picture", pa.binary()), ("file", pa.binary())])  # some are no UTF-8


class Failure(NamedTuple):
    file: Path
    why: str
    is_machine_s: bool  # and not the picture's


def manifest_of(
    pictures: Mapping[str, Path], mine: Provenance, settings: Mapping[str, str]
) -> dict[str, Any]:
    listing = repr([(name, str(path)) for name, path in pictures.items()])
    data = {"pictures": hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()}
    made_by = {"model": mine, "provenance": mine}
    return {"format": FORMAT, **made_by, "source": data, "settings": dict(settings)}


def begun(
    folder: Path, pictures: Mapping[str, Path], manifest: Mapping[str, Any], report: Report
) -> tuple[list[Shard], Progress]:
    """The shards that are missing. Raises DatasetError where the folder was begun otherwise."""
    run = RunFolder(folder)
    run.begin(dict(manifest))
    done = run.finished_parts()
    missing = [shard for shard in _shards(run, pictures) if shard.number not in done]
    before = len(pictures) - sum(shard.rows for shard in missing)
    return missing, Progress(len(pictures), before, report, "pictures")


def keep_only(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Of what a broken call left: nothing where it looked otherwise, else what did not fail because
    of a machine."""
    run = RunFolder(folder)
    if run.is_begun and not run.is_of(manifest):
        shutil.rmtree(folder)
    for number in run.finished_parts():
        part = _part(folder, number)
        if any(failure.is_machine_s for failure in _failed(part)):
            part.unlink()


def _shards(run: RunFolder, pictures: Mapping[str, Path]) -> Iterator[Shard]:
    """The pictures in shards, each with a table of theirs."""
    rows = min(LARGEST, math.ceil(len(pictures) / SHARDS))
    run.examples.mkdir(exist_ok=True)
    listed = list(pictures.items())
    for number, start in enumerate(range(0, len(listed), rows)):
        some = listed[start : start + rows]
        path = run.examples / f"{number:05d}.parquet"
        if not path.exists():
            names = [os.fsencode(name) for name, _ in some], [os.fsencode(p) for _, p in some]
            write_table(path, pa.table(dict(zip(NAMES.names, names, strict=True)), NAMES))
        yield Shard(number, path, len(some))


def pictures_of(shard: Shard) -> list[str]:
    return [os.fsdecode(name) for name in read_table(shard.path)["picture"].to_pylist()]


def files_of(shard: Shard) -> list[Path]:
    return [Path(os.fsdecode(name)) for name in read_table(shard.path)["file"].to_pylist()]


def look_at_shard(
    shard: Shard,
    folder: Path,
    look: Callable[[bytes], Regions],
    journal: Path,
    done: Callable[[bool], None] = lambda looked: None,
    *,
    strict: bool = False,
    workers: int = 0,
) -> int:
    """Writes what is found in a shard's pictures; returns how many failed.

    journal: a file that keeps what was found until all is. The others as `look_at_all` has them.
    """
    pictures = dict(zip(pictures_of(shard), files_of(shard), strict=True))
    with RegionJournal(journal, {}) as found:
        failed = look_at_all(pictures, look, found, done, strict=strict, workers=workers)
        told = [
            Failure(path, str(error), isinstance(error, MachineError)) for path, error in failed
        ]
        write(folder, shard.number, found.rows(), told)
    journal.unlink()
    return len(failed)


def write(folder: Path, number: int, rows: Iterable[RegionRow], failed: list[Failure]) -> None:
    """The rows last: then the shard counts as finished."""
    part = _part(folder, number)
    listed = [(os.fspath(path), why, is_machine_s) for path, why, is_machine_s in failed]
    write_json(part.with_suffix(".json"), listed)
    write_parquet(part, rows)


def results(folder: Path) -> tuple[Iterator[RegionRow], list[Failure]]:
    """Rows of all shards, one in memory at a time, and what failed."""
    parts = sorted((folder / "parts").glob("*.parquet"))
    failed = [failure for part in parts for failure in _failed(part)]
    return (row for part in parts for row in open_parquet(part).rows()), failed


class LookedFirst:
    """What was found in the pictures of a folder of shards. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        """The folder may be none: then nothing was looked for."""
        self._shards: dict[str, int] = {}  # by picture
        self._failed: dict[str, LxmertVizError] = {}
        for path in sorted((folder / "examples").glob("*.parquet")):
            part = _part(folder, int(path.stem))
            if part.exists():
                self._add(Shard(int(path.stem), path, 0), {f.file: f for f in _failed(part)})
        self._opened = lru_cache(OPENED)(lambda number: _opened(folder, number))

    def _add(self, shard: Shard, failed: Mapping[Path, Failure]) -> None:
        for picture, file in zip(pictures_of(shard), files_of(shard), strict=True):
            self._shards[picture] = shard.number
            if (failure := failed.get(file)) is not None:
                kind = NowhereError if failure.is_machine_s else PictureError
                self._failed[picture] = kind(failure.why)

    def of(self, picture: str) -> Regions | None:
        """None where nobody looked at it. Raises PictureError or MachineError where it failed."""
        number = self._shards.get(picture)
        if number is None:
            return None
        if picture in self._failed:
            raise self._failed[picture]
        return self._opened(number)[picture]


def _opened(folder: Path, number: int) -> RegionFile:
    path = _part(folder, number)
    try:
        return open_parquet(path)
    except FileNotFoundError as error:
        raise DatasetError(f"{path} was removed while its run was made; begin it again.") from error


def _part(folder: Path, number: int) -> Path:
    return folder / "parts" / f"{number:05d}.parquet"


def _failed(part: Path) -> list[Failure]:
    path = part.with_suffix(".json")
    with reading_back(path, "remove its folder, and the pictures are looked at again"):
        told = json.loads(path.read_text())
        return [Failure(Path(file), why, is_machine_s) for file, why, is_machine_s in told]
