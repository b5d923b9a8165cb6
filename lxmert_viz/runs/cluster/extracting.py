"""States of a dataset, extracted on a cluster: a store a shard, then one store of all."""

import shutil
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lxmert_viz.analysis.states import STREAMS
from lxmert_viz.checkpoints import contents
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import MachineError
from lxmert_viz.model.inputs import BATCH
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Report
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs.cluster.models import open_alike
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Rounds, Site
from lxmert_viz.runs.extraction import (
    Kept,
    Writer,
    check_head,
    fill,
    filling,
    head_for,
    with_one_picture,
)
from lxmert_viz.runs.manifest import data_of, region_file_facts, source_of
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.runs.preparing import Shard, prepared_for, prepared_in
from lxmert_viz.runs.progress import Counts, Progress
from lxmert_viz.runs.provenance import provenance
from lxmert_viz.runs.states import HEAD, ROWS, StateStore, whole_lines
from lxmert_viz.whole_files import write_json, written_whole

FORMAT = 1  # of the folder of stores


@dataclass(frozen=True, slots=True)
class Extraction:
    """Work: a store of the states of a shard's examples."""

    model_folder: Path
    folder: Path
    device: str
    kept: Kept
    head: dict[str, Any]  # of every store
    total: int  # examples of all shards

    def open(self, *, last: bool) -> Callable[[Piece], Counts]:
        run = RunFolder(self.folder)
        about = prepared_in(run.examples).about
        facts = region_file_facts(about.region_file)
        pipeline = open_alike(run, self.model_folder, self.device, facts)
        looker = Looker(pipeline, about, self.kept.profile, pipeline.region_names.of)
        return lambda piece: self._extracted(pipeline, looker, piece, strict=not last)

    def _extracted(
        self, pipeline: Pipeline, looker: Looker, piece: Piece, *, strict: bool
    ) -> Counts:
        dataset = piece.shard.dataset(looker.dataset)
        looker.turn_to(dataset)
        writer = self._writer(piece)
        fill(pipeline, looker, dataset.examples, writer, strict=strict)
        _finish(piece)
        pictures = len({example.picture for example in dataset.examples})
        return Counts(piece.shard.rows, pictures, writer.failed, socket.gethostname())

    def _writer(self, piece: Piece) -> Writer:
        unfinished = _unfinished(piece)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        return Writer(unfinished, self.head, self.kept, self.total)

    def middle(self, shard: Shard) -> int:
        """Between what is asked together, where there is such a place."""
        return (shard.rows // 2 // BATCH * BATCH) or min(BATCH, shard.rows // 2)

    def give_up(self, piece: Piece, why: str) -> None:
        dataset = piece.shard.dataset(prepared_in(RunFolder(self.folder).examples).about)
        writer = self._writer(piece)
        names = contents.read_region_names(self.model_folder)
        writer.add(dataset.examples, [MachineError(why)], names, dataset.pictures)
        writer.close()
        _finish(piece)

    def join(self, shard: Shard, pieces: Path) -> None:
        whole = Piece(shard.number, shard, self.folder)
        join_stores(_stores(pieces), _unfinished(whole), self.head)
        _finish(whole)


def extract_on_cluster(
    site: Site,
    pipeline: Pipeline,
    dataset: Dataset,
    folder: Path,
    kept: Kept,
    report: Report,
) -> StateStore:
    """As `extraction.extract`; the stores of shards lie beside the folder until it is whole."""
    pipeline.check_profile(kept.profile)
    head, asked = head_for(pipeline, dataset, kept), with_one_picture(dataset)
    with filling(folder):
        check_head(folder, head)
        if len(whole_lines(folder / ROWS)) == len(asked.examples):
            return StateStore(folder)
        run = RunFolder(folder.with_name(f"{folder.name}.shards").resolve())
        data = data_of(asked)
        threads = site.cluster.processors
        mine = provenance(pipeline.digest, data["region_file"], site.device, threads)
        manifest = {"format": FORMAT, "model": mine, "source": data, "settings": asdict(kept)}
        if run.is_begun:
            run.compare(manifest)
        run.begin(manifest | {"provenance": mine})
        shards = prepared_for(run, source_of(asked), data).shards
        total = len(asked.examples)
        work = Extraction(site.model_folder, run.path, site.device, kept, head, total)
        done = {int(store.name) for store in _stores(run.path)}
        missing = [shard for shard in shards if shard.number not in done]
        before = len(asked.examples) - sum(shard.rows for shard in missing)
        progress = Progress(len(asked.examples), before, report)
        for counts in Rounds(site, work, missing).run() if missing else ():
            progress.add(counts.rows, counts.beside)
        join_stores(_stores(run.path), folder, head)
        shutil.rmtree(run.path)
    return StateStore(folder)


def join_stores(stores: Sequence[Path], folder: Path, head: dict[str, Any]) -> None:
    """One store of several, in this order; it is whole once it has rows."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / HEAD, head)
    for name in (*(f"{stream}.bin" for stream in STREAMS), ROWS):
        with written_whole(folder / name) as unfinished, unfinished.open("wb") as joined:
            for store in stores:
                with (store / name).open("rb") as one:
                    shutil.copyfileobj(one, joined)


def _stores(run: Path) -> list[Path]:
    """Those that are finished, in order."""
    return sorted(path for path in (run / "parts").iterdir() if path.name.isdigit())


def _unfinished(piece: Piece) -> Path:
    return piece.folder / "parts" / f"{piece.shard.number:05d}.unfinished"


def _finish(piece: Piece) -> None:
    unfinished = _unfinished(piece)
    unfinished.rename(unfinished.with_suffix(""))
