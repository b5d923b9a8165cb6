"""Keys and values of an LMDB file, read without its library: that ends the process where a file
is damaged.

The format (version 1, little-endian, 64 bits): two meta pages name the root of a B-tree of pages.
A page is 16 bytes of header, 2 bytes for where each of its nodes begins, and nodes: 8 bytes of
header, key, value. Values too long for a page lie in pages of their own.
Source: openldap's mdb.c, "Page header", "Node header", "MDB_meta".
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lxmert_viz.errors import DatasetError

MAGIC = struct.pack("<I", 0xBEEFC0DE)
MAGIC_AT = 16
VERSION = 1
META = struct.Struct("<16x4sI16xI84xQ8xQ")  # mark, version, page size, root, transaction
PAGE = struct.Struct("<Q2xHHH")
NODE = struct.Struct("<HHHH")
NUMBER = struct.Struct("<Q")
BRANCH, LEAF = 0x01, 0x02  # kinds of pages
LONG, NOT_PLAIN = 0x01, 0x06  # of nodes: value elsewhere; sub-databases and duplicates
NONE = 2**64 - 1  # the root of an empty tree
LEAST_PAGE, MOST_PAGE = 512, 1 << 16


class _Meta(NamedTuple):
    page_size: int
    root: int
    transaction: int


class Span(NamedTuple):
    """Where a value lies in the file, in bytes."""

    start: int
    end: int


class LmdbFile:
    """Its keys in order, and what they stand for. Threads may share it."""

    def __init__(self, path: Path) -> None:
        """Raises DatasetError for another kind of file, and for one that is damaged; struct.error
        and OverflowError where a page lies outside of it."""
        self._path = path
        try:
            with path.open("rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # ValueError: it is empty
            raise DatasetError(f"{path} cannot be read: {error}.") from error
        meta = self._meta()
        self._page_size = meta.page_size
        self._spans = {} if meta.root == NONE else dict(self._walk(meta.root, set()))

    def keys(self) -> list[bytes]:
        return list(self._spans)

    def value(self, key: bytes) -> bytes:
        """Raises KeyError."""
        return self._bytes[slice(*self._spans[key])]

    def _meta(self) -> _Meta:
        """The newer of the two; each half of them may be unfinished."""
        first = self._meta_at(0)
        second = self._meta_at(first.page_size) if first else None
        found = [meta for meta in (first, second) if meta is not None]
        if not found:
            raise DatasetError(f"{self._path} is no LMDB file of version {VERSION}.")
        return max(found, key=lambda meta: meta.transaction)

    def _meta_at(self, start: int) -> _Meta | None:
        if start + META.size > len(self._bytes):
            return None
        magic, version, page_size, root, transaction = META.unpack_from(self._bytes, start)
        fits = magic == MAGIC and version == VERSION and LEAST_PAGE <= page_size <= MOST_PAGE
        return _Meta(page_size, root, transaction) if fits else None

    def _walk(self, number: int, seen: set[int]) -> Iterator[tuple[bytes, Span]]:
        """The nodes below a page, in the order of their keys."""
        waiting = [number]
        while waiting:
            number = waiting.pop()
            if number in seen:
                raise self._damaged("its pages run in a circle")
            seen.add(number)
            start = number * self._page_size
            _, kind, lower, _ = PAGE.unpack_from(self._bytes, start)
            count = (lower - PAGE.size) // 2
            places = struct.unpack_from(f"<{max(count, 0)}H", self._bytes, start + PAGE.size)
            if kind & BRANCH:
                waiting += [self._child(start + place) for place in reversed(places)]
            elif kind & LEAF:
                for place in places:
                    yield from self._leaf(start + place)
            else:
                raise self._damaged(f"page {number} is neither branch nor leaf")

    def _child(self, start: int) -> int:
        low, high, highest, _ = NODE.unpack_from(self._bytes, start)
        return low | high << 16 | highest << 32

    def _leaf(self, start: int) -> Iterator[tuple[bytes, Span]]:
        low, high, flags, key_size = NODE.unpack_from(self._bytes, start)
        size = low | high << 16
        key_end = start + NODE.size + key_size
        if flags & NOT_PLAIN:
            return
        begin = key_end
        if flags & LONG:
            page = NUMBER.unpack_from(self._bytes, key_end)[0]
            begin = page * self._page_size + PAGE.size
        if begin + size > len(self._bytes):
            raise self._damaged("it is cut short")
        yield self._bytes[start + NODE.size : key_end], Span(begin, begin + size)

    def _damaged(self, why: str) -> DatasetError:
        return DatasetError(f"{self._path} is damaged: {why}; copy or download it again.")
