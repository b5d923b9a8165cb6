"""A JSON file of any size, entry by entry: what a list or an object in it holds, with its line.

The standard library's decoder reads one entry after the other from a window on the text. (A parser
of events, such as ijson, is slower and does not say in which line an entry stands.)
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TextIO

from lxmert_viz.dataset.remarks import (
    HALF,
    HALF_LETTER,
    UNREADABLE,
    Entry,
    is_whole,
    reading,
    why,
)
from lxmert_viz.errors import DatasetError

WINDOW = 1 << 20  # letters that are read at once
SPACE = re.compile(r"[ \t\n\r]*")
AFTER = " \t\n\r,:]}"  # what may follow a value
FAR = 4096  # letters after a fault that tell that the window's end is not its cause
SEEN = 20  # members of an object that tell its layout
CUT = "Unterminated string"  # how the decoder calls a text whose end it does not see


class Found(NamedTuple):
    """A member of an object, or an item of a list."""

    key: str  # "" in a list
    content: Any
    text: str  # as it stands in the file
    line: int  # where it begins, from 1


class _Window:
    """The part of a file's text that is being read."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path, self._file = path, file
        self._text, self._at = "", 0
        self._line, self._column = 1, 1  # of the window's beginning
        self._scanned, self._counted = 1, 0  # line that was counted last, and where
        self._decoder = json.JSONDecoder()

    def peek(self) -> str:
        """The next letter that is no space; "" at the end."""
        while True:
            self._at = SPACE.match(self._text, self._at).end()
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def take(self, expected: str) -> str:
        """The next letter, one of the expected. Raises DatasetError for another."""
        found = self.peek()
        if not found or found not in expected:
            self._refuse(f"Expecting {' or '.join(map(repr, expected))}", self._at)
        self._at += 1
        return found

    def line(self) -> int:
        """Of the next letter."""
        self._scanned += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._scanned

    def value(self) -> tuple[Any, str]:
        """The next value, and how it is written. Raises DatasetError."""
        self.peek()
        if self._at > WINDOW:
            self._drop()
        while True:
            try:
                content, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                is_inside = len(self._text) - error.pos > FAR and not error.msg.startswith(CUT)
                if is_inside or not self._more():
                    self._refuse(error.msg, error.pos)
                continue
            except UNREADABLE as error:
                raise DatasetError(f"{self._path} is not read: {why(error)}.") from error
            is_over = self._text[end : end + 1] in AFTER and end < len(self._text)
            if is_over or not self._more():  # else a number may go on
                written, self._at = self._text[self._at : end], end
                return content, written

    def _more(self) -> bool:
        """Doubles what is not read yet; False at the file's end."""
        coming = self._file.read(max(WINDOW, len(self._text) - self._at))
        self._text += coming
        return bool(coming)

    def _drop(self) -> None:
        self._line, gone = self.line(), self._text[: self._at]
        last = gone.rfind("\n")
        self._column = self._at - last if last >= 0 else self._column + self._at
        self._text, self._at, self._counted = self._text[self._at :], 0, 0

    def _refuse(self, what: str, place: int) -> NoReturn:
        before = self._text[:place]
        line = self._line + before.count("\n")
        last = before.rfind("\n")
        column = place - last if last >= 0 else self._column + place
        raise DatasetError(f"{self._path}, line {line}, column {column} is not JSON: {what}.")


class JsonEntries:
    """What the list or object `under` a member of a file's object holds; "": of the file itself.

    beside: other members that hold a text or a number, once all was read.
    """

    def __init__(self, path: Path, under: str = "") -> None:
        self._path, self._under = path, under
        self.beside: dict[str, Any] = {}

    def __iter__(self) -> Iterator[Found]:
        """Raises DatasetError for a file that is not JSON, where it ceases to be."""
        with reading(self._path), self._path.open(encoding="utf-8-sig") as file:
            window = _Window(self._path, file)
            if not self._under:
                yield from _inside(window)
            else:
                window.take("{")
                yield from self._below(window)
            if window.peek():
                window._refuse("Extra data", window._at)

    def _below(self, window: _Window) -> Iterator[Found]:
        for key, _ in _keys(window):
            if key == self._under:
                yield from _inside(window)
            elif window.peek() in "[{":
                for _ in _inside(window):
                    pass
            else:
                self.beside[key], _ = window.value()


def _inside(window: _Window) -> Iterator[Found]:
    if window.peek() not in ("[", "{"):
        window.value()
        return
    if window.take("[{") == "{":
        for key, line in _keys(window):
            yield Found(key, *window.value(), line)
        return
    if window.peek() == "]":
        window.take("]")
        return
    while True:
        window.peek()
        line = window.line()
        yield Found("", *window.value(), line)
        if window.take(",]") == "]":
            return


def _keys(window: _Window) -> Iterator[tuple[str, int]]:
    """Of an object whose brace is taken, each with its line; the value is taken in between."""
    if window.peek() == "}":
        window.take("}")
        return
    while True:
        if window.peek() != '"':
            window.take('"')
        line = window.line()
        key, _ = window.value()
        window.take(":")
        yield key, line
        if window.take(",}") == "}":
            return


def outlines(path: Path) -> Iterator[Any]:
    """The content of a file with ever more members, of each list the first item alone.

    Enough to tell a layout: an object's first members, one more each time. Raises DatasetError.
    """
    with reading(path), path.open(encoding="utf-8-sig") as file:
        window = _Window(path, file)
        if window.peek() != "{":
            yield [found.content for _, found in zip(range(1), _inside(window), strict=False)]
            return
        window.take("{")
        seen: dict[str, Any] = {}
        for key, _ in _keys(window):
            if window.peek() == "[":
                items = _inside(window)
                seen[key] = [item.content for _, item in zip(range(1), items, strict=False)]
                yield seen
                for _ in items:
                    pass
            else:
                seen[key], _ = window.value()
                yield seen
            if len(seen) >= SEEN:
                return


def entries_of(path: Path, keys: tuple[str, ...] = (), under: str = "") -> Iterator[Entry]:
    """Of a list or object in a file. keys: fields that may be an item's id; else its number is."""
    yield from entries_from(JsonEntries(path, under), path.name, keys)


def entries_from(found: JsonEntries, name: str, keys: tuple[str, ...]) -> Iterator[Entry]:
    """name: the file's."""
    for number, (key, content, text, line) in enumerate(found, start=1):
        is_record = isinstance(content, dict)
        named = next((k for k in keys if is_record and content.get(k) is not None), "")
        if named and "\n" in text:
            line += text.count("\n", 0, _place_of(text, named))
        fault = HALF_LETTER if HALF.search(text) and not is_whole(content) else ""
        given = content[named] if named else None
        yield Entry(
            key or (str(given) if named else str(number)), f"{name}:{line}", content, fault, given
        )


def _place_of(text: str, key: str) -> int:
    found = re.search(rf'"{re.escape(key)}"\s*:', text)
    return found.start() if found else 0
