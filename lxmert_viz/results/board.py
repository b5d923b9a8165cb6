"""A run's table as the board asks for it: DuckDB over Parquet. All SQL of runs is here."""

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lxmert_viz.errors import DatasetError
from lxmert_viz.results.columns import BY_NAME, COLUMNS, MATCH, NO_MATCH, SCHEMA
from lxmert_viz.results.row_filter import where
from lxmert_viz.results.run_folder import TABLE, RunFolder, write_table
from lxmert_viz.results.verdicts import Notes
from lxmert_viz.whole_files import write_json

Row = dict[str, Any]
SLICES = "slices.json"
KEPT_ANSWERS = 128  # of the database; a page asks the same again at every click
CLUSTERS = "clusters.parquet"
LOOKS = "looks.parquet"
MADE = {
    "correct": pa.bool_(),
    "looked": pa.bool_(),
    "cluster": pa.int32(),
    "verdict": pa.string(),
    "tags": pa.string(),
    "note": pa.string(),
}
KINDS: Mapping[str, pa.DataType] = {
    name: SCHEMA.field(name).type for name in BY_NAME if name != "people"
} | MADE
BIN_WIDTHS = {"probability": 0.1, "match": 0.1, "margin": 0.1, "seconds": 0.01, "consistency": 0.25}
SHARES = set(BIN_WIDTHS) - {"seconds"}  # end at 1
SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.float32(): "FLOAT",
    pa.int32(): "INTEGER",
    pa.bool_(): "BOOLEAN",
    pa.list_(pa.string()): "VARCHAR[]",
}
ROWS = """
SELECT rows.* REPLACE (
    CASE WHEN cause NOT IN ('logic', 'no rule') OR looked IS NULL THEN cause
    WHEN looked THEN 'looked right' ELSE 'looked away' END AS cause
){absent}, looked, score >= 0.5 AS correct, cluster, notes.verdict, notes.tags, notes.note
FROM read_parquet('{path}', file_row_number = true) AS rows 
LEFT JOIN notes USING (question_id) LEFT JOIN clusters USING (question_id)
LEFT JOIN looks USING (question_id)
"""


