"""A model's predictions for a whole dataset, shard by shard: killed at any moment, it goes on."""

import shutil
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from filelock import FileLock, Timeout

from lxmert_viz.checkpoints import contents
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import Source
from lxmert_viz.dataset.remarks import Tally
from lxmert_viz.errors import DatasetError
from lxmert_viz.model.devices import processor_threads
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Report
from lxmert_viz.results.relevance import forget
from lxmert_viz.results.run_folder import LOCK, RunFolder
from lxmert_viz.runs import internals
from lxmert_viz.runs.asking import Asker
from lxmert_viz.runs.looking_first import FOLDER, forget_regions, look_here, to_look_at
from lxmert_viz.runs.manifest import (
    Settings,
    described,
    identity_of,
    manifest_of,
    region_file_facts,
    source_of,
)
from lxmert_viz.runs.pictures import Looker, pictures_of
from lxmert_viz.runs.preparing import Prepared, Shard, parts_of, prepared_for, prepared_in
from lxmert_viz.runs.progress import Counts, Progress
from lxmert_viz.runs.provenance import agree, provenance
from lxmert_viz.runs.region_shards import LookedFirst
from lxmert_viz.runs.table import finish

Compute = Callable[[Sequence[Shard]], Iterator[Counts]]  # makes them, in any order
Look = Callable[[Pipeline, str, Mapping[str, Path], Report], None]  # profile, pictures by id


@dataclass(frozen=True, slots=True)
class Engine:
    """What looks at the pictures and then makes the shards: this process, unless something else is
    named."""

    name: str = "here"
    device: str = ""  # of its processes; "": as the pipeline has it
    threads: int = 0  # of a process; 0: as this one has them
    compute: Compute | None = None
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """How a run goes on that was begun before."""

    retry_errors: bool = False  # shards with an error are made again
    mix: bool = False  # also where what computes it is not what began it
    say: Callable[[str], None] = lambda line: None  # hears what a person should know of that


def evaluate(
    pipeline: Pipeline,
    model_folder: Path,
    dataset: Source | Dataset,
    folder: Path,
    settings: Settings,
    report: Report = lambda stage, share: None,
    engine: Engine = Engine(),
    region_cache: Path | None = None,
    resume: Resume = Resume(),
    hear: Callable[[Tally, str], None] = lambda tally, training_note: None,
    *,
    keep_regions: bool = False,
) -> RunFolder:
    """Predictions of every example, and the table of the board.

    region_cache: a folder that keeps the regions that are found; runs may share it. report hears
    what is done and the share of it, 0..1, and may raise to stop: the same call goes on. hear: what
    is odd about the dataset, and who was trained on it. keep_regions: for closer looks. Raises
    OptionError for a profile that is not, DeviceError, and DatasetError where the folder is in use.
    """
    pipeline.check_profile(settings.profile)
    source = source_of(dataset)
    with taken(folder) as run:
        manifest = manifest_of(pipeline, identity_of(source, run.examples), settings)
        run.check(manifest)
        if not run.is_whole or resume.retry_errors:
            prepared = prepared_for(run, source, manifest["source"], report)
            _begin(run, manifest, prepared, pipeline, engine, resume)
            hear(Tally.of(run.manifest()["remarks"]), prepared.about.training_note)
            done = _done(run, resume)
            if pipeline.has_detector and (pictures := _to_look_at(run, prepared, done)):
                here = partial(look_here, folder=run.path / FOLDER, cache=region_cache)
                (engine.look or here)(pipeline, settings.profile, pictures, report)
            ask = engine.compute or in_order(pipeline, model_folder, run, settings, region_cache)
            _make(prepared, done, ask, report)
            finish(run, prepared, pipeline.answer_vocabulary)
            if not keep_regions:
                forget_regions(run)
    return run


@contextmanager
def taken(folder: Path) -> Iterator[RunFolder]:
    """A run's folder for this process alone; a new one goes again where nothing began in it.

    Raises DatasetError where another process has it.
    """
    run, is_new = RunFolder(folder), not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield run
    except Timeout as error:
        raise DatasetError(f"{folder} is being made by another process just now.") from error
    finally:
        if is_new and not run.is_begun:
            shutil.rmtree(folder, ignore_errors=True)


