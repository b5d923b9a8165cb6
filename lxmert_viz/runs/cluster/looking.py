"""Regions of many pictures, looked for on a cluster: a file a shard."""

import hashlib
import json
import math
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Report
from lxmert_viz.region_files.journal import RegionJournal
from lxmert_viz.region_files.parquet import open_parquet, write_parquet
from lxmert_viz.region_files.rows import RegionRow
from lxmert_viz.results.run_folder import RunFolder, write_table
from lxmert_viz.runs.cluster.models import open_alike
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Rounds, Site
from lxmert_viz.runs.evaluation import Counts
from lxmert_viz.runs.preparing import Shard
from lxmert_viz.runs.progress import Progress
from lxmert_viz.runs.provenance import provenance
from lxmert_viz.runs.regions import look_at_all
from lxmert_viz.whole_files import write_json

FORMAT = 1  # of the folder
SHARDS = 1000  # of the pictures, until they are LARGEST
LARGEST = 32  # pictures of a shard: half an hour, where each takes a minute
NAMES = pa.schema([("picture", pa.binary()), ("file", pa.binary())])  # some are no UTF-8
Failed = list[tuple[Path, str]]


@dataclass(frozen=True, slots=True)
class Looking:
    """Work: the regions of the pictures of a shard."""

    model_folder: Path
    folder: Path
    device: str
    profile: str
    precision: str
    backend: str

    def open(self, *, last: bool) -> Callable[[Piece], Counts]:
        run = RunFolder(self.folder)
        detector = {"precision": self.precision, "backend": self.backend}
        pipeline = open_alike(run, self.model_folder, self.device, **detector)
        return lambda piece: self._looked(pipeline, piece, strict=not last)

    def _looked(self, pipeline: Pipeline, piece: Piece, *, strict: bool) -> Counts:
        pictures = dict(zip(pictures_of(piece.shard), files_of(piece.shard), strict=True))
        with (
            TemporaryDirectory() as here,
            RegionJournal(Path(here) / "journal", {}) as journal,
        ):
            failed = look_at_all(
                pictures, pipeline, self.profile, journal, lambda looked: None, strict=strict
            )
            _write(piece.folder, piece.shard.number, journal.rows(), failed)
        return Counts(len(pictures), len(pictures), len(failed), socket.gethostname())

    def middle(self, shard: Shard) -> int:
        return shard.rows // 2

    def give_up(self, piece: Piece, why: str) -> None:
        (file,) = files_of(piece.shard)
        _write(piece.folder, piece.shard.number, (), [(file, why)])

    def join(self, shard: Shard, pieces: Path) -> None:
        rows, failed = results(pieces)
        _write(self.folder, shard.number, rows, failed)


def look_on_cluster(
    site: Site,
    work: Looking,
    pipeline: Pipeline,
    pictures: Mapping[str, Path],
    report: Report,
) -> None:
    """Fills the work's folder; called again, it goes on. `results` has what was found.

    Raises DatasetError where the folder was begun with other pictures, or with another model.
    """
    run = RunFolder(work.folder)
    listing = repr([(name, str(path)) for name, path in pictures.items()])
    mine = provenance(pipeline.digest, None, work.device, site.cluster.processors)
    asked = {name: value for name, value in asdict(work).items() if isinstance(value, str)}
    data = {"pictures": hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()}
    manifest = {"format": FORMAT, "model": mine, "source": data, "settings": asked}
    run.begin(manifest | {"provenance": mine})
    shards = list(_shards(run, pictures))
    missing = [shard for shard in shards if shard.number not in run.finished_parts()]
    before = len(pictures) - sum(shard.rows for shard in missing)
    progress = Progress(len(pictures), before, report, "pictures")
    for counts in Rounds(site, work, missing).run() if missing else ():
        progress.add(counts.rows, counts.beside)


def pictures_of(shard: Shard) -> list[str]:
    return [os.fsdecode(name) for name in pq.read_table(shard.path)["picture"].to_pylist()]


def files_of(shard: Shard) -> list[Path]:
    return [Path(os.fsdecode(name)) for name in pq.read_table(shard.path)["file"].to_pylist()]


def results(folder: Path) -> tuple[Iterator[RegionRow], Failed]:
    """Rows of all shards, one in memory at a time, and what failed, with the reason."""
    parts = sorted((folder / "parts").glob("*.parquet"))
    failed = [
        (Path(path), why)
        for part in parts
        for path, why in json.loads(part.with_suffix(".json").read_text())
    ]
    return (row for part in parts for row in open_parquet(part).rows()), failed


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


def _write(
    folder: Path, number: int, rows: Iterator[RegionRow] | tuple[()], failed: Failed
) -> None:
    """The rows last: then the shard counts as finished."""
    part = folder / "parts" / f"{number:05d}.parquet"
    write_json(part.with_suffix(".json"), [[str(path), why] for path, why in failed])
    write_parquet(part, rows)
