"""What was extracted so far, safe against being killed at any moment."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

import pyarrow as pa

from lxmert_viz.errors import DatasetError
from lxmert_viz.region_files.rows import RegionRow
from lxmert_viz.region_files.table import SCHEMA, batch_of, row_of

DAMAGE = (pa.ArrowInvalid, OSError, ValueError, KeyError)
MADE_BY = b"made by"


class RegionJournal:
    """Rows that are appended one by one to an Arrow stream; an unfinished last one is dropped.

    It must be closed, as a context does; pictures are those already in it.
    """

    def __init__(self, path: Path, maker: dict[str, Any]) -> None:
        """maker: all that the rows depend on, as JSON takes it. Raises DatasetError where the
        journal on the disk was made otherwise."""
        self.path = path
        self.pictures: set[str] = set()
        stated = json.dumps(maker, sort_keys=True)
        end = self._read(stated) if path.exists() and path.stat().st_size else 0
        # it grows for hours: what its whole batches hold must outlive a kill
        self._file: BinaryIO = path.open("ab")
        self._file.truncate(end)
        if not end:
            marked = SCHEMA.with_metadata(SCHEMA.metadata | {MADE_BY: stated.encode()})
            self._write(marked.serialize())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, row: RegionRow) -> None:
        self._write(batch_of(row).serialize())
        self.pictures.add(row.picture)

    def rows(self) -> Iterator[RegionRow]:
        with pa.memory_map(str(self.path)) as source:
            for batch in _batches(pa.ipc.open_stream(source)):
                yield row_of(batch, 0)

    def _write(self, message: pa.Buffer) -> None:
        self._file.write(message)
        self._file.flush()

    def _read(self, stated: str) -> int:
        """Where the last whole row ends."""
        with self.path.open("rb") as file, pa.PythonFile(file, "r") as source:
            try:
                stream = pa.ipc.open_stream(source)
            except DAMAGE:
                return 0  # killed before the first row
            found = (stream.schema.metadata or {}).get(MADE_BY, b"").decode()
            if not stream.schema.equals(SCHEMA):
                found = "an earlier version"
            if found != stated:
                raise DatasetError(
                    f"{self.path} was begun with {found or 'another tool'}, and now {stated} is "
                    "asked for. Ask as before to go on, or delete it to begin again."
                )
            end = file.tell()
            for batch in _batches(stream):
                self.pictures.add(batch["picture"][0].as_py())
                end = file.tell()
        return end


def _batches(stream: pa.ipc.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
    """Every whole one; the stream needs no end."""
    while True:
        try:
            yield stream.read_next_batch()
        except (StopIteration, *DAMAGE):
            return
