"""What is odd in a person's files: told with file and line, never dropped in silence."""

import json
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self, TextIO

from lxmert_viz.errors import DatasetError
from lxmert_viz.forms import fits
from lxmert_viz.whole_files import reading_back, written_whole

HALF_LETTER = "it holds half of a letter (a lone surrogate, such as \\ud800)"
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|data:", re.IGNORECASE)
HALF = re.compile(r"\\u[dD][89a-fA-F]")  # of a letter that JSON may write in two halves
UNREADABLE = (ValueError, RecursionError)  # what json raises
# what an entry raises that is not as its layout has it
ODD = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
Json = dict[str, Any]


class Entry(NamedTuple):
    """One thing that a file lists."""

    key: str  # its id, or its number; "" where it has none
    place: str  # file and line, as Example.place has them
    content: Any
    fault: str = ""  # why it cannot be read
    given: object = None  # its id as the file has it


class Remark(NamedTuple):
    kind: str  # one of KINDS
    file: str
    line: int  # from 1; 0: of the whole file
    what: str

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.what}"


class Tally:
    """How many remarks of each kind there are, with the first of each."""

    def __init__(self, remarks: Iterable[Remark] = ()) -> None:
        self.count: Counter[str] = Counter()
        self.first: dict[str, Remark] = {}
        for remark in remarks:
            self.add(remark)

    @classmethod
    def of(cls, told: Json) -> Self:
        """What `told` gave."""
        tally = cls()
        for kind, (count, first) in told.items():
            tally.count[kind], tally.first[kind] = count, Remark(*first)
        return tally

    def told(self) -> Json:
        """As JSON has it."""
        return {kind: [self.count[kind], list(first)] for kind, first in self.first.items()}

    def add(self, remark: Remark) -> None:
        self.count[remark.kind] += 1
        self.first.setdefault(remark.kind, remark)

    def lines(self, kinds: Container[str]) -> Iterator[str]:
        """As a person reads them, of these kinds."""
        for kind, first in self.first.items():
            if kind in kinds:
                yield f"{KINDS[kind]}: {self.count[kind]:,}. First: {first}"


class Book:
    """Remarks that go to a file as they come."""

    def __init__(self, file: TextIO) -> None:
        self._file, self.tally = file, Tally()

    def add(self, remark: Remark) -> None:
        self._file.write(json.dumps(remark._asdict()) + "\n")
        self.tally.add(remark)


@contextmanager
def writing_remarks(path: Path) -> Iterator[Book]:
    """A line each; the file is there when all is written."""
    with written_whole(path) as unfinished, unfinished.open("w", encoding="utf-8") as file:
        yield Book(file)


def read_remarks(path: Path) -> Iterator[Remark]:
    """Nothing where there is no such file. Raises DatasetError for a line that is no remark."""
    if not path.exists():
        return
    with reading(path), path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            yield _remark(line, f"{path}, line {number}")


def _remark(line: str, place: str) -> Remark:
    with reading_back(place, "remove the file"):
        remark = Remark(**json.loads(line))
        if not fits(tuple(remark), tuple[str, str, int, str]) or remark.kind not in KINDS:
            raise ValueError("it is no remark of a run")
    return remark


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