def _begin(
    run: RunFolder,
    manifest: dict[str, Any],
    prepared: Prepared,
    pipeline: Pipeline,
    engine: Engine,
    resume: Resume,
) -> None:
    """With what is odd about the dataset for this model, and with what makes the shards now."""
    device, threads = engine.device or pipeline.device, engine.threads or processor_threads()
    regions = region_file_facts(prepared.about.region_file)
    mine = provenance(pipeline.digest, regions, device, threads, pipeline.precision)
    if not run.finished_parts():
        outside = prepared.outside(pipeline.answer_vocabulary)
        tally = run.write_remarks(chain(prepared.remarks(), outside))
        made_by = {"engine": engine.name, "provenance": mine}
        run.begin(manifest | described(prepared) | made_by | {"remarks": tally.told()})
    if odd := agree(run, mine, mix=resume.mix):
        resume.say(odd)


def _done(run: RunFolder, resume: Resume) -> set[int]:
    """Numbers of the shards that stay as they are; of the others nothing is kept."""
    again = run.failed_parts() if resume.retry_errors else set()
    forget(run.path, again)
    return run.finished_parts() - again


def _to_look_at(run: RunFolder, prepared: Prepared, done: set[int]) -> dict[str, Path]:
    """done: as `_make` has it. All pictures, until the run is whole: of the shards that are missing
    the list would change when a call goes on."""
    missing = [shard for shard in prepared.shards if shard.number not in done]
    return to_look_at(prepared, missing if run.is_whole or not missing else prepared.shards)


def _make(prepared: Prepared, done: set[int], compute: Compute, report: Report) -> None:
    """done: the numbers of the shards that are made already."""
    missing = [shard for shard in prepared.shards if shard.number not in done]
    left = sum(shard.rows for shard in missing)
    progress = Progress(prepared.rows, prepared.rows - left, report)
    shards, pictures, errors = len(prepared.shards) - len(missing), 0, 0
    if not missing:
        return
    with closing(compute(missing)) as made:
        for counts in made:
            shards += counts.shards
            pictures += counts.pictures
            errors += counts.errors
            told = (
                f"{pictures:,} pictures",
                f"{shards:,} of {len(prepared.shards):,} shards",
                f"{errors:,} errors" if errors else "",
                counts.beside,
            )
            progress.add(counts.rows, ", ".join(filter(None, told)))


def equipped(
    pipeline: Pipeline,
    model_folder: Path,
    run: RunFolder,
    settings: Settings,
    region_cache: Path | None,
    *,
    strict: bool = False,
) -> tuple[Looker, Asker]:
    """What asks shard after shard of a run that is prepared, for the life of a process.

    strict: as Asker has it.
    """
    about = prepared_in(run.examples).about
    name_of = contents.read_region_names(model_folder).of
    first = LookedFirst(run.path / FOLDER)
    looker = Looker(pipeline, about, settings.profile, name_of, region_cache, first)
    return looker, Asker(pipeline, settings.baselines, settings.internals, strict=strict)


def in_order(
    pipeline: Pipeline,
    model_folder: Path,
    run: RunFolder,
    settings: Settings,
    region_cache: Path | None,
) -> Compute:
    """Makes one shard after the other, in this process."""

    def compute(shards: Sequence[Shard]) -> Iterator[Counts]:
        looker, asker = equipped(pipeline, model_folder, run, settings, region_cache)
        for shard in shards:
            yield from asked(shard, looker, asker, run)

    return compute


def ask_shard(shard: Shard, looker: Looker, asker: Asker, run: RunFolder) -> Counts:
    """Writes a shard's predictions and internals into the run's folder.

    Raises DatasetError for a region file that another detector made, or where the run's folder was
    removed meanwhile.
    """
    pieces = list(asked(shard, looker, asker, run))
    rows, pictures, errors = (
        sum(getattr(piece, name) for piece in pieces) for name in ("rows", "pictures", "errors")
    )
    return Counts(rows, pictures, errors, socket.gethostname())


def asked(shard: Shard, looker: Looker, asker: Asker, run: RunFolder) -> Iterator[Counts]:
    """As `ask_shard`, with counts a part: the last ones come when the shard is written."""
    dataset = shard.dataset(looker.dataset)
    looker.turn_to(dataset)
    looker.check()
    predictions, kept, host = [], [], socket.gethostname()
    parts = parts_of(dataset.examples)
    with closing(looker.shown(dataset.examples)) as shown:
        for number, part in enumerate(parts, start=1):
            made, inside = asker.ask(list(islice(shown, len(part))))
            predictions += made
            if inside:
                kept.append(internals.as_table(inside))
            is_last = number == len(parts)
            if is_last:
                whole = pa.concat_tables(kept, promote_options="default") if kept else None
                run.write_part(shard.number, predictions, whole)
            errors = sum(bool(prediction.error) for prediction in made)
            pictures = len({pictures_of(example) for example in part})
            yield Counts(len(part), pictures, errors, host, shards=int(is_last))
