"""What a test sees of the statements that pages send to DuckDB."""

from collections.abc import Sequence
from typing import Any

import duckdb
import pytest

from lxmert_viz.results import database


class Watched:
    """A connection that notes the first word of each statement in a list."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, seen: list[str]) -> None:
        self._connection, self._seen = connection, seen

    def cursor(self) -> "Watched":
        return Watched(self._connection.cursor(), self._seen)

    def execute(self, statement: str, values: Sequence[Any]) -> duckdb.DuckDBPyConnection:
        self._note(statement)
        return self._connection.execute(statement, values)

    def sql(self, query: str, params: Sequence[Any]) -> duckdb.DuckDBPyRelation:
        self._note(query)
        return self._connection.sql(query, params=params)

    def _note(self, statement: str) -> None:
        self._seen.append(statement.split()[0])


def watch(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first words of all statements of databases that are opened from now on."""
    seen: list[str] = []
    connect = duckdb.connect

    def watched(*given: Any, **options: Any) -> Watched:
        return Watched(connect(*given, **options), seen)

    monkeypatch.setattr(database.duckdb, "connect", watched)
    return seen
