"""Regions of many pictures, looked for on a cluster: a file a shard."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lxmert_viz.detector.speed import FULL
from lxmert_viz.detector.weights import OWN
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Report
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs import region_shards
from lxmert_viz.runs.cluster.models import open_alike
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Rounds, Site
from lxmert_viz.runs.pictures import looking
from lxmert_viz.runs.preparing import Shard
from lxmert_viz.runs.progress import Counts
from lxmert_viz.runs.provenance import provenance
from lxmert_viz.runs.region_shards import Failure, files_of, look_at_shard


@dataclass(frozen=True, slots=True)
class Looking:
    """Work: the regions of the pictures of a shard."""

    model_folder: Path
    folder: Path
    device: str
    profile: str
    precision: str = FULL
    backend: str = OWN
    region_cache: Path | None = None

    def open(self, *, last: bool) -> Callable[[Piece], Counts]:
        run = RunFolder(self.folder)
        detector = {"precision": self.precision, "backend": self.backend}
        pipeline = open_alike(run, self.model_folder, self.device, **detector)
        look = looking(pipeline, self.profile, self.region_cache)
        return lambda piece: _looked(look, piece, strict=not last)

    def middle(self, shard: Shard) -> int:
        return shard.rows // 2

    def give_up(self, piece: Piece, why: str) -> None:
        (file,) = files_of(piece.shard)
        region_shards.write(piece.folder, piece.shard.number, (), [Failure(file, why, True)])

    def join(self, shard: Shard, pieces: Path) -> None:
        region_shards.write(self.folder, shard.number, *region_shards.results(pieces))


def _looked(look: Callable[[bytes], Regions], piece: Piece, *, strict: bool) -> Counts:
    shard = piece.shard
    with TemporaryDirectory() as here:  # two actors may be at it, where one seemed to be gone
        journal = Path(here) / "journal"
        failed = look_at_shard(shard, piece.folder, look, journal, strict=strict)
    return Counts(shard.rows, shard.rows, failed, socket.gethostname())


def look_on_cluster(
    site: Site, work: Looking, pipeline: Pipeline, pictures: Mapping[str, Path], report: Report
) -> None:
    """Fills the work's folder; called again, it goes on. `region_shards.results` has what is found.

    Raises DatasetError where the folder was begun with other pictures, or with another model.
    """
    manifest = manifest_for(site, work, pipeline, pictures)
    missing, progress = region_shards.begun(work.folder, pictures, manifest, report)
    for counts in Rounds(site, work, missing).run() if missing else ():
        progress.add(counts.rows, counts.beside)


def manifest_for(
    site: Site, work: Looking, pipeline: Pipeline, pictures: Mapping[str, Path]
) -> dict[str, Any]:
    mine = provenance(pipeline.digest, None, work.device, site.cluster.processors)
    asked = {name: value for name, value in asdict(work).items() if isinstance(value, str)}
    return region_shards.manifest_of(pictures, mine, asked)
