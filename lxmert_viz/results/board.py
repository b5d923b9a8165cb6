"""A run's table as the board asks for it: DuckDB over Parquet, DataFrames out."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from lxmert_viz.errors import DatasetError
from lxmert_viz.forms import fits
from lxmert_viz.records import RIGHT_FROM
from lxmert_viz.results.columns import COLUMNS, FILTERED, MATCH, NO_MATCH, TYPES
from lxmert_viz.results.database import Database, quoted
from lxmert_viz.results.manifest_form import OF_A_WHOLE_RUN
from lxmert_viz.results.row import Row, rows_of
from lxmert_viz.results.row_filter import Where, where
from lxmert_viz.results.run_folder import TABLE, RunFolder, names_in, write_table
from lxmert_viz.results.totals import TOTALS, Totals
from lxmert_viz.results.verdicts import Note, Notes
from lxmert_viz.whole_files import reading_back, write_json

SLICES = "slices.json"
CLUSTERS = "clusters.parquet"
LOOKS = "looks.parquet"
BIN_WIDTHS = {"probability": 0.1, "match": 0.1, "margin": 0.1, "seconds": 0.01, "consistency": 0.25}
SHARES = set(BIN_WIDTHS) - {"seconds"}  # end at 1
SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.float32(): "FLOAT",
    pa.int32(): "INTEGER",
    pa.bool_(): "BOOLEAN",
    pa.list_(pa.string()): "VARCHAR[]",
}
BESIDE = (  # tables of what is judged and noted
    "CREATE TABLE notes (question_id VARCHAR PRIMARY KEY, verdict VARCHAR, tags VARCHAR, "
    "note VARCHAR)",
    "CREATE TABLE clusters (question_id VARCHAR, cluster INTEGER)",
    "CREATE TABLE looks (question_id VARCHAR, looked BOOLEAN)",
)
BOARD = """
CREATE VIEW board AS SELECT rows.* REPLACE (
    CASE WHEN cause NOT IN ('logic', 'no rule') OR looked IS NULL THEN cause
    WHEN looked THEN 'looked right' ELSE 'looked away' END AS cause
){absent}, looked, score >= {right} AS correct, cluster, notes.verdict, notes.tags, notes.note
FROM read_parquet('{path}', file_row_number = true) AS rows
LEFT JOIN notes USING (question_id) LEFT JOIN clusters USING (question_id)
LEFT JOIN looks USING (question_id)
"""


class Board:
    """Answers what a person asks about one run. Many threads may ask at once."""

    def __init__(self, run: RunFolder) -> None:
        """run: a finished one, as `open_run` makes sure of."""
        self.run = run
        self.manifest = run.manifest(OF_A_WHOLE_RUN)
        self.notes = Notes(run.path)
        self._database = Database()
        for statement in (*BESIDE, _view_of(run)):
            self._database.write(statement)
        self._write_notes(self.notes.all())
        self._clustered = (run.path / CLUSTERS).exists()
        for name, file in (("clusters", CLUSTERS), ("looks", LOOKS)):
            if (run.path / file).exists():
                self._read(name, file)

    def frame(self, where: str = "", columns: Sequence[str] = ()) -> pd.DataFrame:
        """The rows that a filter leaves, in the dataset's order, with all or the named columns.

        Text is "string", truths are "boolean", counts "Int64", each with pd.NA where nothing is
        known; other numbers are float32 with NaN; `people` has an array a row.
        """
        chosen = _chosen(where)
        return self._database.frame(
            f"SELECT {_listed(columns)} FROM board WHERE {chosen.sql} ORDER BY file_row_number",
            chosen.values,
        )

    def noted(self, columns: Sequence[str] = ()) -> pd.DataFrame:
        """The rows with a verdict, a tag or a note, in the dataset's order."""
        return self._database.frame(
            f"SELECT {_listed(columns)} FROM board "
            "WHERE coalesce(verdict, tags, note) IS NOT NULL ORDER BY file_row_number"
        )

    def count(self, text: str = "") -> int:
        chosen = _chosen(text)
        return self._database.value(f"SELECT count(*) FROM board WHERE {chosen.sql}", chosen.values)

    def page(
        self,
        text: str,
        sort: str,
        descending: bool,
        limit: int,
        offset: int,
        columns: Sequence[str] = (),
    ) -> pd.DataFrame:
        """Rows in order; equal ones, and all where sort is "", as in the dataset."""
        chosen, order = _chosen(text), "file_row_number"
        if sort:
            order = f"{_listed([sort])} {'DESC' if descending else 'ASC'} NULLS LAST, {order}"
        places = self._database.column(
            f"SELECT file_row_number FROM board WHERE {chosen.sql} "
            f"ORDER BY {order} LIMIT ? OFFSET ?",
            (*chosen.values, limit, offset),
        )
        marks = ", ".join("?" * len(places)) or "NULL"
        found = self._database.kept(
            f"SELECT {_listed(columns)}, file_row_number FROM board "
            f"WHERE file_row_number IN ({marks})",
            places,
        )
        at = {place: number for number, place in enumerate(found.pop("file_row_number"))}
        return found.take([at[place] for place in places]).reset_index(drop=True)

    def row(self, name: str) -> Row | None:
        """The example with this id."""
        found = rows_of(
            self._database.kept(f"SELECT {_listed()} FROM board WHERE question_id = ?", (name,))
        )
        return found[0] if found else None

    def totals(self, text: str = "") -> Totals:
        """Over the rows that a filter leaves."""
        chosen = _chosen(text)
        found = self._database.kept(f"SELECT {TOTALS} FROM board WHERE {chosen.sql}", chosen.values)
        known = found.astype(object).where(found.notna(), None)
        return Totals(**known.iloc[0])

    def breakdown(self, text: str, by: str) -> pd.DataFrame:
        """Per value of a column: rows, how many are scored, mean score; most rows first.

        Numbers with many values are grouped: `value` is then the lower end of the group.
        """
        chosen, group = _chosen(text), _listed([by])
        if by in BIN_WIDTHS:
            width, number = BIN_WIDTHS[by], f'floor("{by}" / {BIN_WIDTHS[by]} + 1e-6)'
            if by in SHARES:  # 1 belongs to the last bin
                number = f"least({number}, {round(1 / width) - 1})"
            group = f"{number} * {width}"
        order = "value" if not pa.types.is_string(TYPES[by]) else "rows DESC, value"
        return self._database.kept(
            f"SELECT {group} AS value, count(*) AS rows, count(score) AS scored, "
            "avg(score) AS score FROM board "
            f"WHERE {chosen.sql} GROUP BY 1 ORDER BY {order} NULLS LAST",
            chosen.values,
        )

    def confusion(self, text: str, most: int) -> pd.DataFrame:
        """How often each of the right answers that are missed most was answered by each."""
        chosen = _chosen(text)
        rows = f'(SELECT "right" AS gold, answer FROM board WHERE {chosen.sql})'
        return self._database.kept(
            f"WITH asked AS {rows}, often AS (SELECT gold FROM asked WHERE gold IS NOT NULL "
            "GROUP BY gold HAVING count(*) FILTER (answer != gold) > 0 "
            "ORDER BY count(*) FILTER (answer != gold) DESC, gold LIMIT ?) "
            "SELECT gold, answer, count(*) AS rows FROM asked WHERE gold IN (FROM often) "
            "AND answer IS NOT NULL GROUP BY ALL ORDER BY gold, rows DESC, answer",
            (*chosen.values, most),
        )

    def causes(self, text: str) -> pd.DataFrame:
        """Per cause: mistakes, and how much the mean score would gain if all of them were right."""
        chosen = _chosen(text)
        return self._database.kept(
            f"WITH asked AS (FROM board WHERE {chosen.sql} AND score IS NOT NULL) "
            "SELECT cause, count(*) AS rows, "
            "sum(ceiling - score) / (SELECT count(*) FROM asked) AS gain "
            "FROM asked WHERE cause IS NOT NULL GROUP BY cause ORDER BY rows DESC, cause",
            chosen.values,
        )

    def pairs(self, text: str) -> float | None:
        """Share of captions that match better than each of their foils; None without pairs."""
        chosen = _chosen(text)
        return self._database.value(
            f"WITH asked AS (FROM board WHERE {chosen.sql} AND pair IS NOT NULL) "
            "SELECT avg(CAST(coalesce(t.match_score > f.match_score, "
            't."match" > f."match") AS INT)) FROM asked AS t '
            'JOIN asked AS f USING (pair) WHERE t."right" = ? AND f."right" = ?',
            (*chosen.values, MATCH, NO_MATCH),
        )

    def statements(self, text: str) -> float | None:
        """Share of NLVR2's sentences that are judged right of all their pairs; None without."""
        chosen = _chosen(text)
        return self._database.value(
            "SELECT avg(CAST(whole AS INT)) FROM (SELECT bool_and(correct) AS whole "
            f"FROM board WHERE {chosen.sql} AND pair IS NOT NULL AND second_picture IS NOT NULL "
            "AND score IS NOT NULL GROUP BY pair)",
            chosen.values,
        )

    def inside_and_outside(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The scores of the rows that a filter leaves, and of all others."""
        chosen = _chosen(text)
        found = self._database.frame(
            f"SELECT score, coalesce({chosen.sql}, FALSE) AS inside FROM board "
            "WHERE score IS NOT NULL",
            chosen.values,
        )
        score, inside = found["score"].to_numpy(np.float64), found["inside"].to_numpy(bool)
        return score[inside], score[~inside]

    def filled(self) -> list[str]:
        """The columns that hold something in this run."""
        written = self.notes.all()
        noted = {
            "verdict": any(note.verdict for note in written),
            "tags": any(note.tags for note in written),
            "note": any(note.text for note in written),
            "cluster": self._clustered,
        }
        return [name for name in FILTERED if noted.get(name, name in self._filled)]

    @cached_property
    def remark_count(self) -> int:
        return self.run.count_remarks()

    @cached_property
    def _filled(self) -> set[str]:
        """The columns of the table that hold something; the table never changes."""
        names = [name for name in FILTERED if name not in ("cluster", "verdict", "tags", "note")]
        listed = ", ".join(f'count("{name}") AS "{name}"' for name in names)
        counts = self._database.frame(f"SELECT {listed} FROM board").iloc[0]
        return set(counts.index[counts > 0])

    def slices(self) -> dict[str, str]:
        """Saved filters by name."""
        path = self.run.path / SLICES
        if not path.exists():
            return {}
        with reading_back(path, "remove it, and name your slices again"):
            told = json.loads(path.read_bytes())
        if not fits(told, dict[str, str]):
            raise DatasetError(f"{path} is no list of slices, which are names with their filters.")
        return told

    def save_slices(self, slices: Mapping[str, str]) -> None:
        write_json(self.run.path / SLICES, dict(slices))

    def unexplained(self, text: str) -> dict[str, str]:
        """Id and answer of the mistakes that only where the model looked could explain."""
        chosen = _chosen(text)
        found = self._database.kept(
            f"SELECT question_id, answer FROM board WHERE {chosen.sql} "
            "AND cause IN ('logic', 'no rule') AND looked IS NULL AND object IS NOT NULL",
            chosen.values,
        )
        return dict(zip(found["question_id"], found["answer"], strict=True))

    def save_looks(self, looked: Mapping[str, bool]) -> None:
        """Whether the answers of some mistakes rest on what is asked about, beside those before."""
        before = self._database.frame(
            "SELECT question_id, looked FROM looks WHERE looked IS NOT NULL"
        )
        both = dict(zip(before["question_id"], before["looked"], strict=True)) | dict(looked)
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

    def write_note(self, note: Note) -> None:
        """Kept with the run, and a column at once."""
        self.notes.write(note)
        self._write_notes([note])

    def _write_notes(self, notes: Sequence[Note]) -> None:
        columns = zip(*((n.id, n.verdict, n.tags, n.text) for n in notes), strict=True)
        names = ("question_id", "verdict", "tags", "note")
        unnested = (f"nullif(unnest(?::VARCHAR[]), '') AS {name}" for name in names)
        if notes:
            self._database.write(
                f"INSERT OR REPLACE INTO notes SELECT {', '.join(unnested)}",
                [list(column) for column in columns],
            )

    def _read(self, name: str, file: str) -> None:
        """A table of the database from a file of the run."""
        path = quoted(self.run.path / file)
        self._database.write(
            f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM read_parquet('{path}')"
        )


def _view_of(run: RunFolder) -> str:
    written = names_in(run.path / TABLE)  # a run of an earlier version has fewer
    absent = "".join(
        f', CAST(NULL AS {SQL_TYPES[column.type]}) AS "{column.name}"'
        for column in COLUMNS
        if column.name not in written
    )
    return BOARD.format(path=quoted(run.path / TABLE), absent=absent, right=RIGHT_FROM)


def _chosen(text: str) -> Where:
    return where(text, FILTERED)


def _listed(names: Sequence[str] = ()) -> str:
    """Columns as SQL has them; all of them where none is named. Raises DatasetError."""
    for name in names:
        if name not in TYPES:
            raise DatasetError(f"There is no column {name!r}; there are {', '.join(TYPES)}.")
    return ", ".join(f'"{name}"' for name in names or TYPES)
