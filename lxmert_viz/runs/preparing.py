"""A dataset cut into shards, once: examples in Parquet beside the run, sorted by picture.

A shard holds all questions of its pictures; only a picture with very many has shards of its own.
Whoever makes its predictions needs the shard alone: it says where pictures and regions lie.
"""

import hashlib
import json
import math
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lxmert_viz.dataset import example_table
from lxmert_viz.dataset.datasets import Dataset, not_among
from lxmert_viz.dataset.opening import Source
from lxmert_viz.dataset.remarks import Remark, Tally, read_remarks, writing_remarks
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example, Report
from lxmert_viz.results.database import quoted
from lxmert_viz.results.large_queries import querying, rows_of
from lxmert_viz.results.run_folder import OTHER_VERSION, RunFolder, read_table
from lxmert_viz.runs.ahead import made_ahead
from lxmert_viz.runs.staging import Staged
from lxmert_viz.whole_files import reading_back, write_json

PART = 64  # examples that are asked together, or a few more
SHARDS = 500  # of a dataset, until they are LARGEST
LARGEST = 4096  # examples of a shard, or a few more; a multiple of PART
INDEX = "shards.json"
PASSING = "passing"
AGAIN = "examples.again"  # shards of files that lie elsewhere now, until they are found the same
REMARKS = "remarks.jsonl"
ROW_GROUP = 1024
OUTSIDE = """
SELECT id, place, "right" FROM read_parquet('{path}') ANTI JOIN known USING ("right")
WHERE "right" <> '' ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Shard:
    number: int
    path: Path  # a table of its examples
    rows: int

    def table(self, names: Sequence[str] | None = None) -> pa.Table:
        """names: of some columns. Raises DatasetError where the file is gone."""
        try:
            return read_table(self.path, names)
        except FileNotFoundError as error:
            raise DatasetError(
                f"{self.path} is not there: its folder was removed or emptied while its run was "
                "made; begin the run again."
            ) from error

    def dataset(self, about: Dataset) -> Dataset:
        """Its examples, with what is known of their pictures. about: as Prepared has it."""
        return example_table.dataset_of(self.table(), about)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A dataset's shards."""

    folder: Path
    about: Dataset  # without examples, pictures and remarks
    shards: tuple[Shard, ...]
    source: dict[str, Any]  # what tells it from other datasets
    places: list[str]  # where its files lay
    files: dict[str, list[int]]  # as of `files_of`, when they were read
    sha256: str  # of ids, pictures and texts
    tally: Tally  # of its remarks

    @property
    def rows(self) -> int:
        return sum(shard.rows for shard in self.shards)

    def remarks(self) -> Iterator[Remark]:
        return read_remarks(self.folder / REMARKS)

    def outside(self, vocabulary: Sequence[str]) -> Iterator[Remark]:
        """One for every example whose right answer a model cannot give."""
        if not vocabulary:
            return
        with querying(self.folder / PASSING) as database:
            database.register("known", pa.table({"right": list(vocabulary)}))
            path = quoted(self.folder / "*.parquet")
            for row in rows_of(database, OUTSIDE.format(path=path)):
                yield not_among(*row)

    def only(self, ids: set[str]) -> Dataset:
        """Some of its examples, in memory."""
        wanted = pa.array(sorted(ids), pa.string())
        tables = (shard.table() for shard in self.shards)
        found = [table.filter(pc.is_in(table["id"], wanted)) for table in tables]
        return example_table.dataset_of(pa.concat_tables(found), self.about)


def prepared_in(folder: Path) -> Prepared:
    """What lies in a folder of shards.

    Raises FileNotFoundError where nothing was prepared, DatasetError where it is not as it was.
    """
    path = folder / INDEX
    with reading_back(path, "begin again in a new folder"):
        return _indexed(folder, json.loads(path.read_bytes()))


def _indexed(folder: Path, index: dict[str, Any]) -> Prepared:
    told = index["about"]
    region_file = told.pop("region_file")
    about = Dataset(
        **told,
        files=tuple(map(Path, index["files"])),
        examples=(),
        region_file=Path(region_file) if region_file else None,
    )
    shards = (Shard(n, _path(folder, n), rows) for n, rows in enumerate(index["rows"]))
    tally = Tally.of(index["remarks"])
    return Prepared(
        folder,
        about,
        tuple(shards),
        index["source"],
        index["places"],
        index["states"],
        index["sha256"],
        tally,
    )


