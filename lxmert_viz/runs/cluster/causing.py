"""Causes over many examples, measured on a cluster: lines as one process writes them."""

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Report
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs.causes import Answered, Line, Measuring, View, lines_by, looker_for, right_ones
from lxmert_viz.runs.cluster.models import open_alike
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Rounds, Site
from lxmert_viz.runs.manifest import data_of, region_file_facts, source_of
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.runs.preparing import Shard, prepared_for, prepared_in
from lxmert_viz.runs.progress import Counts, Progress
from lxmert_viz.runs.provenance import provenance
from lxmert_viz.whole_files import write_json

FORMAT = 1  # of the folder
FOLDER = "shards"  # in the one of what is measured


@dataclass(frozen=True, slots=True)
class Causing:
    """Work: a line of each example of a shard that the model answers right."""

    model_folder: Path
    folder: Path
    device: str
    view: View

    def open(self, *, last: bool) -> Callable[[Piece], Counts]:
        run = RunFolder(self.folder)
        about = prepared_in(run.examples).about
        facts = region_file_facts(about.region_file)
        pipeline = open_alike(run, self.model_folder, self.device, facts)
        looker, line_of = looker_for(pipeline, about), lines_by(pipeline, self.view)
        return lambda piece: _measured(pipeline, looker, line_of, piece, strict=not last)

    def middle(self, shard: Shard) -> int:
        return shard.rows // 2

    def give_up(self, piece: Piece, why: str) -> None:
        """It has no line, as one that is not answered right."""
        write_json(_part(piece.folder, piece.shard.number), [])

    def join(self, shard: Shard, pieces: Path) -> None:
        write_json(_part(self.folder, shard.number), _lines(pieces))


def _measured(
    pipeline: Pipeline,
    looker: Looker,
    line_of: Callable[[Answered], Line],
    piece: Piece,
    *,
    strict: bool,
) -> Counts:
    dataset = piece.shard.dataset(looker.dataset)
    looker.turn_to(dataset)
    asked = right_ones(pipeline, looker, dataset.examples, strict=strict)
    write_json(_part(piece.folder, piece.shard.number), [line_of(one) for one in asked])
    pictures = len({example.picture for example in dataset.examples})
    return Counts(piece.shard.rows, pictures, 0, socket.gethostname())


def measuring_on(site: Site) -> Measuring:
    """Its shards stay: called again, it measures what is missing."""

    def measuring(
        pipeline: Pipeline, dataset: Dataset, view: View, folder: Path, report: Report
    ) -> list[Line]:
        run, data = RunFolder((folder / FOLDER).resolve()), data_of(dataset)
        threads = site.cluster.processors
        mine = provenance(pipeline.digest, data["region_file"], site.device, threads)
        manifest = {"format": FORMAT, "model": mine, "source": data, "settings": view.told}
        if run.is_begun:
            run.compare(manifest)
        run.begin(manifest | {"provenance": mine})
        shards = prepared_for(run, source_of(dataset), data).shards
        missing = [shard for shard in shards if not _part(run.path, shard.number).exists()]
        before = sum(shard.rows for shard in shards if shard not in missing)
        progress = Progress(len(dataset.examples), before, report)
        work = Causing(site.model_folder, run.path, site.device, view)
        for counts in Rounds(site, work, missing).run() if missing else ():
            progress.add(counts.rows, counts.beside)
        return _lines(run.path)

    return measuring


def _part(folder: Path, number: int) -> Path:
    return folder / "parts" / f"{number:05d}.json"


def _lines(folder: Path) -> list[dict[str, Any]]:
    parts = sorted((folder / "parts").glob("*.json"))
    return [line for part in parts for line in json.loads(part.read_text())]
