"""Examples with their pictures, whatever layout they came in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lxmert_viz.dataset.remarks import Remark
from lxmert_viz.records import Example

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


@dataclass(frozen=True)
class Dataset:
    """What was read, and everything odd about it."""

    name: str
    layout: str
    files: tuple[Path, ...]  # that the examples came from
    examples: tuple[Example, ...]
    pictures: dict[str, Path] = field(default_factory=dict)  # picture's id -> file
    region_file: Path | None = None
    remarks: tuple[Remark, ...] = ()
    ids: str = ""  # what they are in its files: "numbers", "text"; "" where that cannot be told
    training_note: str = ""  # which published checkpoints have been trained on these examples


def pictures_below(folder: Path) -> dict[str, Path]:
    """Every picture file in a folder and the folders in it, by its name without the ending."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURE_ENDINGS)
    return {path.stem: path for path in reversed(paths)}


def with_pictures(dataset: Dataset, folder: Path, seen_in_regions: Iterable[str] = ()) -> Dataset:
    """With the pictures of a folder; those that neither it nor a region file has are remarked.

    A caption list names files with endings, VQA names pictures by number: both find theirs.
    """
    pictures = pictures_below(folder)
    numbered = {
        number: stem for stem in pictures if (number := stem.rpartition("_")[2].lstrip("0"))
    }
    known = {*pictures, *seen_in_regions}
    examples, remarks = [], list(dataset.remarks)
    for example in dataset.examples:
        for which in ("picture", "second_picture"):
            name = getattr(example, which)
            spellings = (name, Path(name).stem, numbered.get(name, ""))
            found = next((spelling for spelling in spellings if spelling in known), "")
            if found and found != name:
                example = replace(example, **{which: found})
            elif name and not found:
                file, _, line = example.place.rpartition(":")
                what = f"{example.id} needs picture {name!r}."
                remarks.append(Remark("no picture", file, int(line or 0), what))
        examples.append(example)
    return replace(dataset, examples=tuple(examples), pictures=pictures, remarks=tuple(remarks))


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
