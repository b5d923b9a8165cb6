"""Two runs over the same examples, side by side: what the second fixed and what it broke."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from lxmert_viz.errors import DatasetError
from lxmert_viz.records import RIGHT_FROM
from lxmert_viz.results.columns import TYPES
from lxmert_viz.results.database import Database, quoted
from lxmert_viz.results.row_filter import where
from lxmert_viz.results.run_folder import TABLE, RunFolder

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
    {name: TYPES[name] for name in OF_THE_EXAMPLE}
    | {f"{name}_{run}": TYPES[name] for name in OF_A_RUN for run in ("before", "after")}
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
        self._database = Database()
        self._database.write(_pairs(before / TABLE, after / TABLE))
        self.shared: int = self._database.value("SELECT count(*) FROM pairs")
        counts = [self._count(folder / TABLE) for folder in (before, after)]
        self.alone = (counts[0] - self.shared, counts[1] - self.shared)
        if not self.shared:
            raise DatasetError(f"{before} and {after} have no example in common: compare others.")

    def changes(self, text: str = "") -> dict[str, int]:
        """How many scored rows of each of CHANGES a filter leaves."""
        chosen = where(text, KINDS)
        found = self._database.kept(
            f"SELECT change, count(*) AS rows FROM pairs WHERE {chosen.sql} "
            "AND change IS NOT NULL GROUP BY change",
            chosen.values,
        )
        counts = dict(zip(found["change"], found["rows"], strict=True))
        return {change: int(counts.get(change, 0)) for change in CHANGES}

    def scores(self, text: str = "") -> tuple[np.ndarray, np.ndarray]:
        """(N,) before and (N,) after, of the rows that both runs score."""
        chosen = where(text, KINDS)
        found = self._database.frame(
            f"SELECT score_before, score_after FROM pairs WHERE {chosen.sql} "
            "AND gain IS NOT NULL ORDER BY place_in_run",
            chosen.values,
        )
        before, after = (found[f"score_{run}"].to_numpy(np.float64) for run in ("before", "after"))
        return before, after

    def page(self, text: str, limit: int, offset: int = 0) -> pd.DataFrame:
        """Rows in the dataset's order, typed as Board.frame has them."""
        chosen = where(text, KINDS)
        return self._database.kept(
            f"SELECT * EXCLUDE place_in_run FROM pairs WHERE {chosen.sql} "
            "ORDER BY place_in_run LIMIT ? OFFSET ?",
            (*chosen.values, limit, offset),
        )

    def by_type(self, by: str, text: str = "") -> pd.DataFrame:
        """Per value of a column: scored rows, fixed, broken and the mean gain; largest first."""
        if by not in KINDS:
            raise DatasetError(f"There is no column {by!r}; there are {', '.join(KINDS)}.")
        chosen = where(text, KINDS)
        return self._database.kept(
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
        counts = self._database.kept(f"SELECT {listed} FROM pairs").iloc[0]
        return list(counts.index[counts > 0])

    def _count(self, path: Path) -> int:
        return self._database.value(f"SELECT count(*) FROM read_parquet('{quoted(path)}')")


def _pairs(before: Path, after: Path) -> str:
    example = [f'before."{name}"' for name in OF_THE_EXAMPLE if name != "question_id"]
    runs = [f"{run}.{n} AS {n}_{run}" for n in OF_A_RUN for run in ("before", "after")]
    return PAIRS.format(
        example=", ".join(["question_id", *example, "before.file_row_number AS place_in_run"]),
        runs=", ".join(runs),
        before=quoted(before),
        after=quoted(after),
        both_right=BOTH_RIGHT,
        both_wrong=BOTH_WRONG,
        fixed=FIXED,
        broken=BROKEN,
        right_from=RIGHT_FROM,
    )
