"""Examples with their pictures, whatever layout they came in."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

from lxmert_viz.dataset.remarks import ODD, JsonFile, Remark, why
from lxmert_viz.records import Example


@dataclass(frozen=True)
class Dataset:
    """What was read, and everything odd about it."""

    name: str
    layout: str
    files: tuple[Path, ...]  # that the examples came from
    examples: tuple[Example, ...]
    pictures: dict[str, Path] = field(default_factory=dict)  # picture's id -> file
    picture_faults: dict[str, str] = field(default_factory=dict)  # id -> why no file can be told
    region_file: Path | None = None
    region_ids: dict[str, str] = field(default_factory=dict)  # picture's id -> its id in that file
    region_boxes: str = ""  # what its boxes are, one of frames.FRAMES; "": as its layout has them
    region_faults: dict[str, str] = field(default_factory=dict)  # id -> why no row can be told
    looks_for_missing: bool = True  # whether the detector looks at what the region file lacks
    remarks: tuple[Remark, ...] = ()
    ids: str = ""  # what they are in its files: "numbers", "text"; "" where that cannot be told
    training_note: str = ""  # which published checkpoints have been trained on these examples

    def without_regions(self) -> Self:
        """The same, with pictures to look at and no file of regions."""
        return replace(self, region_file=None, region_boxes="", region_ids={}, region_faults={})


class Entry(NamedTuple):
    """One thing that a file lists."""

    key: str  # its id, or its number
    place: str  # file and line, as Example.place has them
    content: Any
    fault: str = ""  # why it cannot be read


def entries_of(file: JsonFile, content: Iterable[Any], keys: Sequence[str]) -> Iterator[Entry]:
    """Of a list in a file. keys: fields that may be an entry's id; else its number is."""
    for number, entry in enumerate(content, start=1):
        named = next((k for k in keys if isinstance(entry, dict) and entry.get(k) is not None), "")
        key = str(entry[named]) if named else str(number)
        yield Entry(key, file.place(key) if named else f"{file.path.name}:0", entry)


def collected(
    path: Path,
    layout: str,
    entries: Iterable[Entry],
    examples_of: Callable[[Entry], Sequence[Example]],
    last_line: Callable[[str], int] | None = None,
) -> Dataset:
    """What becomes of the entries of a file; those that are not as the layout has it are remarked.

    examples_of: raises ODD for such. last_line: as of without_duplicates.
    """
    examples: list[Example] = []
    remarks: list[Remark] = []
    for entry in entries:
        line = int(entry.place.rpartition(":")[2])
        try:
            if entry.fault:
                raise ValueError(entry.fault)
            made = examples_of(entry)
        except ODD as error:
            remarks.append(Remark("broken", path.name, line, f"{entry.key}: {why(error)}."))
            continue
        examples += made
        remarks += [
            Remark("no answer", path.name, line, f"{example.id} has no right answer.")
            for example in made
            if not example.right and example.matches is None
        ]
    kept, twice = without_duplicates(examples, last_line)
    return Dataset(path.stem, layout, (path,), kept, remarks=(*remarks, *twice))


def kind_of_ids(given: Iterable[object]) -> str:
    """As in Dataset. given: what JSON has; an entry without an id is None."""
    ids = [name for name in given if name is not None]
    return "numbers" if ids and all(type(name) is int for name in ids) else "text"


def without_duplicates(
    examples: Sequence[Example], last_line: Callable[[str], int] | None = None
) -> tuple[tuple[Example, ...], list[Remark]]:
    """The first example of each id, and a remark for every other.

    last_line: where an id stands last, for layouts whose examples know only where it stands first.
    """
    kept: dict[str, Example] = {}
    remarks = []
    for example in examples:
        if example.id in kept:
            file, _, line = example.place.rpartition(":")
            what = f"{example.id} is there already, from {kept[example.id].place}."
            own = last_line(example.id) if last_line else int(line)
            remarks.append(Remark("duplicate", file, own, what))
        else:
            kept[example.id] = example
    return tuple(kept.values()), remarks


def outside(dataset: Dataset, vocabulary: Sequence[str]) -> list[Remark]:
    """A remark for every example whose right answer a model cannot give."""
    known = set(vocabulary)
    remarks = []
    for example in dataset.examples:
        if known and example.right and example.right not in known:
            file, _, line = example.place.rpartition(":")
            what = f"{example.id}: {example.right!r} is not among the model's answers."
            remarks.append(Remark("outside", file, int(line or 0), what))
    return remarks
