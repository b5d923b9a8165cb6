"""The table of the board: an example a row, with its prediction, scores and cause.

Each shard is scored by itself; what a row owes to all others is asked of DuckDB, on files.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lxmert_viz.analysis import gqa_metrics
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import RIGHT_FROM
from lxmert_viz.results import columns
from lxmert_viz.results.database import quoted
from lxmert_viz.results.large_queries import Queries, allow, querying, rows_of
from lxmert_viz.results.run_folder import TABLE, RunFolder
from lxmert_viz.runs import scoring
from lxmert_viz.runs.ahead import made_ahead
from lxmert_viz.runs.internals import GOLD
from lxmert_viz.runs.preparing import Prepared, Shard
from lxmert_viz.runs.scoring import Known
from lxmert_viz.runs.staging import joined
from lxmert_viz.whole_files import written_whole

PASSING = "table.part"  # a folder beside the table, for what does not fit in memory
ROW_GROUP = 25_000
GROUNDING = f"{GOLD} lang_from_vision"
COUNTS = """
SELECT {group} AS grouped, "right", count(*) FROM read_parquet('{examples}')
WHERE "right" <> '' AND {asked} GROUP BY ALL ORDER BY grouped, min(number)
"""
BY_KIND = {  # how often each right answer is: of whom, by what
    "leaders": ("matches IS NULL", "coalesce(nullif(question_type, ''), detailed_type)"),
    "rare": ("local_group <> ''", "local_group"),
}
FOLLOWING = """
CREATE TABLE following AS
SELECT asked.number, other.number AS other, coalesce(other.score, 0) AS score
FROM (SELECT number, question_id, unnest(entailed) AS name FROM scored WHERE score >= {right})
    AS asked
JOIN scored AS other ON other.question_id = asked.name AND other.question_id <> asked.question_id
"""
CONSISTENCY = """
CREATE TABLE consistent AS SELECT number, avg(score) AS consistency FROM following GROUP BY number
"""
CONTRADICTED = """
CREATE TABLE contradicted AS SELECT DISTINCT other AS number, true AS contradicted
FROM following JOIN consistent USING (number) WHERE consistency < 1 AND score < {right}
"""
TOGETHER = """
SELECT {columns} FROM (
    SELECT scored.* REPLACE (
        CASE WHEN contradicted THEN cause_if_contradicted ELSE cause END AS cause
    ), consistency, contradicted
    FROM scored LEFT JOIN consistent USING (number) LEFT JOIN contradicted USING (number)
) ORDER BY number
"""


def finish(run: RunFolder, prepared: Prepared, vocabulary: Sequence[str]) -> None:
    """Writes the table once every shard is made. Raises DatasetError where rows are missing.

    vocabulary: the model's answers; empty where they are not known.
    """
    run.check_there()
    passing = run.path / PASSING
    with querying(passing) as database:
        allow(database, prepared.rows)
        known, scored = _known(database, run, vocabulary), passing / "scored.parquet"
        with pq.ParquetWriter(scored, scoring.SCHEMA) as writer:
            for table in joined(_scored(run, prepared, known), ROW_GROUP):
                writer.write_table(table)
        with written_whole(run.path / TABLE) as unfinished:
            _write(database, scored, unfinished)


def _known(database: Queries, run: RunFolder, vocabulary: Sequence[str]) -> Known:
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for name, (asked, group) in BY_KIND.items():
        found: dict[str, dict[str, int]] = defaultdict(dict)
        examples = quoted(run.examples / "*.parquet")
        query = COUNTS.format(group=group, examples=examples, asked=asked)
        for grouped, answer, count in rows_of(database, query):
            found[grouped][answer] = count
        counts[name] = found
    return Known(
        vocabulary=frozenset(vocabulary),
        leaders=gqa_metrics.leaders(counts["leaders"]),
        rare=gqa_metrics.rare_answers(counts["rare"]),
    )


def _scored(run: RunFolder, prepared: Prepared, known: Known) -> Iterator[pa.Table]:
    done = run.finished_parts()
    missing = [shard for shard in prepared.shards if shard.number not in done]
    if missing:
        first = missing[0].table()["id"][0]
        count = sum(shard.rows for shard in missing)
        raise DatasetError(f"{count} examples have no prediction, {first} first.")

    def read(shard: Shard) -> tuple[Shard, pa.Table, pa.Table, pa.Table | None]:
        kept = run.kept(shard.number, ["question_id", GROUNDING])
        return shard, shard.table(), run.part(shard.number), kept

    for shard, asked, made, kept in made_ahead(read, prepared.shards, workers=1, ahead=1):
        if asked["id"].to_pylist() != made["question_id"].to_pylist():
            raise DatasetError(
                f"{run.path} holds predictions of other examples in its part {shard.number}: "
                "begin the run again in a new folder."
            )
        grounding = grounding_of(kept)
        yield scoring.scored(asked, made, [grounding.get(i.as_py()) for i in asked["id"]], known)


def grounding_of(kept: pa.Table | None) -> dict[str, float]:
    """Id -> attention of words to the regions of what the question is about, mean over heads."""
    if kept is None or GROUNDING not in kept.column_names:
        return {}
    rows = zip(kept["question_id"].to_pylist(), kept[GROUNDING].to_pylist(), strict=True)
    return {name: float(np.mean(heads)) for name, heads in rows if heads is not None}


def _write(database: Queries, scored: Path, path: Path) -> None:
    """In the dataset's order, with what other rows decide."""
    database.execute(f"CREATE VIEW scored AS FROM read_parquet('{quoted(scored)}')")
    for statement in (FOLLOWING, CONSISTENCY, CONTRADICTED):
        database.execute(statement.format(right=RIGHT_FROM))
    names = ", ".join(f'"{name}"' for name in columns.SCHEMA.names)
    reader = database.sql(TOGETHER.format(columns=names)).to_arrow_reader(ROW_GROUP)
    with pq.ParquetWriter(path, columns.SCHEMA) as writer:
        for batch in reader:
            writer.write_table(pa.Table.from_batches([batch]).cast(columns.SCHEMA))
