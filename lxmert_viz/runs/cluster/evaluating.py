"""A run's shards on a cluster: predictions as one process makes them, to the last bit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lxmert_viz.model.inputs import BATCH
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Prediction, Report
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs import looking_first
from lxmert_viz.runs.cluster.looking import Looking, look_on_cluster, manifest_for
from lxmert_viz.runs.cluster.models import open_alike
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Rounds, Site
from lxmert_viz.runs.evaluation import Engine, ask_shard, equipped
from lxmert_viz.runs.manifest import Settings, region_file_facts
from lxmert_viz.runs.preparing import Shard, parts_of, prepared_in
from lxmert_viz.runs.progress import Counts
from lxmert_viz.runs.region_shards import keep_only


def on_cluster(site: Site, run: RunFolder, region_cache: Path | None) -> Engine:
    """Looks at the pictures of a run, and makes its shards, on a cluster.

    Files of model, dataset and run lie under the same paths on all its machines.
    """
    folder, cache = run.path.resolve(), region_cache and region_cache.resolve()
    work = Evaluation(site.model_folder, folder, cache, site.device)

    def compute(shards: Sequence[Shard]) -> Iterator[Counts]:
        return Rounds(site, work, shards).run()

    def look(
        pipeline: Pipeline, profile: str, pictures: Mapping[str, Path], report: Report
    ) -> None:
        if site.store is not None:  # then whoever asks about a picture looks at it
            return
        shards = folder / looking_first.FOLDER
        looking = Looking(site.model_folder, shards, site.device, profile, region_cache=cache)
        keep_only(shards, manifest_for(site, looking, pipeline, pictures))
        look_on_cluster(site, looking, pipeline, pictures, report)

    return Engine("ray", site.device, site.cluster.processors, compute, look)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Work: what the model says of each example of a shard."""

    model_folder: Path
    folder: Path  # of the run
    region_cache: Path | None
    device: str

    def open(self, *, last: bool) -> Callable[[Piece], Counts]:
        run = RunFolder(self.folder)
        facts = region_file_facts(prepared_in(run.examples).about.region_file)
        pipeline = open_alike(run, self.model_folder, self.device, facts)
        settings = Settings(**run.manifest()["settings"])
        tools = equipped(
            pipeline, self.model_folder, run, settings, self.region_cache, strict=not last
        )
        return lambda piece: ask_shard(piece.shard, *tools, RunFolder(piece.folder))

    def middle(self, shard: Shard) -> int:
        """Between what is asked together, and between pictures, where there is such a place."""
        about = prepared_in(RunFolder(self.folder).examples).about
        examples = shard.dataset(about).examples
        ends = list(accumulate(map(len, parts_of(examples))))[:-1]
        own = [end for end in ends if examples[end - 1].picture != examples[end].picture]
        places = own or ends or [*range(BATCH, shard.rows, BATCH)] or [shard.rows // 2]
        return min(places, key=lambda place: abs(2 * place - shard.rows))

    def give_up(self, piece: Piece, why: str) -> None:
        (name,) = pq.read_table(piece.shard.path, columns=["id"])["id"].to_pylist()
        made = [Prediction(name, error=why, machine=True)]
        RunFolder(piece.folder).write_part(piece.shard.number, made, None)

    def join(self, shard: Shard, pieces: Path) -> None:
        tables = [pq.read_table(path) for path in sorted((pieces / "internals").iterdir())]
        whole = pa.concat_tables(tables, promote_options="default") if tables else None
        made = list(RunFolder(pieces).predictions())
        RunFolder(self.folder).write_part(shard.number, made, whole)
