"""Where mistakes of a run looked, judged on a cluster: a file a shard, kept with the run."""

import json
import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Report
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs import looking_first
from lxmert_viz.runs.cluster.models import open_alike
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Rounds, Site
from lxmert_viz.runs.manifest import data_of, region_file_facts, source_of
from lxmert_viz.runs.occlusion import Judge, looks
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.runs.preparing import Shard, prepared_for, prepared_in
from lxmert_viz.runs.progress import Counts, Progress
from lxmert_viz.runs.provenance import provenance
from lxmert_viz.runs.region_shards import LookedFirst
from lxmert_viz.whole_files import write_json

FORMAT = 1  # of the folder
FOLDER = "looks.shards"  # in the run's


@dataclass(frozen=True, slots=True)
class Judging:
    """Work: whether the answers to a shard's examples rest on what is asked about."""

    model_folder: Path
    folder: Path
    device: str
    profile: str
    answers: Mapping[str, str]  # by the example's id

    def open(self, *, last: bool) -> Callable[[Piece], Counts]:
        run = RunFolder(self.folder)
        about = prepared_in(run.examples).about
        facts = region_file_facts(about.region_file)
        pipeline = open_alike(run, self.model_folder, self.device, facts)
        first = LookedFirst(self.folder.parent / looking_first.FOLDER)
        looker = Looker(pipeline, about, self.profile, pipeline.region_names.of, first=first)
        return lambda piece: self._judged(pipeline, looker, piece, strict=not last)

    def _judged(self, pipeline: Pipeline, looker: Looker, piece: Piece, *, strict: bool) -> Counts:
        dataset = piece.shard.dataset(looker.dataset)
        looker.turn_to(dataset)
        found = looks(pipeline, looker, dataset.examples, self.answers, strict=strict)
        write_json(_part(piece.folder, piece.shard.number), found)
        pictures = len({example.picture for example in dataset.examples})
        return Counts(piece.shard.rows, pictures, 0, socket.gethostname())

    def middle(self, shard: Shard) -> int:
        return shard.rows // 2

    def give_up(self, piece: Piece, why: str) -> None:
        """It is not judged, as one whose text cannot be asked."""
        write_json(_part(piece.folder, piece.shard.number), {})

    def join(self, shard: Shard, pieces: Path) -> None:
        write_json(_part(self.folder, shard.number), _found(pieces))


def judging_on(site: Site, pipeline: Pipeline, run: RunFolder) -> Judge:
    """Judges the mistakes of a run on a cluster; called again, it goes on."""

    def judge(
        mistakes: Dataset, answers: Mapping[str, str], profile: str, report: Report
    ) -> dict[str, bool]:
        if not mistakes.examples:
            return {}
        own, data = RunFolder((run.path / FOLDER).resolve()), data_of(mistakes)
        threads = site.cluster.processors
        mine = provenance(pipeline.digest, data["region_file"], site.device, threads)
        asked = {"profile": profile, "answers": dict(answers)}
        manifest = {"format": FORMAT, "model": mine, "source": data, "settings": asked}
        if own.is_begun and not own.is_of(manifest):  # other mistakes, when it was broken off
            shutil.rmtree(own.path)
        own.begin(manifest | {"provenance": mine})
        shards = prepared_for(own, source_of(mistakes), data).shards
        work = Judging(site.model_folder, own.path, site.device, profile, answers)
        missing = [shard for shard in shards if not _part(own.path, shard.number).exists()]
        before = sum(shard.rows for shard in shards if shard not in missing)
        progress = Progress(len(mistakes.examples), before, report, "mistakes")
        for counts in Rounds(site, work, missing).run() if missing else ():
            progress.add(counts.rows, counts.beside)
        found = _found(own.path)
        shutil.rmtree(own.path)
        return found

    return judge


def _part(folder: Path, number: int) -> Path:
    return folder / "parts" / f"{number:05d}.json"


def _found(folder: Path) -> dict[str, bool]:
    parts = sorted((folder / "parts").glob("*.json"))
    return {name: look for part in parts for name, look in json.loads(part.read_text()).items()}
