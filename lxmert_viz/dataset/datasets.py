"""Examples with their pictures, whatever layout they came in."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lxmert_viz.dataset.remarks import ODD, Entry, Remark, why
from lxmert_viz.records import Example

if TYPE_CHECKING:
    import pyarrow as pa


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


class Told:
    """What is heard while examples are read, one after the other."""

    def __init__(self, remark: Callable[[Remark], None]) -> None:
        self.remark = remark
        self.training_note = ""  # where the file's content tells it, and not its name
        self._are_numbers: bool | None = None

    def hear_id(self, given: object) -> None:
        """given: what a file has; None where it has no id."""
        if given is not None:
            self._are_numbers = type(given) is int and self._are_numbers is not False

    @property
    def ids(self) -> str:
        """As in Dataset."""
        return "numbers" if self._are_numbers else "text"


@dataclass(frozen=True)
class Reading:
    """How a file of examples is read: from beginning to end, with one entry in memory."""

    name: str
    layout: str
    files: tuple[Path, ...]
    examples: Callable[[Told], Iterator[Example]]  # several may have one id
    training_note: str = ""
    ids: str | None = ""  # as in Dataset; None: as is heard
    last_counts: bool = False  # of several examples with one id; else the first
    # the same examples, where it is quicker so, as tables of example_table.SCHEMA
    tables: Callable[[Told], Iterator["pa.Table"]] | None = None

    def whole(self) -> Dataset:
        """All of it, in memory; pictures are named as they are written."""
        remarks: list[Remark] = []
        told = Told(remarks.append)
        examples = list(self.examples(told))
        kept, twice = without_duplicates(examples, self.last_counts)
        here = {example.id for example in kept}
        entailed = sum(name not in here for example in kept for name in example.entailed)
        follow = [lost(entailed, self)] if entailed else []
        return Dataset(
            name=self.name,
            layout=self.layout,
            files=self.files,
            examples=kept,
            ids=told.ids if self.ids is None else self.ids,
            remarks=(*remarks, *twice, *follow),
            training_note=told.training_note or self.training_note,
        )


def read_entries(
    entries: Iterable[Entry], examples_of: Callable[[Entry], Sequence[Example]], told: Told
) -> Iterator[Example]:
    """What becomes of a file's entries; those that are not as the layout has it are remarked.

    examples_of: raises ODD for such.
    """
    for entry in entries:
        told.hear_id(entry.given)
        try:
            if entry.fault:
                raise ValueError(entry.fault)
            made = examples_of(entry)
        except ODD as error:
            what = f"{entry.key}: {why(error)}." if entry.key else f"{_sentence(why(error))}."
            told.remark(remark_at("broken", entry.place, what))
            continue
        for example in made:
            if not example.right and example.matches is None:
                what = f"{example.id} has no right answer."
                told.remark(remark_at("no answer", entry.place, what))
            yield example


def remark_at(kind: str, place: str, what: str) -> Remark:
    """place: as Example.place has it."""
    file, _, line = place.rpartition(":")
    return Remark(kind, file, int(line or 0), what)


def without_duplicates(
    examples: Sequence[Example], last_counts: bool
) -> tuple[tuple[Example, ...], list[Remark]]:
    """One example of each id, and a remark for every other."""
    kept: dict[str, Example] = {}
    remarks = []
    for example in reversed(examples) if last_counts else examples:
        if example.id in kept:
            remarks.append(duplicate(example.id, example.place, kept[example.id].place))
        else:
            kept[example.id] = example
    order = tuple(kept.values())
    return order[::-1] if last_counts else order, remarks


def duplicate(name: str, place: str, kept: str) -> Remark:
    """Of an example that is left out. kept: the place of the one that counts."""
    return remark_at("duplicate", place, f"{name} is there twice; the one of {kept} counts.")


def lost(count: int, reading: Reading) -> Remark:
    """Entailed questions that are not in the file: consistency is over the others."""
    what = f"{count} entailed questions are not in this file; consistency leaves them out."
    return Remark("note", reading.files[0].name if reading.files else reading.name, 0, what)


def not_among(name: str, place: str, right: str) -> Remark:
    """Of an example whose right answer a model cannot give."""
    return remark_at("outside", place, f"{name}: {right!r} is not among the model's answers.")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
