"""A model's predictions for a whole dataset, in parts: killed at any moment, it goes on."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import groupby, islice
from pathlib import Path

import pyarrow as pa
from filelock import FileLock, Timeout

from lxmert_viz.checkpoints import contents
from lxmert_viz.dataset.datasets import Dataset, outside
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, Prediction, Report
from lxmert_viz.region_files.cache import RegionCache
from lxmert_viz.results.run_folder import LOCK, RunFolder
from lxmert_viz.runs import internals
from lxmert_viz.runs.asking import Asker
from lxmert_viz.runs.manifest import Settings, manifest_of
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.runs.table import finish

Parts = dict[int, list[Example]]  # number -> examples
Made = tuple[int, list[Prediction], pa.Table | None]  # a part's number, predictions, internals
Compute = Callable[[Parts], Iterator[Made]]
REGIONS = "regions"
PART = 64  # examples that are written at once, or a few more


def evaluate(
    pipeline: Pipeline,
    model_folder: Path,
    dataset: Dataset,
    folder: Path,
    settings: Settings,
    report: Report = lambda stage, share: None,
    compute: Compute | None = None,
    region_cache: Path | None = None,
    retry_errors: bool = False,
) -> RunFolder:
    """Predictions of every example, and the table of the board.

    compute: what makes the parts, in any order; unless given, this process, one after the other.
    region_cache: where it keeps the regions that it finds; runs may share it; else the run's own,
    which is emptied once the run is whole. retry_errors: makes parts with an error again. report
    hears what is done and the share of it, 0..1, and may raise to stop: the same call goes on.
    Raises OptionError for a profile that is not, DatasetError where the folder is in use, or of
    another run, and DeviceError.
    """
    pipeline.check_profile(settings.profile)
    run = RunFolder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / LOCK, timeout=0):
            run.begin(manifest_of(pipeline, dataset, settings))
            run.write_remarks([*dataset.remarks, *outside(dataset, pipeline.answer_vocabulary)])
            cache = region_cache or folder / REGIONS
            parts = _missing_parts(run, dataset.examples, retry_errors)
            total, missing = len(dataset.examples), sum(map(len, parts.values()))
            progress = Progress(total, total - missing, report)
            if parts:
                here = (pipeline, model_folder, dataset, settings, cache)
                _write_parts(run, (compute or in_order(*here))(parts), progress)
            finish(run, dataset, pipeline.answer_vocabulary)
            if cache.resolve() == (folder / REGIONS).resolve():
                shutil.rmtree(cache, ignore_errors=True)
    except Timeout as error:
        raise DatasetError(f"{folder} is being made by another process just now.") from error
    return run


def in_order(
    pipeline: Pipeline,
    model_folder: Path,
    dataset: Dataset,
    settings: Settings,
    region_cache: Path,
) -> Compute:
    """Makes one part after the other, while the next pictures are looked at.

    What was made may be called again: baselines and the opened region file serve all calls. It
    raises DatasetError for a region file that another detector made.
    """
    name_of = contents.read_region_names(model_folder).of
    cache = RegionCache(region_cache, max_bytes=sys.maxsize)
    detector = pipeline.detector_digest
    looker = Looker(pipeline, dataset, settings.profile, name_of, cache, detector)
    asker = Asker(pipeline, settings.baselines, settings.internals)

    def compute(parts: Parts) -> Iterator[Made]:
        looker.check()
        examples = [example for part in parts.values() for example in part]
        with closing(looker.shown(examples)) as shown:
            for number, part in parts.items():
                predictions, kept = asker.ask(list(islice(shown, len(part))))
                yield number, predictions, internals.as_table(kept) if kept else None

    return compute


def _missing_parts(run: RunFolder, examples: Sequence[Example], retry_errors: bool) -> Parts:
    done = run.finished_parts() - (run.failed_parts() if retry_errors else set())
    return {n: part for n, part in enumerate(cut(examples)) if n not in done}


def _write_parts(run: RunFolder, made: Iterator[Made], progress: "Progress") -> None:
    with closing(made):
        for number, predictions, kept in made:
            run.write_part(number, predictions, kept)
            progress.add(len(predictions))


def cut(examples: Sequence[Example]) -> list[list[Example]]:
    """Parts of about PART examples. A picture is in one part, or has parts of its own.

    A picture is encoded together with its batch: in parts that two pictures shared, a run that
    goes on would round otherwise.
    """
    parts: list[list[Example]] = []
    growing: list[Example] | None = None
    for _, group in groupby(sorted_by_picture(examples), key=lambda example: example.picture):
        same = list(group)
        if len(same) > PART:
            parts += [same[start : start + PART] for start in range(0, len(same), PART)]
            growing = None
            continue
        if growing is None or len(growing) >= PART:
            growing = []
            parts.append(growing)
        growing += same
    return parts


def sorted_by_picture(examples: Sequence[Example]) -> list[Example]:
    """Pictures in the order of their first example, so that each is looked at once."""
    first: dict[str, int] = {}
    for example in examples:
        first.setdefault(example.picture, len(first))
    return sorted(examples, key=lambda example: first[example.picture])


class Progress:
    """Says how many are done, how fast, and how long the rest takes."""

    def __init__(self, total: int, before: int, report: Report) -> None:
        self._total, self._done, self._report = total, before, report
        self._before, self._began = before, time.monotonic()
        report(f"{before:,} of {total:,} examples", before / total)

    def add(self, count: int) -> None:
        self._done += count
        rate = (self._done - self._before) / max(time.monotonic() - self._began, 1e-9)
        left = spent((self._total - self._done) / rate)
        stage = f"{self._done:,} of {self._total:,} examples, {rate:.1f} a second, {left} left"
        self._report(stage, self._done / self._total)


def spent(seconds: float) -> str:
    """A time span as a person says it: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
