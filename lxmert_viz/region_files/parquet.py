"""Regions in a Parquet file of our own table; any reader of Parquet can query it."""

import threading
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lxmert_viz.region_files.rows import RegionFile, RegionRow
from lxmert_viz.region_files.table import SCHEMA, batch_of, check_schema, row_of
from lxmert_viz.whole_files import written_whole

ROWS_TOGETHER = 32  # read at once; 10 MB of full-size features


def write_parquet(path: Path, rows: Iterable[RegionRow]) -> None:
    remaining = iter(rows)
    with (
        written_whole(path) as unfinished,
        pq.ParquetWriter(unfinished, SCHEMA, compression="zstd", use_dictionary=False) as file,
    ):
        while batches := [batch_of(row) for row in islice(remaining, ROWS_TOGETHER)]:
            file.write_table(pa.Table.from_batches(batches))


def open_parquet(path: Path) -> RegionFile:
    file = pq.ParquetFile(path)
    check_schema(path, file.schema_arrow)
    pictures = file.read(columns=["picture"])["picture"].to_pylist()
    groups = range(file.num_row_groups)
    starts = [0, *accumulate(file.metadata.row_group(group).num_rows for group in groups)]
    one_at_a_time = threading.Lock()

    @lru_cache(maxsize=1)
    def rows_of(group: int) -> pa.Table:
        return file.read_row_group(group)

    def at(place: int) -> RegionRow:
        group = bisect_right(starts, place) - 1
        with one_at_a_time:
            return row_of(rows_of(group), place - starts[group])

    return RegionFile(path, "parquet", pictures, at)
