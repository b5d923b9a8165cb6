"""A model's predictions for a whole dataset, in parts: killed at any moment, it goes on."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from filelock import FileLock, Timeout

from lxmert_viz import checkpoints
from lxmert_viz.dataset.datasets import Dataset, outside
from lxmert_viz.dataset.run_folder import LOCK, RunFolder
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example
from lxmert_viz.runs import internals
from lxmert_viz.runs.asking import Asker, Seen
from lxmert_viz.runs.looking import Looker
from lxmert_viz.runs.manifest import manifest_of
from lxmert_viz.runs.table import finish

Report = Callable[[str, float], None]
PART = 64  # examples that are written at once


@dataclass(frozen=True, slots=True)
class Settings:
    profile: str = "trained"
    baselines: bool = True  # also ask without the picture and without the question
    internals: bool = True  # keep states and statistics of heads


def evaluate(
    pipeline: Pipeline,
    model_folder: Path,
    dataset: Dataset,
    folder: Path,
    settings: Settings,
    report: Report = lambda stage, share: None,
) -> RunFolder:
    """Predictions of every example, and the table of the board.

    report hears what is being done and the share done, 0..1, and may raise to stop: the same call
    goes on from there. Raises DatasetError where the folder holds another run, or is in use.
    """
    run = RunFolder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / LOCK, timeout=0):
            run.begin(manifest_of(pipeline, model_folder, dataset, settings))
            run.write_remarks([*dataset.remarks, *outside(dataset, pipeline.answer_vocabulary)])
            name_of = checkpoints.read_region_names(model_folder).of
            with closing(Looker(pipeline, dataset, settings.profile, name_of)) as looker:
                asker = Asker(pipeline, settings.baselines, settings.internals)
                _predict(asker, dataset.examples, run, looker, report)
            finish(run, dataset, pipeline.answer_vocabulary)
    except Timeout as error:
        raise DatasetError(f"{folder} is being made by another process just now.") from error
    return run


def _predict(
    asker: Asker, examples: Sequence[Example], run: RunFolder, looker: Looker, report: Report
) -> None:
    order = sorted_by_picture(examples)
    done = run.finished_parts()
    starts = range(0, len(order), PART)
    parts = {n: order[s : s + PART] for n, s in enumerate(starts) if n not in done}
    progress = Progress(len(order), len(order) - sum(map(len, parts.values())), report)
    pictures = [name for name, _ in groupby(e.picture for part in parts.values() for e in part)]
    with closing(looker.ahead(pictures)) as views:
        view: tuple[str, Seen] | None = None
        for number, part in parts.items():
            rows = []
            for example in part:
                if view is None or view[0] != example.picture:
                    view = next(views)
                rows.append((example, view[1]))
            predictions, kept = asker.ask(rows)
            run.write_part(number, predictions, internals.as_table(kept) if kept else None)
            progress.add(len(part))


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
