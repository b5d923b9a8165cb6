"""Rows that are kept beside a run, made on a cluster, to the last bit as one process does it."""

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from lxmert_viz.pipeline import Pipeline
from lxmert_viz.results.relevance import KeptShards
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs.cluster.models import open_as
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Rounds, Site
from lxmert_viz.runs.kept_rows import Elsewhere, Measure, looker_of, table_of
from lxmert_viz.runs.manifest import region_file_facts
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.runs.preparing import Shard, prepared_in
from lxmert_viz.runs.progress import Counts
from lxmert_viz.runs.provenance import Provenance, provenance


@dataclass(frozen=True, slots=True)
class Keeping:
    """Work: what a measure finds in the examples of a shard."""

    model_folder: Path
    folder: Path  # of the run
    device: str
    measure: Measure
    wanted: Provenance  # of every actor
    region_cache: Path | None = None

    def open(self, *, last: bool) -> Callable[[Piece], Counts]:
        run = RunFolder(self.folder)
        facts = region_file_facts(prepared_in(run.examples).about.region_file)
        pipeline = open_as(self.wanted, self.model_folder, self.device, facts)
        looker = looker_of(pipeline, self.model_folder, run, self.region_cache)
        return lambda piece: self._kept(pipeline, looker, piece, strict=not last)

    def _kept(self, pipeline: Pipeline, looker: Looker, piece: Piece, *, strict: bool) -> Counts:
        rows = table_of(pipeline, looker, piece.shard, self.measure, strict=strict)
        self._shards(piece.folder).write(piece.shard.number, rows)
        pictures = len({example.picture for example in looker.dataset.examples})
        return Counts(piece.shard.rows, pictures, 0, socket.gethostname())

    def middle(self, shard: Shard) -> int:
        return shard.rows // 2

    def give_up(self, piece: Piece, why: str) -> None:
        """It has no row, as what cannot be asked."""
        self._shards(piece.folder).write(piece.shard.number, self.measure.schema.empty_table())

    def join(self, shard: Shard, pieces: Path) -> None:
        parts = self._shards(pieces)
        whole = pa.concat_tables(parts.shard(number) for number in sorted(parts.finished()))
        self._shards(self.folder).write(shard.number, whole)

    def _shards(self, folder: Path) -> KeptShards:
        return KeptShards(folder / self.measure.place)


def keeping_on(
    site: Site, pipeline: Pipeline, run: RunFolder, region_cache: Path | None
) -> Elsewhere:
    """Files of model, dataset and run lie under the same paths on all machines of the cluster."""
    facts = region_file_facts(prepared_in(run.examples).about.region_file)
    mine = provenance(pipeline.digest, facts, site.device, site.cluster.processors)

    def elsewhere(measure: Measure, shards: Sequence[Shard]) -> Iterator[Counts]:
        cache = region_cache and region_cache.resolve()
        folder = run.path.resolve()
        work = Keeping(site.model_folder, folder, site.device, measure, mine, cache)
        return Rounds(site, work, shards).run()

    return elsewhere
