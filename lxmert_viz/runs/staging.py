"""The examples of a source in passing files, sorted by picture; what is odd about them is remarked.

Memory grows with the number of pictures; with that of examples only as a sort on files needs it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lxmert_viz.dataset import example_table
from lxmert_viz.dataset.datasets import Reading, Told, duplicate, lost
from lxmert_viz.dataset.finding import Found, missing
from lxmert_viz.dataset.opening import Source, nothing_in
from lxmert_viz.dataset.remarks import Remark
from lxmert_viz.records import Report
from lxmert_viz.results.database import quoted
from lxmert_viz.results.large_queries import Queries, allow, rows_of
from lxmert_viz.runs.ahead import made_ahead

ROWS = 20_000  # that are written at once
STAGED = "CREATE VIEW staged AS FROM read_parquet('{path}')"
REPEATED = """
CREATE TABLE repeated AS SELECT number, id, place, first_value(place) OVER same AS kept
FROM staged WHERE id IN (SELECT id FROM staged GROUP BY id HAVING count(*) > 1)
WINDOW same AS (PARTITION BY id ORDER BY number {order})
QUALIFY row_number() OVER same > 1
"""
KEPT = "SELECT id, place, kept FROM repeated ORDER BY number"
EXAMPLES = "CREATE VIEW examples AS FROM staged WHERE number NOT IN (SELECT number FROM repeated)"
NAMES = """
SELECT name FROM (
    SELECT picture AS name, 2 * number AS place FROM examples
    UNION ALL SELECT second_picture, 2 * number + 1 FROM examples
) WHERE name <> '' GROUP BY name ORDER BY min(place)
"""
LOST = """
SELECT count(*) FROM (SELECT unnest(entailed) AS id FROM examples) ANTI JOIN examples USING (id)
"""
LACKING = """
SELECT id, place, lack, lacking FROM (
    SELECT id, place, picture AS name, 2 * number AS turn FROM examples
    UNION ALL SELECT id, place, second_picture, 2 * number + 1 FROM examples
) JOIN views USING (name) WHERE lack IS NOT NULL ORDER BY turn
"""
SHOWN = """
CREATE VIEW shown AS SELECT examples.* REPLACE (
    view.picture AS picture, coalesce(second_view.picture, '') AS second_picture
), {seen}
FROM examples JOIN views AS view ON view.name = examples.picture
LEFT JOIN views AS second_view ON second_view.name = examples.second_picture
"""
COUNTS = "SELECT count(*) FROM shown GROUP BY picture ORDER BY min(number)"
SORTED = """
SELECT shown.* FROM shown
JOIN (SELECT picture, min(number) AS first FROM shown GROUP BY picture) USING (picture)
ORDER BY first, number
"""


class Staged:
    """What was read of a source, and found out about its pictures."""

    def __init__(
        self,
        source: Source,
        database: Queries,
        folder: Path,
        remark: Callable[[Remark], None],
        report: Report,
    ) -> None:
        """folder: for files that nobody needs afterwards. Raises DatasetError as a source does."""
        self.told = Told(remark)
        self._database, self._remark, self._report = database, remark, report
        for one in source.remarks:
            remark(one)
        self.rows = self._stage(source, folder / "staged.parquet")
        allow(database, self.rows)
        self._leave_out_repeated(source.reading.last_counts)
        names = [name for (name,) in rows_of(database, NAMES)]
        self.found: Found = source.found(names)
        (entailed,) = next(rows_of(database, LOST))
        if entailed and not self.found.is_told:
            remark(lost(entailed, source.reading))
        for one in self.found.remarks:
            remark(one)
        database.register("views", example_table.views_of(self.found, names))
        for name, place, kind, what in rows_of(database, LACKING):
            remark(missing(name, place, kind, what))
        database.execute(SHOWN.format(seen=_seen()))

    def counts(self) -> list[int]:
        """Examples of each picture, in the order of the pictures' first examples."""
        return [count for (count,) in rows_of(self._database, COUNTS)]

    def batches(self, rows: int) -> Iterator[pa.RecordBatch]:
        """All examples with their views, sorted by picture."""
        yield from self._database.sql(SORTED).to_arrow_reader(rows)

    def _stage(self, source: Source, path: Path) -> int:
        first: list[Remark] = []

        def hear(remark: Remark) -> None:
            if not first or (first[0].kind != "broken" and remark.kind == "broken"):
                first[:] = [remark]
            self._remark(remark)

        self.told.remark, rows = hear, 0
        schema = example_table.SCHEMA
        repeating = example_table.repeating(schema)
        with pq.ParquetWriter(path, schema, use_dictionary=repeating) as writer:

            def write(table: pa.Table) -> int:
                writer.write_table(table)
                return table.num_rows

            tables = joined(_tables(source.reading, self.told), ROWS)
            with closing(made_ahead(write, tables, workers=1, ahead=1)) as all_written:
                for written in all_written:
                    rows += written
                    if written >= ROWS:
                        self._report(f"{rows:,} examples read", 0.0)
        if not rows:
            raise nothing_in(source.reading, first)
        self._database.execute(STAGED.format(path=quoted(path)))
        return rows

    def _leave_out_repeated(self, last_counts: bool) -> None:
        self._database.execute(REPEATED.format(order="DESC" if last_counts else "ASC"))
        for name, place, kept in rows_of(self._database, KEPT):
            self._remark(duplicate(name, place, kept))
            self.rows -= 1
        self._database.execute(EXAMPLES)


def _tables(reading: Reading, told: Told) -> Iterator[pa.Table]:
    if reading.tables is not None:
        return reading.tables(told)
    return example_table.tables_of(reading.examples(told))


def joined(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Tables of so many rows or a few more; the last one has the rest."""
    some: list[pa.Table] = []
    for table in tables:
        some.append(table)
        if sum(one.num_rows for one in some) >= rows:
            yield pa.concat_tables(some)
            some = []
    if some:
        yield pa.concat_tables(some)


def _seen() -> str:
    return ", ".join(
        f"{beginning}view.{name} AS {beginning}{name}"
        for beginning in example_table.SHOWN
        for name in example_table.SEEN
    )
