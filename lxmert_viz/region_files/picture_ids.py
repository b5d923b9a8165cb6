"""How files name pictures, and which known one a name means: one rule for every door.

In this order: the name as it is written; the path, whatever is written of its ending; the name
without folder and ending; the number, whatever zeros stand before it, with or without COCO's
prefixes. A folder that is written counts. Two that fit are told, and none of them is taken.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lxmert_viz.errors import DatasetError
from lxmert_viz.picture import ENDINGS

COCO = re.compile(r"(?P<prefix>(?:COCO_(?:train|val|test)20(?:14|15|17)_)?)0*(?P<number>[0-9]+)")
SAME_ENDINGS = {".jpeg": ".jpg", ".tiff": ".tif"}
MOST = 20  # names that are kept under one key: as many never mean one picture
Folders = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PictureName:
    """A name's parts; what it does not write is empty."""

    folders: Folders
    stem: str
    ending: str  # in lower case

    @classmethod
    def of(cls, text: str) -> "PictureName":
        parts = [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]
        *folders, last = parts or [text]
        stem, dot, ending = last.rpartition(".")
        ending = f"{dot}{ending.lower()}"
        if not stem or ending not in ENDINGS:
            return cls(tuple(folders), last, "")
        return cls(tuple(folders), stem, SAME_ENDINGS.get(ending, ending))

    @property
    def path(self) -> Folders:
        return (*self.folders, self.stem)

    @property
    def prefix_and_number(self) -> tuple[str, str] | None:
        """COCO's prefix, or "", and the number without zeros before it; None for a word."""
        found = COCO.fullmatch(self.stem)
        return found and (found["prefix"], found["number"])


class PictureIndex:
    """The known pictures, to be found by any of their names; made once, asked often."""

    def __init__(self, names: Iterable[str], below: Folders = ()) -> None:
        """names: paths, or ids. below: the folder, from the root, that paths are relative to."""
        self._below = below
        self._names: set[str] = set()
        self._wholes: dict[Folders, list[str]] = defaultdict(list)  # by the whole path
        self._ends: dict[Folders, list[str]] = defaultdict(list)  # by each end of the path
        self._numbers: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        seen = _Folders()
        for text in names:
            if text in self._names:
                continue
            self._names.add(text)
            name = PictureName.of(text)
            seen.add(name)
            _put(self._wholes[name.path], text)
            for start in range(len(name.path)):
                _put(self._ends[name.path[start:]], text)
            if name.prefix_and_number is not None:
                prefix, number = name.prefix_and_number
                _put(self._numbers[number][prefix], text)
        self.folders_tell = seen.tell  # whether two of them differ in their folder alone

    def __len__(self) -> int:
        return len(self._names)

    def find(self, text: str, any_folder: bool = False) -> str | None:
        """The known name that is meant, None for no such picture.

        any_folder: also one in another folder than the written. Raises DatasetError for several.
        """
        if text in self._names:
            return text
        asked = PictureName.of(text)
        for fitting in self._fitting(asked, any_folder):
            if fitting:
                return _only(text, asked, fitting)
        return None

    def is_elsewhere(self, text: str, known: str) -> bool:
        """Whether both write folders, and these contradict each other."""
        return not _agree(PictureName.of(text).folders, self._folders_of(known))

    def _fitting(self, asked: PictureName, any_folder: bool) -> Iterator[Sequence[str]]:
        """Known names that fit, the closest first."""
        if asked.folders:
            yield self._wholes.get(asked.path, ())
            yield self._ends.get(asked.path, ())
            for start in range(1, len(asked.path)):
                if _agree(asked.path[:start], self._below):
                    yield self._wholes.get(asked.path[start:], ())
        if not asked.folders or any_folder:
            yield self._ends.get((asked.stem,), ())
        if asked.prefix_and_number is not None:
            known = self._same_number(*asked.prefix_and_number)
            yield [name for name in known if _agree(asked.folders, self._folders_of(name))]
            yield known if any_folder else ()

    def _same_number(self, prefix: str, number: str) -> list[str]:
        by_prefix = self._numbers.get(number, {})
        wanted = {prefix, ""} if prefix else by_prefix.keys()
        return [name for known, names in by_prefix.items() if known in wanted for name in names]

    def _folders_of(self, known: str) -> Folders:
        return (*self._below, *PictureName.of(known).folders)


