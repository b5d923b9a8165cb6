"""Queries over more rows than the memory holds: what does not fit waits in files of a folder."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

LEAST_MEMORY = 180  # megabytes, beside what the process holds itself
A_MILLION = 180  # megabytes for a million rows: a sort holds a block of each run that it merges
THREADS = 1  # each sorts in memory of its own, and most of the time rows are read and written
AT_ONCE = 10_000  # rows of an answer
Queries = duckdb.DuckDBPyConnection


@contextmanager
def querying(folder: Path) -> Iterator[Queries]:
    """A database whose tables and overflow lie in a folder, which is emptied before and removed
    at the end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = {
        "memory_limit": f"{LEAST_MEMORY}MB",
        "threads": THREADS,
        "temp_directory": str(folder),
        "preserve_insertion_order": False,  # orders are asked for by name
    }
    try:
        connection = duckdb.connect(folder / "passing.duckdb", config=config)
        try:
            yield connection
        finally:
            connection.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def allow(database: Queries, rows: int) -> None:
    """The memory that as many wide rows take to be sorted."""
    megabytes = max(LEAST_MEMORY, A_MILLION * rows // 1_000_000)
    database.execute(f"SET memory_limit = '{megabytes}MB'")


def rows_of(database: Queries, query: str) -> Iterator[tuple[Any, ...]]:
    """The answer's rows, a part of them in memory."""
    for batch in database.sql(query).to_arrow_reader(AT_ONCE):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
