"""Two runs over the same examples, side by side: what the second fixed and what it broke."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from lxmert_viz.errors import DatasetError
from lxmert_viz.records import RIGHT_FROM
from lxmert_viz.results.columns import SCHEMA
from lxmert_viz.results.row_filter import where
from lxmert_viz.results.run_folder import TABLE, RunFolder

Row = dict[str, Any]
FIXED, BROKEN = "fixed", "broken"
BOTH_RIGHT, BOTH_WRONG = "right in both", "wrong in both"
CHANGES = (FIXED, BROKEN, BOTH_WRONG, BOTH_RIGHT)
GROUPED = ("question_type", "answer_type", "structural_type", "semantic_type", "detailed_type")
OF_THE_EXAMPLE = (
    *("question_id", "picture", "picture_file", "text", "right", "words", "object", "operation"),
    *(*GROUPED, "local_group", "global_group", "balanced", "pair", "place"),
)
OF_A_RUN = ("answer", "probability", "score", "match", "cause", "regions", "error")
KINDS = (
    {name: SCHEMA.field(name).type for name in OF_THE_EXAMPLE}
    | {f"{name}_{run}": SCHEMA.field(name).type for name in OF_A_RUN for run in ("before", "after")}
    | {"change": pa.string(), "gain": pa.float32(), "same_answer": pa.bool_()}
)
PAIRS = """
CREATE VIEW pairs AS SELECT {example}, {runs},
    after.score - before.score AS gain, after.answer = before.answer AS same_answer,
    CASE WHEN before.score >= {right_from} AND after.score >= {right_from} THEN '{both_right}'
         WHEN after.score >= {right_from} THEN '{fixed}'
         WHEN before.score >= {right_from} THEN '{broken}'
         WHEN before.score IS NOT NULL THEN '{both_wrong}' END AS change
FROM read_parquet('{before}', file_row_number = true) AS before
JOIN read_parquet('{after}') AS after USING (question_id)
WHERE before.text = after.text
"""


class TwoRuns:
    """Rows are the examples that both runs have, with the same text. Threads may share it."""

    def __init__(self, before: Path, after: Path) -> None:
        """Raises DatasetError for runs that are not whole or have no example in common."""
        for folder in (before, after):
            if not RunFolder(folder).is_whole:
                raise DatasetError(f"{folder} is not the folder of a finished run.")
        self.before, self.after = RunFolder(before).manifest(), RunFolder(after).manifest()
        self._lock = threading.Lock()
        self._database = duckdb.connect(":memory:", config={"threads": 2})
        self._database.execute(_pairs(before / TABLE, after / TABLE))
        self.shared = self._rows("SELECT count(*) AS n FROM pairs", ())[0]["n"]
        counts = [self._count(folder / TABLE) for folder in (before, after)]
        self.alone = (counts[0] - self.shared, counts[1] - self.shared)
        if not self.shared:
            raise DatasetError(f"{before} and {after} have no example in common: compare others.")

    def changes(self, text: str = "") -> dict[str, int]:
        """How many scored rows of each of CHANGES a filter leaves."""
        chosen = where(text, KINDS)
        rows = self._rows(
            f"SELECT change, count(*) AS n FROM pairs WHERE {chosen.sql} GROUP BY change",
            chosen.values,
        )
        found = {row["change"]: row["n"] for row in rows}
        return {change: found.get(change, 0) for change in CHANGES}

    def scores(self, text: str = "") -> tuple[np.ndarray, np.ndarray]:
        """(N,) before and (N,) after, of the rows that both runs score."""
        chosen = where(text, KINDS)
        found = self._fetch(
            "SELECT CAST(score_before AS DOUBLE) AS before, CAST(score_after AS DOUBLE) AS after "
            f"FROM pairs WHERE {chosen.sql} AND gain IS NOT NULL ORDER BY place_in_run",
            chosen.values,
        ).fetchnumpy()
        return np.asarray(found["before"]), np.asarray(found["after"])

    def page(self, text: str, limit: int, offset: int = 0) -> list[Row]:
        """Rows in the dataset's order."""
        chosen = where(text, KINDS)
        return self._rows(
            f"SELECT * EXCLUDE place_in_run FROM pairs WHERE {chosen.sql} "
            "ORDER BY place_in_run LIMIT ? OFFSET ?",
            (*chosen.values, limit, offset),
        )

    def by_type(self, by: str, text: str = "") -> list[Row]:
        """Per value of a column: scored rows, fixed, broken and the mean gain; largest first."""
        if by not in KINDS:
            raise DatasetError(f"There is no column {by!r}; there are {', '.join(KINDS)}.")
        chosen = where(text, KINDS)
        return self._rows(
            f'SELECT "{by}" AS value, count(*) AS rows, '
            f"count(*) FILTER (change = '{FIXED}') AS fixed, "
            f"count(*) FILTER (change = '{BROKEN}') AS broken, avg(gain) AS gain "
            f'FROM pairs WHERE {chosen.sql} AND gain IS NOT NULL AND "{by}" IS NOT NULL '
            "GROUP BY 1 ORDER BY rows DESC, value",
            chosen.values,
        )

    def filled(self) -> list[str]:
        """The columns of GROUPED that hold something."""
        listed = ", ".join(f'count("{name}") AS "{name}"' for name in GROUPED)
        (row,) = self._rows(f"SELECT {listed} FROM pairs", ())
        return [name for name, count in row.items() if count]

    def _count(self, path: Path) -> int:
        return self._rows(f"SELECT count(*) AS n FROM read_parquet('{_quoted(path)}')", ())[0]["n"]

    def _fetch(self, query: str, values: Sequence[Any]) -> duckdb.DuckDBPyConnection:
        with self._lock:
            cursor = self._database.cursor()
        return cursor.execute(query, list(values))

    def _rows(self, query: str, values: Sequence[Any]) -> list[Row]:
        found = self._fetch(query, values)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _pairs(before: Path, after: Path) -> str:
    example = [f'before."{name}"' for name in OF_THE_EXAMPLE if name != "question_id"]
    runs = [f"{run}.{n} AS {n}_{run}" for n in OF_A_RUN for run in ("before", "after")]
    return PAIRS.format(
        example=", ".join(["question_id", *example, "before.file_row_number AS place_in_run"]),
        runs=", ".join(runs),
        before=_quoted(before),
        after=_quoted(after),
        right_from=RIGHT_FROM,
        both_right=BOTH_RIGHT,
        both_wrong=BOTH_WRONG,
        fixed=FIXED,
        broken=BROKEN,
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
