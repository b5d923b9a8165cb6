"""What one file tells of the examples of another, by key: kept in a passing file, not in memory."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

CACHE = 64_000  # kibibytes in memory; the rest is in a file of its own that SQLite removes


class Shelf:
    """JSON by key. Of a key that comes twice, the first content counts."""

    def __init__(self, told: Iterable[tuple[str, Any, int]]) -> None:
        """told: keys, contents and the lines where they stand."""
        self._database = sqlite3.connect("", isolation_level=None)
        for statement in (
            f"PRAGMA cache_size = -{CACHE}",
            "PRAGMA journal_mode = OFF",
            "CREATE TABLE told (key TEXT, content TEXT, line INTEGER)",
            "BEGIN",
        ):
            self._database.execute(statement)
        self._database.executemany("INSERT INTO told VALUES (?, ?, ?)", _written(told))
        self._database.execute("CREATE INDEX by_key ON told (key)")
        self._rows: int = self._database.execute("SELECT count(*) FROM told").fetchone()[0]
        self._asked = bytearray(self._rows + 1)

    def get(self, key: str) -> Any:
        """None for a key that is not there."""
        if not self._rows:
            return None
        found = self._database.execute(
            "SELECT rowid, content FROM told WHERE key = ? LIMIT 1", (key,)
        ).fetchone()
        if found is None:
            return None
        self._asked[found[0]] = 1
        return json.loads(found[1])

    def repeated(self) -> Iterator[tuple[str, int]]:
        """Keys that came before, with their lines."""
        yield from self._database.execute(
            "SELECT key, line FROM told AS later WHERE rowid > "
            "(SELECT min(rowid) FROM told WHERE key = later.key) ORDER BY rowid"
        )

    def unasked(self) -> int:
        """How many keys nobody asked for."""
        keys = self._database.execute("SELECT count(DISTINCT key) FROM told").fetchone()[0]
        return keys - sum(self._asked)


def _written(told: Iterable[tuple[str, Any, int]]) -> Iterator[tuple[str, str, int]]:
    for key, content, line in told:
        yield key, json.dumps(content), line