def prepared_for(
    run: RunFolder,
    source: Source,
    identity: Mapping[str, Any],
    report: Report = lambda stage, share: None,
) -> Prepared:
    """The shards beside a run that has begun; made where they are not there.

    identity: what tells the source from others, as JSON has it. report hears how many examples
    were read, and may raise to stop. Raises DatasetError.
    """
    if not run.examples.exists():
        if run.finished_parts():
            raise DatasetError(OTHER_VERSION.format(run.path))
        return prepare(source, identity, run.examples, report)
    before = prepared_in(run.examples)
    if before.source == identity and before.places == _places(source):
        return before
    again = run.examples.with_name(AGAIN)
    shutil.rmtree(again, ignore_errors=True)
    now = prepare(source, identity, again, report)
    if run.finished_parts() and now.sha256 != before.sha256:
        shutil.rmtree(again)
        raise DatasetError(
            f"{run.path} was begun where {source.reading.name} found other pictures: put the files "
            "back, or begin again in a new folder."
        )
    shutil.rmtree(run.examples)
    again.rename(run.examples)
    return prepared_in(run.examples)


def prepare(source: Source, identity: Mapping[str, Any], folder: Path, report: Report) -> Prepared:
    """Writes the shards of a source. The folder appears whole, and must not be there."""
    unfinished = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        write_json(unfinished / INDEX, _written(source, unfinished, report) | {"source": identity})
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return prepared_in(folder)


def _written(source: Source, folder: Path, report: Report) -> dict[str, Any]:
    """The shards' index, which the folder then lacks alone."""
    rows, found = [], hashlib.sha256()
    passing, states = folder / PASSING, files_of(source)
    with querying(passing) as database, writing_remarks(folder / REMARKS) as book:
        staged = Staged(source, database, passing, book.add, report)
        sizes = shard_rows(staged.counts())

        def write(numbered: tuple[int, pa.Table]) -> tuple[int, bytes]:
            number, shard = numbered
            repeating = example_table.repeating(shard.schema)
            path = _path(folder, number)
            pq.write_table(shard, path, row_group_size=ROW_GROUP, use_dictionary=repeating)
            return shard.num_rows, _content(shard)

        shards = enumerate(_cut(staged.batches(LARGEST), sizes))
        for count, content in made_ahead(write, shards, workers=1, ahead=1):
            rows.append(count)
            found.update(content)
    told = {"states": states, "sha256": found.hexdigest(), "remarks": book.tally.told()}
    return _about(source, staged) | told | {"places": _places(source), "rows": rows}


def shard_rows(counts: Sequence[int]) -> Iterator[int]:
    """How many examples each shard has. counts: of each picture, in order.

    A shard ends where a part of `parts_of` would end too: what is asked together does not depend
    on how many shards there are.
    """
    wanted = max(1, math.ceil(sum(counts) / SHARDS / PART)) * PART
    most = min(LARGEST, wanted)
    rows = part = 0  # of the growing shard and of its last part, 0: there is none to grow
    for count in counts:
        begins_part = not 0 < part < PART or count > PART
        if rows and (count > most or (rows >= most and begins_part)):
            yield rows
            rows = 0
        if count > most:
            yield from (min(most, count - start) for start in range(0, count, most))
            part = 0
            continue
        rows += count
        part = 0 if count > PART else count if begins_part else part + count
    if rows:
        yield rows


def parts_of(examples: Sequence[Example]) -> list[list[Example]]:
    """Parts of about PART examples. A picture is in one part, or has parts of its own.

    A picture is encoded together with its batch: in parts that two pictures shared, a run that
    goes on would round otherwise. examples: sorted by picture.
    """
    parts: list[list[Example]] = []
    growing: list[Example] | None = None
    for _, group in groupby(examples, key=lambda example: example.picture):
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


def _cut(coming: Iterable[pa.RecordBatch], sizes: Iterable[int]) -> Iterator[pa.Table]:
    """Tables of these sizes, one after the other."""
    batches = iter(coming)
    left: list[pa.RecordBatch] = []
    for size in sizes:
        while sum(batch.num_rows for batch in left) < size:
            left.append(next(batches))
        table = pa.Table.from_batches(left)
        yield table.slice(0, size)
        left = table.slice(size).to_batches()


def _content(shard: pa.Table) -> bytes:
    columns = (shard.column(name) for name in ("id", "picture", "text"))
    lines = pc.binary_join_element_wise(*columns, "\x1f")
    return "".join(f"{line}\x1e" for line in lines.to_pylist()).encode()


def _about(source: Source, staged: Staged) -> dict[str, Any]:
    reading, told, found = source.reading, staged.told, staged.found
    about = {
        "name": reading.name,
        "layout": reading.layout,
        "ids": told.ids if reading.ids is None else reading.ids,
        "training_note": told.training_note or reading.training_note,
        "region_file": str(found.region_file) if found.region_file else "",
        "region_boxes": found.region_boxes,
        "looks_for_missing": found.looks_for_missing,
    }
    return {"about": about, "files": [str(path) for path in reading.files]}


def files_of(source: Source) -> dict[str, list[int]]:
    """Size and time of change, in nanoseconds, of each file that is read."""
    states = {path: path.stat() for path in source.reading.files}
    return {str(path): [state.st_size, state.st_mtime_ns] for path, state in states.items()}


def _places(source: Source) -> list[str]:
    places = (*source.reading.files, source.folder, *source.regions)
    return [str(place) for place in places if place is not None]


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.parquet"