class Board:
    """Answers what a person asks about one run. Many threads may ask at once."""

    def __init__(self, folder: Path) -> None:
        """Raises DatasetError for a folder without a finished run."""
        self.run = RunFolder(folder)
        self.manifest = self.run.manifest()
        if not self.run.is_whole:
            raise DatasetError(
                f"{folder} is not finished: ask `evaluate` the same again, and it goes on."
            )
        self.notes = Notes(folder)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, tuple[Any, ...]], list[Row]] = OrderedDict()
        self._database = duckdb.connect(":memory:", config={"threads": 2})
        self._database.execute(
            "CREATE TABLE notes (question_id VARCHAR, verdict VARCHAR, tags VARCHAR, note VARCHAR)"
        )
        self._database.execute("CREATE TABLE clusters (question_id VARCHAR, cluster INTEGER)")
        self._database.execute("CREATE TABLE looks (question_id VARCHAR, looked BOOLEAN)")
        self._clustered = False
        path = str(folder / TABLE).replace("'", "''")
        written = pq.read_schema(folder / TABLE).names  # a run of an earlier version has fewer
        absent = "".join(
            f', CAST(NULL AS {SQL_TYPES[column.type]}) AS "{column.name}"'
            for column in COLUMNS
            if column.name not in written
        )
        self._database.execute(f"CREATE VIEW board AS {ROWS.format(path=path, absent=absent)}")
        self.read_notes()
        if (folder / CLUSTERS).exists():
            self._read("clusters", CLUSTERS)
            self._clustered = True
        if (folder / LOOKS).exists():
            self._read("looks", LOOKS)

    def unexplained(self, text: str) -> dict[str, str]:
        """Id and answer of the mistakes that only where the model looked could explain."""
        chosen = where(text, KINDS)
        rows = self._rows(
            f"SELECT question_id, answer FROM board WHERE {chosen.sql} "
            "AND cause IN ('logic', 'no rule') AND looked IS NULL AND object IS NOT NULL",
            chosen.values,
        )
        return {row["question_id"]: row["answer"] for row in rows}

    def save_looks(self, looked: Mapping[str, bool]) -> None:
        """Whether the answers of some mistakes rest on what is asked about, beside those before."""
        rows = self._rows("SELECT question_id, looked FROM looks", ())
        both = {row["question_id"]: row["looked"] for row in rows} | dict(looked)
        columns = {"question_id": list(both), "looked": pa.array(both.values(), pa.bool_())}
        write_table(self.run.path / LOOKS, pa.table(columns))
        self._read("looks", LOOKS)
        self.__dict__.pop("_filled", None)

    def save_clusters(self, ids: Sequence[str], numbers: Sequence[int]) -> None:
        """Which group each of some examples is in becomes the column `cluster`."""
        table = pa.table({"question_id": list(ids), "cluster": pa.array(numbers, pa.int32())})
        write_table(self.run.path / CLUSTERS, table)
        self._read("clusters", CLUSTERS)
        self._clustered = True

    def _read(self, name: str, file: str) -> None:
        """A table of the database from a file of the run."""
        with self._lock:
            self._database.execute(f"DELETE FROM {name}")
            path = str(self.run.path / file)
            self._database.execute(f"INSERT INTO {name} SELECT * FROM read_parquet(?)", [path])
            self._kept = OrderedDict()

    def read_notes(self) -> None:
        """Notes as they now stand become columns."""
        rows = [[n.id, n.verdict or None, n.tags or None, n.text or None] for n in self.notes.all()]
        with self._lock:
            self._database.execute("DELETE FROM notes")
            if rows:
                self._database.executemany("INSERT INTO notes VALUES (?, ?, ?, ?)", rows)
            self._kept = OrderedDict()

    def count(self, text: str = "") -> int:
        chosen = where(text, KINDS)
        (row,) = self._rows(f"SELECT count(*) AS n FROM board WHERE {chosen.sql}", chosen.values)
        return row["n"]

    def page(self, text: str, sort: str, descending: bool, limit: int, offset: int) -> list[Row]:
        """Rows in order; equal ones, and all where sort is "", as in the dataset."""
        chosen, order = where(text, KINDS), "file_row_number"
        if sort:
            self._check(sort)
            order = f'"{sort}" {"DESC" if descending else "ASC"} NULLS LAST, file_row_number'
        places = (
            f"SELECT file_row_number AS place FROM board WHERE {chosen.sql} "
            f"ORDER BY {order} LIMIT ? OFFSET ?"
        )
        found = self._rows(places, (*chosen.values, limit, offset))
        if not found:
            return []
        wanted = [row["place"] for row in found]
        marks = ", ".join("?" * len(wanted))
        rows = self._rows(f"SELECT * FROM board WHERE file_row_number IN ({marks})", wanted)
        by_place = {row["file_row_number"]: row for row in rows}
        return [by_place[place] for place in wanted]

    def row(self, name: str) -> Row | None:
        found = self._rows("SELECT * FROM board WHERE question_id = ?", (name,))
        return found[0] if found else None

    def totals(self, text: str = "") -> Row:
        """Counts and means over the rows that a filter leaves; means are None where none counts."""
        chosen = where(text, KINDS)
        (row,) = self._rows(
            "SELECT count(*) AS rows, count(score) AS scored, avg(score) AS score, "
            "avg(ceiling) AS ceiling, count(error) AS errors, "
            "avg(CAST(valid AS INT)) AS valid, avg(CAST(plausible AS INT)) AS plausible, "
            "avg(grounding) AS grounding, avg(consistency) AS consistency, "
            "avg(CAST(known AS INT)) AS known, "
            "avg(score) FILTER (tail) AS tail, avg(score) FILTER (NOT tail) AS head, "
            "avg(score) FILTER (structural_type != 'query') AS closed, "
            "avg(score) FILTER (structural_type = 'query') AS open, "
            "avg(without_picture_score) AS without_picture, "
            "avg(without_question_score) AS without_question, avg(prior_score) AS prior, "
            "avg(CAST(answer = 'yes' AS INT)) FILTER (\"right\" IN ('yes', 'no')) AS says_yes, "
            "avg(CAST(\"right\" = 'yes' AS INT)) FILTER (\"right\" IN ('yes', 'no')) AS is_yes "
            f"FROM board WHERE {chosen.sql}",
            chosen.values,
        )
        return row

    def breakdown(self, text: str, by: str) -> list[Row]:
        """Per value of a column: rows, how many are scored, mean score; most rows first.

        Numbers with many values are grouped: `value` is then the lower end of the group.
        """
        self._check(by)
        chosen, group = where(text, KINDS), f'"{by}"'
        if by in BIN_WIDTHS:
            width, number = BIN_WIDTHS[by], f'floor("{by}" / {BIN_WIDTHS[by]} + 1e-6)'
            if by in SHARES:  # 1 belongs to the last bin
                number = f"least({number}, {round(1 / width) - 1})"
            group = f"{number} * {width}"
        order = "value" if not pa.types.is_string(KINDS[by]) else "rows DESC, value"
        return self._rows(
            f"SELECT {group} AS value, count(*) AS rows, count(score) AS scored, "
            "avg(score) AS score FROM board "
            f"WHERE {chosen.sql} GROUP BY 1 ORDER BY {order} NULLS LAST",
            chosen.values,
        )

    def confusion(self, text: str, most: int) -> list[Row]:
        """How often each right answer was answered by each; the most frequent answers only."""
        chosen = where(text, KINDS)
        rows = f'(SELECT "right" AS gold, answer FROM board WHERE {chosen.sql})'
        return self._rows(
            f"WITH asked AS {rows}, often AS (SELECT gold FROM asked WHERE gold IS NOT NULL "
            "GROUP BY gold ORDER BY count(*) DESC, gold LIMIT ?) "
            "SELECT gold, answer, count(*) AS rows FROM asked WHERE gold IN (FROM often) "
            "AND answer IS NOT NULL GROUP BY ALL ORDER BY gold, rows DESC, answer",
            (*chosen.values, most),
        )

    def causes(self, text: str) -> list[Row]:
        """Per cause: mistakes, and how much the mean score would gain if all of them were right."""
        chosen = where(text, KINDS)
        return self._rows(
            f"WITH asked AS (FROM board WHERE {chosen.sql} AND score IS NOT NULL) "
            "SELECT cause, count(*) AS rows, "
            "sum(ceiling - score) / (SELECT count(*) FROM asked) AS gain "
            "FROM asked WHERE cause IS NOT NULL GROUP BY cause ORDER BY rows DESC, cause",
            chosen.values,
        )

    def pairs(self, text: str) -> float | None:
        """Share of captions that match better than each of their foils; None without pairs."""
        chosen = where(text, KINDS)
        (row,) = self._rows(
            f"WITH asked AS (FROM board WHERE {chosen.sql} AND pair IS NOT NULL) "
            'SELECT avg(CAST(t."match" > f."match" AS INT)) AS share FROM asked AS t '
            'JOIN asked AS f USING (pair) WHERE t."right" = ? AND f."right" = ?',
            (*chosen.values, MATCH, NO_MATCH),
        )
        return row["share"]

    def statements(self, text: str) -> float | None:
        """Share of NLVR2's sentences that are judged right of all their pairs; None without."""
        chosen = where(text, KINDS)
        (row,) = self._rows(
            "SELECT avg(CAST(worst >= 0.5 AS INT)) AS share FROM (SELECT min(score) AS worst "
            f"FROM board WHERE {chosen.sql} AND pair IS NOT NULL AND second_picture IS NOT NULL "
            "AND score IS NOT NULL GROUP BY pair)",
            chosen.values,
        )
        return row["share"]

    def arrays(self, text: str, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Columns of the rows where none of them is null, as arrays (N,)."""
        for name in names:
            self._check(name)
        chosen = where(text, KINDS)
        there = " AND ".join(f'"{name}" IS NOT NULL' for name in names)
        listed = ", ".join(f'"{name}"' for name in names)
        query = f"SELECT {listed} FROM board WHERE {chosen.sql} AND {there}"
        cursor = self._database.cursor()
        found = cursor.execute(query, list(chosen.values)).fetchnumpy()
        return {name: np.asarray(found[name]) for name in names}

    def filled(self) -> list[str]:
        """The columns that hold something in this run."""
        written = self.notes.all()
        noted = {
            "verdict": any(note.verdict for note in written),
            "tags": any(note.tags for note in written),
            "note": any(note.text for note in written),
            "cluster": self._clustered,
        }
        return [name for name in KINDS if noted.get(name, name in self._filled)]

    @cached_property
    def remark_count(self) -> int:
        return self.run.count_remarks()

    @cached_property
    def _filled(self) -> set[str]:
        """The columns of the table that hold something; the table never changes."""
        names = [name for name in KINDS if name not in ("cluster", "verdict", "tags", "note")]
        listed = ", ".join(f'count("{name}") AS "{name}"' for name in names)
        (row,) = self._rows(f"SELECT {listed} FROM board", ())
        return {name for name, count in row.items() if count}

    def table(self, names: Sequence[str], text: str = "") -> pa.Table:
        """Columns of the rows that a filter leaves, in the dataset's order."""
        for name in names:
            self._check(name)
        listed, chosen = ", ".join(f'"{name}"' for name in names), where(text, KINDS)
        query = f"SELECT {listed} FROM board WHERE {chosen.sql} ORDER BY file_row_number"
        cursor = self._database.cursor()
        return cursor.sql(query, params=list(chosen.values)).to_arrow_table()

    def columns(
        self, names: Sequence[str], text: str = ""
    ) -> tuple[dict[str, list[Any]], np.ndarray]:
        """Columns of scored rows, with None where there is no value, and their scores (N,)."""
        table = self.table(("score", *names), text)
        table = table.filter(table.column("score").is_valid())
        score = table.column("score").to_numpy().astype(np.float64)
        return {name: table.column(name).to_pylist() for name in names}, score

    def inside_and_outside(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The scores of the rows that a filter leaves, and of all others."""
        chosen = where(text, KINDS)
        cursor = self._database.cursor()
        query = f"SELECT score, coalesce({chosen.sql}, FALSE) FROM board WHERE score IS NOT NULL"
        found = cursor.execute(query, list(chosen.values)).fetchnumpy()
        score, inside = (np.asarray(values) for values in found.values())
        return score[inside].astype(np.float64), score[~inside].astype(np.float64)

    def slices(self) -> dict[str, str]:
        """Saved filters by name."""
        path = self.run.path / SLICES
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def save_slices(self, slices: Mapping[str, str]) -> None:
        write_json(self.run.path / SLICES, dict(slices))

    def values(self, by: str, most: int = 200) -> list[str]:
        """The values of a column, the most frequent first."""
        self._check(by)
        rows = self._rows(
            f'SELECT "{by}" AS value FROM board WHERE "{by}" IS NOT NULL '
            "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ?",
            (most,),
        )
        return [row["value"] for row in rows]

    def _check(self, name: str) -> None:
        if name not in KINDS:
            raise DatasetError(f"There is no column {name!r}; there are {', '.join(KINDS)}.")

    def _rows(self, query: str, values: Sequence[Any]) -> list[Row]:
        """Kept until notes or clusters change: the table never does."""
        key = (query, tuple(values))
        with self._lock:
            kept, known = self._kept, self._kept.get(key)
        if known is None:
            found = self._database.cursor().execute(query, list(values))
            names = [column[0] for column in found.description]
            known = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
            with self._lock:
                kept[key] = known
                while len(kept) > KEPT_ANSWERS:
                    kept.popitem(last=False)
        return [dict(row) for row in known]
