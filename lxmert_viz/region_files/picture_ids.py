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
from lxmert_viz.picture import PICTURE_ENDINGS

COCO = re.compile(r"(?P<prefix>(?:COCO_(?:train|val|test)20(?:14|15|17)_)?)0*(?P<number>[0-9]+)")
ENDINGS = frozenset(PICTURE_ENDINGS)
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
    def prefix(self) -> str:
        """COCO's, of a number; else empty."""
        found = COCO.fullmatch(self.stem)
        return found["prefix"] if found else ""

    @property
    def number(self) -> str:
        """Without zeros before it; empty for a word."""
        found = COCO.fullmatch(self.stem)
        return found["number"] if found else ""

    def may_have_prefix_of(self, other: "PictureName") -> bool:
        return not self.prefix or not other.prefix or self.prefix == other.prefix


class _Shelf:
    """Names by their paths, and by every end of their paths."""

    def __init__(self) -> None:
        self._wholes: dict[Folders, list[str]] = defaultdict(list)
        self._ends: dict[Folders, list[str]] = defaultdict(list)

    def put(self, path: Folders, name: str) -> None:
        for names in (self._wholes[path], *(self._ends[path[n:]] for n in range(len(path)))):
            if len(names) < MOST:
                names.append(name)

    def fitting(self, path: Folders, below: Folders, any_folder: bool) -> Iterator[list[str]]:
        """Names that a path may mean, the closest first. below: where the names' paths begin."""
        *folders, last = path
        if folders:
            yield self._wholes.get(path, [])
            yield self._ends.get(path, [])
            for start in range(1, len(path)):
                if _agree(path[:start], below):
                    yield self._wholes.get(path[start:], [])
        if not folders or any_folder:
            yield self._ends.get((last,), [])


class PictureIndex:
    """The known pictures, to be found by any of their names; made once, asked often."""

    def __init__(self, names: Iterable[str], below: Folders = ()) -> None:
        """names: paths, or ids. below: the folder, from the root, that paths are relative to."""
        self._below = below
        self._names = dict.fromkeys(names)
        self._by_stem, self._by_number = _Shelf(), _Shelf()
        seen = _Folders()
        for text in self._names:
            name = PictureName.of(text)
            seen.add(name)
            self._by_stem.put((*name.folders, name.stem), text)
            if name.number:
                self._by_number.put((*name.folders, name.number), text)
        self.folders_tell = seen.tell  # whether two of them differ in their folder alone

    def __len__(self) -> int:
        return len(self._names)

    def find(self, text: str, any_folder: bool = False) -> str | None:
        """The known name that is meant, None for no such picture.

        any_folder: also one in another folder than the written. Raises DatasetError for several.
        """
        fitting = self.fitting(text, any_folder)
        return _only(text, fitting) if fitting else None

    def fitting(self, text: str, any_folder: bool = False) -> list[str]:
        """The known names that fit best, all equally well; at most MOST."""
        if text in self._names:
            return [text]
        fittings = self._fittings(PictureName.of(text), any_folder)
        return next((names for names in fittings if names), [])

    def is_elsewhere(self, text: str, known: str) -> bool:
        """Whether both write folders, and these contradict each other."""
        folders = (*self._below, *PictureName.of(known).folders)
        return not _agree(PictureName.of(text).folders, folders)

    def _fittings(self, asked: PictureName, any_folder: bool) -> Iterator[list[str]]:
        path = (*asked.folders, asked.stem)
        yield from self._by_stem.fitting(path, self._below, any_folder)
        if asked.number:
            path = (*asked.folders, asked.number)
            for names in self._by_number.fitting(path, self._below, any_folder):
                yield [name for name in names if asked.may_have_prefix_of(PictureName.of(name))]


def pictures_below(folder: Path) -> dict[str, Path]:
    """Every picture file in a folder and the folders in it, by its id, in the order of the paths.

    An id is the name without the ending; where several have it, the path from the folder on, and
    where that is not enough either, with its ending.
    """
    return files_below(folder, PICTURE_ENDINGS)


def files_below(folder: Path, endings: tuple[str, ...]) -> dict[str, Path]:
    """As `pictures_below`, of files with other endings."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings)
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
    known picture that may be two of the asked ones is neither, unless it is exactly one of them.
    """
    pictures = {names[-1]: picture for picture, names in asked.items()}
    back = PictureIndex(pictures)
    any_folder = not (back.folders_tell or known.folders_tell)
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
    for found, claimants in claims.items():
        fitting = _with_its_ending(found, back.fitting(found, any_folder))
        rivals = dict.fromkeys(pictures[name] for name in fitting)
        _settle(found, claimants, list(rivals | dict.fromkeys(claimants)), asked, matches)
    matches.elsewhere.update(
        (picture, found)
        for picture, found in matches.found.items()
        if all(known.is_elsewhere(name, found) for name in asked[picture])
    )
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


def _settle(
    found: str,
    claimants: list[str],
    rivals: list[str],
    asked: Mapping[str, Sequence[str]],
    matches: Matches,
) -> None:
    """Which claimants the found picture is; the others become faults. rivals: all it may be."""
    are_one = _may_be_one([asked[picture][-1] for picture in rivals])
    exact = [picture for picture in claimants if found in asked[picture]]
    for picture in claimants:
        if are_one or picture in exact:
            matches.found[picture] = found
        else:
            other = next(p for p in (*exact, *rivals) if p != picture)
            matches.faults[picture] = (
                f"{picture!r} and {other!r} are both asked about, and {found!r} may be either."
            )


def _may_be_one(texts: Sequence[str]) -> bool:
    """Whether nothing that these names write contradicts that they mean one picture."""
    if len(texts) == 1:
        return True
    if sum(Path(text).is_absolute() for text in texts) > 1:  # two files
        return False
    names = [PictureName.of(text) for text in texts]
    longest = max((name.folders for name in names), key=len)
    endings = {name.ending for name in names if name.ending}
    prefixes = {name.prefix for name in names if name.prefix}
    stems = {(name.prefix, name.stem) for name in names}
    spelled_twice = len(stems) > len({name.prefix for name in names})
    agree = all(_agree(name.folders, longest) for name in names)
    return agree and len(endings) <= 1 and len(prefixes) <= 1 and not spelled_twice


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


def _only(text: str, fitting: Sequence[str]) -> str:
    """The one that fits, by its ending where several do. Raises DatasetError."""
    if len(fitting) == 1:
        return fitting[0]
    same = _with_its_ending(text, fitting)
    if len(same) == 1 and len(fitting) < MOST:
        return same[0]
    first, second, *more = same if len(same) > 1 else fitting
    others = f", or {len(more)} more" if more else ""
    raise DatasetError(
        f"{text!r} may be {first!r} or {second!r}{others}: write what tells them apart."
    )


def _with_its_ending(text: str, names: Sequence[str]) -> Sequence[str]:
    """Those that end like a name, where there are any; else all."""
    ending = PictureName.of(text).ending
    return [name for name in names if ending and PictureName.of(name).ending == ending] or names
