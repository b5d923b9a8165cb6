"""Examples with their pictures, whatever layout they came in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from lxmert_viz.dataset.remarks import Remark
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
    region_faults: dict[str, str] = field(default_factory=dict)  # id -> why no row can be told
    looks_for_missing: bool = True  # whether the detector looks at what the region file lacks
    remarks: tuple[Remark, ...] = ()
    training_note: str = ""  # which published checkpoints have been trained on these examples

    def without_regions(self) -> Self:
        """The same, with pictures to look at and no file of regions."""
        return replace(self, region_file=None, region_ids={}, region_faults={})


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
