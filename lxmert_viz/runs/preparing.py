"""A dataset cut into shards, once: examples in Parquet beside the run, sorted by picture.

A shard holds all questions of its pictures; only a picture with very many has shards of its own.
Whoever makes its predictions needs the shard alone: it says where pictures and regions lie.
"""

import json
import math
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lxmert_viz.dataset import example_table
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example
from lxmert_viz.results.large_queries import querying
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.whole_files import write_json

PART = 64  # examples that are asked together, or a few more
SHARDS = 500  # of a dataset, until they are LARGEST
LARGEST = 4096  # examples of a shard, or a few more; a multiple of PART
INDEX = "shards.json"
ROW_GROUP = 1024
TOLD = ("name", "layout", "region_boxes", "looks_for_missing", "ids", "training_note")
NAMES = "SELECT picture FROM examples UNION SELECT second_picture FROM examples"
COUNTS = "SELECT count(*) FROM examples GROUP BY picture ORDER BY min(number)"
SORTED = """
SELECT examples.*, {views}
FROM examples
JOIN (SELECT picture, min(number) AS first FROM examples GROUP BY picture) USING (picture)
LEFT JOIN views AS view ON view.name = examples.picture
LEFT JOIN views AS second_view ON second_view.name = examples.second_picture
ORDER BY first, number
"""


@dataclass(frozen=True, slots=True)
class Shard:
    number: int
    path: Path  # a table of its examples
    rows: int

    def table(self) -> pa.Table:
        """Raises DatasetError where the file is gone."""
        try:
            return pq.read_table(self.path)
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

    about: Dataset  # without examples, pictures and remarks
    shards: tuple[Shard, ...]
    data: dict[str, Any]  # what tells it from other datasets

    @property
    def rows(self) -> int:
        return sum(shard.rows for shard in self.shards)


def prepared_in(folder: Path) -> Prepared:
    """What lies in a folder of shards. Raises FileNotFoundError where nothing was prepared."""
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    told = index["about"]
    region_file = told.pop("region_file")
    about = Dataset(
        **told,
        files=tuple(map(Path, index["files"])),
        examples=(),
        region_file=Path(region_file) if region_file else None,
    )
    shards = (Shard(n, _path(folder, n), rows) for n, rows in enumerate(index["rows"]))
    return Prepared(about, tuple(shards), index["data"])


def prepared_for(run: RunFolder, dataset: Dataset, data: dict[str, Any]) -> Prepared:
    """The shards beside a run that has begun with this data; made where they are not there."""
    if run.examples.exists():
        prepared = prepared_in(run.examples)
        if prepared.data == json.loads(json.dumps(data)):
            return prepared
        shutil.rmtree(run.examples)
    return prepare(dataset, data, run.examples)


def prepare(dataset: Dataset, data: Mapping[str, Any], folder: Path) -> Prepared:
    """Writes the shards of a dataset. The folder appears whole, and must not be there.

    data: what tells the dataset from others.
    """
    unfinished = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    passing = unfinished / "passing"
    passing.mkdir(parents=True)
    rows = []
    for number, shard in enumerate(_sorted(dataset, passing)):
        pq.write_table(shard, _path(unfinished, number), row_group_size=ROW_GROUP)
        rows.append(shard.num_rows)
    shutil.rmtree(passing)
    write_json(unfinished / INDEX, _index(dataset, rows) | {"data": data})
    unfinished.rename(folder)
    return prepared_in(folder)


def _sorted(dataset: Dataset, passing: Path) -> Iterator[pa.Table]:
    """The shards' tables. passing: a folder for what does not fit in memory."""
    staged = passing / "staged.parquet"
    with pq.ParquetWriter(staged, example_table.SCHEMA) as writer:
        for table in example_table.tables_of(dataset.examples):
            writer.write_table(table)
    with querying(passing) as database:
        database.read_parquet(str(staged)).create_view("examples")
        names = database.sql(NAMES).fetchall()
        database.register("views", example_table.views_of(dataset, (name for (name,) in names)))
        counts = [count for (count,) in database.sql(COUNTS).fetchall()]
        coming = database.sql(SORTED.format(views=_view_columns())).to_arrow_reader(LARGEST)
        yield from _cut(coming, shard_rows(counts))


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


def _view_columns() -> str:
    return ", ".join(
        f"{beginning}view.{name} AS {beginning}{name}"
        for beginning in example_table.SHOWN
        for name in example_table.VIEW.names[1:]
    )


def _index(dataset: Dataset, rows: list[int]) -> dict[str, Any]:
    told = {name: getattr(dataset, name) for name in TOLD}
    region_file = str(dataset.region_file) if dataset.region_file else ""
    files = [str(path) for path in dataset.files]
    about = told | {"region_file": region_file}
    return {"about": about, "files": files, "rows": rows}


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.parquet"
