"""Which picture and which row of a region file each example is about, by the one rule for names."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path

from lxmert_viz.dataset.datasets import Dataset, remark_at
from lxmert_viz.dataset.remarks import Remark
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example
from lxmert_viz.region_files.picture_ids import Matches, PictureIndex, match, pictures_below
from lxmert_viz.region_files.rows import RegionFile

OWN = ("ids", "remarks", "is_told")  # fields of Found that Dataset has not, or has more in
SHOWN = 3  # names that a sentence gives as examples


@dataclass(frozen=True)
class Found:
    """Where the pictures that examples name lie, and their regions; fields as Dataset has them."""

    ids: Mapping[str, str] = field(default_factory=dict)  # name as written -> id, of what is here
    pictures: dict[str, Path] = field(default_factory=dict)
    picture_faults: dict[str, str] = field(default_factory=dict)
    region_file: Path | None = None
    region_ids: dict[str, str] = field(default_factory=dict)
    region_boxes: str = ""
    region_faults: dict[str, str] = field(default_factory=dict)
    looks_for_missing: bool = True
    remarks: tuple[Remark, ...] = ()
    is_told: bool = False  # what lacks has been remarked already

    def lack(self, picture: str) -> tuple[str, str] | None:
        """The kind of remark and what it says; None where nothing is missing."""
        if self.is_told:
            return None
        if picture in self.picture_faults:
            return "unclear", self.picture_faults[picture]
        if picture in self.region_ids:
            return None
        if picture in self.region_faults:
            return "unclear", self.region_faults[picture]
        file = self.region_file
        if file is not None and not self.looks_for_missing:
            return "no regions", f"{file.name} lacks {picture!r}, so it is not answered."
        if picture not in self.pictures:
            return "no picture", f"there is no picture {picture!r}."
        if file is not None:
            looks = "so the detector looks at the picture"
            return "no regions", f"{file.name} lacks {picture!r}, {looks}."
        return None


def found_in(dataset: Dataset) -> Found:
    """What a dataset in memory knows of its pictures; nothing lacks that is not remarked there."""
    known = {f.name: getattr(dataset, f.name) for f in fields(Found) if f.name not in OWN}
    return Found(**known, is_told=True)


def find_pictures(written: Sequence[str], folder: Path) -> tuple[Found, dict[str, list[str]]]:
    """The pictures of a folder. What is not there keeps the name that is written.

    written: different names. Also: each picture's id -> its names, the fullest last.
    """
    pictures = pictures_below(folder)
    below = {path.relative_to(folder).as_posix(): picture for picture, path in pictures.items()}
    known = PictureIndex(below, folder.resolve().parts[1:])
    matches = match({name: (name,) for name in written}, known)
    ids = {name: below[found] for name, found in matches.found.items()}
    names: dict[str, list[str]] = defaultdict(list)
    for name in written:
        names[ids.get(name, name)].append(name)
    for picture in dict.fromkeys(ids.values()):
        names[picture].append(str(pictures[picture].resolve()))
    elsewhere = tuple(_elsewhere(matches, folder))
    return Found(ids, pictures, matches.faults, remarks=elsewhere), names


def find_regions(
    found: Found, names: Mapping[str, list[str]], file: RegionFile, boxes: str, looks: bool
) -> Found:
    """With the regions of a file. looks: the detector, at the pictures that are not in it.

    names: as find_pictures gives them. boxes: what the file's are, where its layout does not say.
    Raises DatasetError for a file with none of the pictures.
    """
    clear = {name: some for name, some in names.items() if name not in found.picture_faults}
    matches = match(clear, file.index)
    if not matches.found and not matches.faults:
        raise DatasetError(
            f"{file.path} has regions of none of the {len(names):,} pictures asked about: it has "
            f"{_some(file)}, and the questions name {_some(names)}. Name another file, or let "
            "the detector look: --regions look."
        )
    return replace(
        found,
        region_file=file.path,
        region_ids=matches.found,
        region_boxes=boxes,
        region_faults=matches.faults,
        looks_for_missing=looks,
        remarks=(*found.remarks, *_elsewhere(matches, file.path), *_of_file(file, matches)),
    )


def with_found(dataset: Dataset, found: Found) -> Dataset:
    """Examples then name pictures by their ids."""
    examples = tuple(_renamed(example, found.ids) for example in dataset.examples)
    lacking = tuple(
        missing(example.id, example.place, lack[0], lack[1])
        for example in examples
        for name in names_of(example)
        if (lack := found.lack(name)) is not None
    )
    told = {f.name: getattr(found, f.name) for f in fields(found) if f.name not in OWN}
    told["remarks"] = (*dataset.remarks, *found.remarks, *lacking)
    return replace(dataset, examples=examples, **told)


def missing(name: str, place: str, kind: str, what: str) -> Remark:
    """What an example lacks, and what is done about it."""
    return remark_at(kind, place, f"{name}: {what}")


def names_of(example: Example) -> tuple[str, ...]:
    """Of its pictures."""
    return tuple(filter(None, (example.picture, example.second_picture)))


def _renamed(example: Example, ids: Mapping[str, str]) -> Example:
    picture, second = (ids.get(n, n) for n in (example.picture, example.second_picture))
    if (picture, second) == (example.picture, example.second_picture):
        return example
    return replace(example, picture=picture, second_picture=second)


def _elsewhere(matches: Matches, place: Path) -> Iterator[Remark]:
    if matches.elsewhere:
        name, found = next(iter(matches.elsewhere.items()))
        what = (
            f"{len(matches.elsewhere):,} pictures are in another folder than the one written: "
            f"{name!r} is {found!r}."
        )
        yield Remark("note", place.name, 0, what)


def _of_file(file: RegionFile, matches: Matches) -> Iterator[Remark]:
    for what in file.remarks():
        yield Remark("note", file.path.name, 0, what)
    twice = [name for name in dict.fromkeys(matches.found.values()) if name in file.again]
    if twice:
        what = (
            f"{len(twice):,} pictures stand more than once ({_some(twice)}): a whole row is taken "
            "before a broken one; where whole rows differ, the picture's questions are errors."
        )
        yield Remark("note", file.path.name, 0, what)


def _some(names: Iterable[str]) -> str:
    return ", ".join(map(repr, islice(names, SHOWN)))
