"""Tables that many threads ask at once: DuckDB in memory, whose answers are DataFrames."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from lxmert_viz.errors import DatasetError

KEPT_ANSWERS = 128  # of the database; a page asks the same again at every click
OWN_FAULTS = (  # of a query, which no file can cause; whatever else DuckDB raises is a file's
    duckdb.ParserException,
    duckdb.SyntaxException,
    duckdb.BinderException,
    duckdb.CatalogException,
)
DTYPES = {
    pa.string(): pd.StringDtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.int32(): pd.Int64Dtype(),
    pa.int64(): pd.Int64Dtype(),
}


def as_frame(table: pa.Table) -> pd.DataFrame:
    """Text, truths and counts know what is missing (pd.NA); other numbers have NaN there."""
    return table.to_pandas(types_mapper=DTYPES.get)


class Database:
    """Reads Parquet files and its own small tables.

    Whatever is asked raises DatasetError where a file is damaged, or not there any more.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._connection = duckdb.connect(":memory:", config={"threads": 2})

    def write(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Whatever changes a table, or makes one."""
        with self._lock, _reading():
            self._connection.execute(statement, list(values))
            self._kept = OrderedDict()

    def frame(self, query: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        """Types as as_frame has them."""
        with _reading():
            return as_frame(self._cursor().sql(query, params=list(values)).to_arrow_table())

    def kept(self, query: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        """The same, of few rows: asked once until something is written."""
        return self._once(self.frame, query, values).copy()

    def column(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """The first column of few rows, None where it is NULL: asked once too."""
        return list(self._once(self._column, query, values))

    def value(self, query: str, values: Sequence[Any] = ()) -> Any:
        """Of a query with one row and one column."""
        (found,) = self.column(query, values)
        return found

    def _column(self, query: str, values: Sequence[Any]) -> list[Any]:
        with _reading():
            return [row[0] for row in self._cursor().execute(query, list(values)).fetchall()]

    def _once(self, ask: Callable[..., Any], query: str, values: Sequence[Any]) -> Any:
        key = (ask.__name__, query, *values)
        with self._lock:
            kept, known = self._kept, self._kept.get(key)
        if known is None:
            known = ask(query, values)
            with self._lock:
                kept[key] = known  # where something was written meanwhile, nobody sees it
                while len(kept) > KEPT_ANSWERS:
                    kept.popitem(last=False)
        return known

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            return self._connection.cursor()


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except OWN_FAULTS:
        raise
    except duckdb.Error as error:
        raise DatasetError(f"A file of this run is damaged or gone: {error}") from error


def quoted(text: object) -> str:
    """Inside of single quotes."""
    return str(text).replace("'", "''")
