"""Queries over more rows than the memory holds: what does not fit waits in files of a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

MEMORY = "400MB"  # beside what the process holds itself
THREADS = 2
Queries = duckdb.DuckDBPyConnection


@contextmanager
def querying(folder: Path) -> Iterator[Queries]:
    """A database whose tables and overflow lie in a folder, which must be there."""
    config = {
        "memory_limit": MEMORY,
        "threads": THREADS,
        "temp_directory": str(folder),
        "preserve_insertion_order": False,  # orders are asked for by name
    }
    connection = duckdb.connect(folder / "passing.duckdb", config=config)
    try:
        yield connection
    finally:
        connection.close()
