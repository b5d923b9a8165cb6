"""What is odd in a person's files: told with file and line, never dropped in silence."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from lxmert_viz.errors import DatasetError

ENTRY = re.compile(  # "key": {   or   "question_id": number or text
    r'"(?:question_?id|id|uid|identifier)"\s*:\s*(?:"(?P<text>[^"]*)"|(?P<number>-?[\w.]+))'
    r'|"(?P<key>[^"\\]+)"\s*:',
    re.IGNORECASE,
)


HALF_LETTER = "it holds half of a letter (a lone surrogate, such as \\ud800)"
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|data:", re.IGNORECASE)
HALF = re.compile(r"\\u[dD][89a-fA-F]")  # of a letter that JSON may write in two halves
UNREADABLE = (ValueError, RecursionError)  # what json raises
# what an entry raises that is not as its layout has it
ODD = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
Json = dict[str, Any]


class Remark(NamedTuple):
    kind: str  # one of KINDS
    file: str
    line: int  # from 1; 0: of the whole file
    what: str

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.what}"


KINDS = {
    "broken": "rows that cannot be read, left out",
    "duplicate": "rows whose id came before, left out",
    "unclear": "rows whose picture may be one of several; a run reports them",
    "no regions": "rows whose picture is not in the region file",
    "no picture": "rows whose picture is not here; they are kept, and a run reports them",
    "no answer": "rows without a right answer; they are kept, and not scored",
    "outside": "rows whose right answer the model cannot give",
    "note": "notes",
}


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Around reading a text file: what is wrong with the whole of it, as a DatasetError."""
    try:
        yield
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text: {error.reason}.") from error


class JsonFile:
    """A JSON file that can say in which line an entry stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.repeated: list[str] = []  # keys that one object holds twice; the last one counts
        try:
            with reading(path):
                self._text = path.read_text(encoding="utf-8-sig")
            self.content: Any = json.loads(self._text, object_pairs_hook=self._object)
        except json.JSONDecodeError as error:
            raise DatasetError(
                f"{path}, line {error.lineno}, column {error.colno} is not JSON: {error.msg}."
            ) from error
        except UNREADABLE as error:
            raise DatasetError(f"{path} is not read: {why(error)}.") from error
        self.may_have_halves = HALF.search(self._text) is not None

    def remark(self, kind: str, key: str, what: str, last: bool = False) -> Remark:
        """key: an entry's key or, in a list, its id. last: the last place where it stands."""
        return Remark(kind, self.path.name, self._lines.get(key, (0, 0))[last], what)

    def last_line(self, key: str) -> int:
        return self._lines.get(key, (0, 0))[1]

    def place(self, key: str) -> str:
        """File and line of an entry, as Example.place has them."""
        return f"{self.path.name}:{self._lines.get(key, (0, 0))[0]}"

    @cached_property
    def _lines(self) -> dict[str, tuple[int, int]]:
        """The first and last line where each key or id stands, from 1."""
        lines: dict[str, tuple[int, int]] = {}
        line, before = 1, 0
        for found in ENTRY.finditer(self._text):
            line += self._text.count("\n", before, found.start())
            before = found.start()
            key = found["key"] or found["text"] or found["number"]
            lines[key] = (lines.get(key, (line, 0))[0], line)
        return lines

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            self.repeated += [key for key, _ in pairs if key in seen or seen.add(key)]
        return made


def why(error: Exception) -> str:
    """What an exception of ODD or UNREADABLE says, for a person."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON: {error.msg}"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    said = str(error)
    return "it holds a number of thousands of digits" if "string conversion" in said else said


def is_whole(value: Any) -> bool:
    """Whether every text in a value of JSON can be written; a lone half of a letter cannot."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def text_of(entry: Any, key: str, also: Iterable[str] = ()) -> str:
    """A field that must be there, as text. Raises ValueError with the field's name."""
    for name in (key, *also):
        value = entry.get(name) if isinstance(entry, dict) else None
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    raise ValueError(f"it has no {key!r}")


def picture_of(entry: Any, key: str, also: Iterable[str] = ()) -> str:
    """As text_of, of a picture's name. Raises ValueError for an address on the web too."""
    return picture_name(text_of(entry, key, also))


def picture_name(text: str) -> str:
    """Raises ValueError for an address on the web."""
    if ADDRESS.match(text):
        raise ValueError(
            f"its picture is an address, {text!r}, and none is fetched: download it and write the "
            "file's name"
        )
    return text