def pictures_below(folder: Path) -> dict[str, Path]:
    """Every picture file in a folder and the folders in it, by its id, in the order of the paths.

    An id is the name without the ending; where several have it, the path from the folder on, and
    where that is not enough either, with its ending.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    spellings = {path: _spellings(path, folder) for path in paths}
    count = Counter(spelling for several in spellings.values() for spelling in {*several})
    return {
        next((s for s in several if count[s] == 1), several[-1]): path
        for path, several in spellings.items()
    }


def _spellings(path: Path, folder: Path) -> tuple[str, str, str]:
    below = path.relative_to(folder)
    return path.stem, below.with_suffix("").as_posix(), below.as_posix()


@dataclass(frozen=True, slots=True)
class Matches:
    """What became of the asked pictures; those in none of the two are not known."""

    found: dict[str, str] = field(default_factory=dict)  # asked -> known
    faults: dict[str, str] = field(default_factory=dict)  # asked -> why none can be told
    elsewhere: dict[str, str] = field(default_factory=dict)  # of found: in another folder


def match(asked: Mapping[str, Sequence[str]], known: PictureIndex) -> Matches:
    """asked: pictures -> their names, the one that tells most last.

    A folder may differ from the written one where no folder is needed to tell pictures apart. A
    known picture that two asked ones would be is neither, unless it is exactly one of them.
    """
    told = _Folders()
    for names in asked.values():
        told.add(PictureName.of(names[-1]))
    any_folder = not (told.tell or known.folders_tell)
    matches = Matches()
    claims: dict[str, list[str]] = defaultdict(list)
    for picture, names in asked.items():
        try:
            found = _first(names, known, any_folder)
        except DatasetError as error:
            matches.faults[picture] = str(error)
            continue
        if found is not None:
            claims[found].append(picture)
    for found, pictures in claims.items():
        for picture in _rightful(found, pictures, asked, matches):
            matches.found[picture] = found
            if all(known.is_elsewhere(name, found) for name in asked[picture]):
                matches.elsewhere[picture] = found
    return matches


def _first(names: Sequence[str], known: PictureIndex, any_folder: bool) -> str | None:
    """What the first name that fits one picture means; several only where no name is better."""
    several: DatasetError | None = None
    for name in names:
        try:
            found = known.find(name, any_folder)
        except DatasetError as error:
            several = several or error
            continue
        if found is not None:
            return found
    if several is not None:
        raise several
    return None


def _rightful(
    found: str, pictures: list[str], asked: Mapping[str, Sequence[str]], matches: Matches
) -> list[str]:
    """Those of the pictures that may be the found one; the others become faults."""
    if _may_be_one([PictureName.of(asked[picture][-1]) for picture in pictures]):
        return pictures
    exact = [picture for picture in pictures if found in asked[picture]]
    for picture in pictures:
        if picture not in exact:
            other = next(p for p in (*exact, *pictures) if p != picture)
            matches.faults[picture] = (
                f"{picture!r} and {other!r} are both asked about, and only {found!r} is there."
            )
    return exact


def _may_be_one(names: Sequence[PictureName]) -> bool:
    """Whether nothing that these names write contradicts that they mean one picture."""
    if len(names) == 1:
        return True
    longest = max((name.folders for name in names), key=len)
    spellings = {name.prefix_and_number and name.prefix_and_number[0]: name.stem for name in names}
    return (
        all(_agree(name.folders, longest) for name in names)
        and len({name.ending for name in names if name.ending}) <= 1
        and len({prefix for prefix in spellings if prefix}) <= 1
        and len({name.stem for name in names}) <= len(spellings)
    )


class _Folders:
    """Whether among many names two differ in their folder alone."""

    def __init__(self) -> None:
        self.tell = False
        self._longest: dict[str, Folders] = {}

    def add(self, name: PictureName) -> None:
        longest = self._longest.setdefault(name.stem, name.folders)
        if not _agree(longest, name.folders):
            self.tell = True
        if len(name.folders) > len(longest):
            self._longest[name.stem] = name.folders


def _agree(some: Folders, others: Folders) -> bool:
    """Whether one is the end of the other; nothing written agrees with everything."""
    shorter = min(len(some), len(others))
    return not shorter or some[-shorter:] == others[-shorter:]


def _put(names: list[str], name: str) -> None:
    if len(names) < MOST:
        names.append(name)


def _only(text: str, asked: PictureName, fitting: Sequence[str]) -> str:
    """The one that fits, by its ending where several do. Raises DatasetError."""
    if len(fitting) == 1:
        return fitting[0]
    same = [name for name in fitting if PictureName.of(name).ending == asked.ending]
    if asked.ending and len(same) == 1 and len(fitting) < MOST:
        return same[0]
    first, second, *more = same if asked.ending and len(same) > 1 else fitting
    others = f", or {len(more)} more" if more else ""
    raise DatasetError(
        f"{text!r} may be {first!r} or {second!r}{others}: write what tells them apart."
    )
