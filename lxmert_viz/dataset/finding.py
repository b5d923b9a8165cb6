"""Which picture and which row of a region file each example is about, by the one rule for names."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.remarks import Remark
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example
from lxmert_viz.region_files.picture_ids import Matches, PictureIndex, match, pictures_below
from lxmert_viz.region_files.rows import RegionFile

SHOWN = 3  # names that a sentence gives as examples


def with_pictures(dataset: Dataset, folder: Path) -> tuple[Dataset, dict[str, list[str]]]:
    """With the pictures of a folder. Examples then name them by their ids there; what is not there
    keeps the name that is written. Also: each of these ids -> its names, the fullest last."""
    pictures = pictures_below(folder)
    below = {path.relative_to(folder).as_posix(): picture for picture, path in pictures.items()}
    written = dict.fromkeys(name for example in dataset.examples for name in _names(example))
    known = PictureIndex(below, folder.resolve().parts[1:])
    matches = match({name: (name,) for name in written}, known)
    ids = {name: below[found] for name, found in matches.found.items()}
    names: dict[str, list[str]] = defaultdict(list)
    for name in written:
        names[ids.get(name, name)].append(name)
    for picture in dict.fromkeys(ids.values()):
        names[picture].append(str(pictures[picture].resolve()))
    found = replace(
        dataset,
        examples=tuple(_renamed(example, ids) for example in dataset.examples),
        pictures=pictures,
        picture_faults=matches.faults,
        remarks=(*dataset.remarks, *_elsewhere(matches, folder)),
    )
    return found, names


def with_regions(
    dataset: Dataset, names: Mapping[str, list[str]], file: RegionFile, looks: bool
) -> Dataset:
    """With the regions of a file. looks: the detector, at the pictures that are not in it.

    names: as with_pictures gives them. Raises DatasetError for a file with none of the pictures.
    """
    clear = {name: some for name, some in names.items() if name not in dataset.picture_faults}
    matches = match(clear, file.index)
    if not matches.found and not matches.faults:
        raise DatasetError(
            f"{file.path} has regions of none of the {len(names):,} pictures asked about: it has "
            f"{_some(file)}, and the questions name {_some(names)}. Name another file, or let "
            "the detector look: --regions look."
        )
    return replace(
        dataset,
        region_file=file.path,
        region_ids=matches.found,
        region_faults=matches.faults,
        looks_for_missing=looks,
        remarks=(*dataset.remarks, *_elsewhere(matches, file.path), *_of_file(file, matches)),
    )


def not_found(dataset: Dataset) -> Iterator[Remark]:
    """What each example lacks, and what is done about it."""
    for example in dataset.examples:
        for name in _names(example):
            lack = _lack(dataset, name)
            if lack is not None:
                file, _, line = example.place.rpartition(":")
                yield Remark(lack[0], file, int(line or 0), f"{example.id}: {lack[1]}")


def _lack(dataset: Dataset, name: str) -> tuple[str, str] | None:
    """The kind of remark and what it says; None where nothing is missing."""
    if name in dataset.picture_faults:
        return "unclear", dataset.picture_faults[name]
    if name in dataset.region_ids:
        return None
    if name in dataset.region_faults:
        return "unclear", dataset.region_faults[name]
    file = dataset.region_file
    if file is not None and not dataset.looks_for_missing:
        return "no regions", f"{file.name} lacks {name!r}, so it is not answered."
    if name not in dataset.pictures:
        return "no picture", f"there is no picture {name!r}."
    if file is not None:
        return "no regions", f"{file.name} lacks {name!r}, so the detector looks at the picture."
    return None


def _names(example: Example) -> tuple[str, ...]:
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
