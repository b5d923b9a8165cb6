"""Rows that are kept beside a run, shard by shard: of each example, what one measure finds."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from lxmert_viz.checkpoints import contents
from lxmert_viz.errors import DeviceError, LxmertVizError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, Regions, Report
from lxmert_viz.results.relevance import KeptShards
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs.asking import may_do_elsewhere
from lxmert_viz.runs.looking_first import FOLDER
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.runs.preparing import Shard, prepared_in
from lxmert_viz.runs.progress import Counts
from lxmert_viz.runs.region_shards import LookedFirst


class Measure(Protocol):
    """As it travels to other machines."""

    @property
    def place(self) -> str:
        """Of its folder, in the run's."""

    @property
    def name(self) -> str: ...

    @property
    def schema(self) -> pa.Schema: ...

    def wants(self, example: Example) -> bool: ...

    def rows(
        self, pipeline: Pipeline, example: Example, regions: Regions
    ) -> list[dict[str, object]]:
        """Raises LxmertVizError for what cannot be asked."""


Elsewhere = Callable[[Measure, Sequence[Shard]], Iterator[Counts]]  # makes the shards' rows


def fill(
    pipeline: Pipeline,
    model_folder: Path,
    run: RunFolder,
    measure: Measure,
    report: Report,
    elsewhere: Elsewhere | None = None,
    region_cache: Path | None = None,
) -> KeptShards:
    """All that a measure finds; the same call goes on with a broken one.

    elsewhere: unless given, this process, with a region_cache as Looker has it.
    """
    prepared, kept = prepared_in(run.examples), KeptShards(run.path / measure.place)
    missing = [shard for shard in prepared.shards if shard.number not in kept.finished()]
    done = prepared.rows - sum(shard.rows for shard in missing)

    def heard(rows: int, beside: str = "") -> None:
        nonlocal done
        done += rows
        told = f"{measure.name}: {done:,} of {prepared.rows:,} examples"
        report("; ".join(filter(None, (told, beside))), done / prepared.rows)

    heard(0)
    if elsewhere is not None:
        for counts in elsewhere(measure, missing) if missing else ():
            heard(counts.rows, counts.beside)
        return kept
    looker = looker_of(pipeline, model_folder, run, region_cache)
    for shard in missing:
        kept.write(shard.number, table_of(pipeline, looker, shard, measure, lambda: heard(1)))
    return kept


def looker_of(
    pipeline: Pipeline, model_folder: Path, run: RunFolder, region_cache: Path | None
) -> Looker:
    """Shows what the run saw."""
    about, profile = prepared_in(run.examples).about, run.manifest()["settings"]["profile"]
    name_of = contents.read_region_names(model_folder).of
    first = LookedFirst(run.path / FOLDER)
    return Looker(pipeline, about, profile, name_of, region_cache, first)


def table_of(
    pipeline: Pipeline,
    looker: Looker,
    shard: Shard,
    measure: Measure,
    done: Callable[[], None] = lambda: None,
    *,
    strict: bool = False,
) -> pa.Table:
    """Without rows of what cannot be asked: its row in the run says why.

    done hears of every example. strict: MachineError is raised where another machine may do it.
    """
    dataset = shard.dataset(looker.dataset)
    looker.turn_to(dataset)
    asked, rows = [e for e in dataset.examples if measure.wants(e)], []
    with closing(looker.shown(asked)) as shown:
        for example, seen in shown:
            try:
                if isinstance(seen, LxmertVizError):
                    raise seen
                if isinstance(seen, Regions):
                    rows += measure.rows(pipeline, example, seen)
            except DeviceError:
                raise
            except LxmertVizError as error:
                if strict and may_do_elsewhere(error):
                    raise
            done()
    for _ in range(shard.rows - len(asked)):
        done()
    return pa.Table.from_pylist(rows, schema=measure.schema)
