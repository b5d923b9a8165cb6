"""What a probe is to read out of a store's states: labels for regions, words or whole examples.

Labels of regions are the detector's own, so that any picture has them.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np

from lxmert_viz.analysis.answers import spelled
from lxmert_viz.analysis.regions import covered
from lxmert_viz.analysis.word_classes import CLASSES
from lxmert_viz.dataset.csv_rows import csv_rows
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example
from lxmert_viz.runs.states import StateStore, StoredRow, places_of

ID_COLUMNS = ("id", "question_id")
MOST_LABELS = 20
FEWEST_ROWS = 8  # of a label; rarer ones are left out
MOST_ROWS = 4000  # that a probe is trained and tested on
POOLINGS = {"cls": "[CLS]", "words": "mean of all words", "regions": "mean of all regions"}
STREAM_OF = {"cls": "lang", "words": "lang", "regions": "vision"}
SIZES = ("small", "little", "tiny", "large", "big", "huge", "short", "tall", "long")
MATERIALS = ("matte", "shiny", "metal", "wooden", "wood", "plastic", "glass", "leather", "brick")
COLOURS = CLASSES["colour"].split()
Labelled = Iterator[tuple[int, int, str, str]]  # row, item within it, label, type


@dataclass(frozen=True, slots=True)
class Task:
    """n labelled states. Types are what the control task labels at random."""

    target: str
    level: str  # "region", "word" or "example"
    names: tuple[str, ...]  # K labels
    labels: np.ndarray  # (n,) int
    rows: np.ndarray  # (n,) int: place in store.rows
    items: np.ndarray  # (n,) int: which region or word; 0 of an example
    groups: tuple[str, ...]  # n pictures
    types: tuple[str, ...]  # n
    left_out: int  # states with a label that is too rare

    def digest(self) -> str:
        """Tells it from other tasks on a store: by its labels, and the states that have them."""
        told = (self.target, self.level, self.names, self.groups, self.types, self.left_out)
        places = (self.labels.tolist(), self.rows.tolist(), self.items.tolist())
        return hashlib.sha256(repr((told, places)).encode()).hexdigest()

    def states(self, store: StateStore, stream: str, depth: int, pooling: str) -> np.ndarray:
        """(n, D). pooling, one of POOLINGS, matters for whole examples alone."""
        if self.level != "example" or pooling == "cls":
            starts = [places_of(store.rows[row], stream)[0] for row in self.rows]
            return store.states(stream, depth, np.array(starts) + self.items)
        return store.means(stream, depth)[self.rows]

    def stream(self, pooling: str) -> str:
        if self.level == "example":
            return STREAM_OF[pooling]
        return "vision" if self.level == "region" else "lang"


def task(store: StateStore, target: str, seed: int = 0, most: int = MOST_ROWS) -> Task:
    """target: one of TARGETS. Raises DatasetError where the dataset does not tell it.

    most: states, drawn at random where there are more.
    """
    level, label = TARGETS[target]
    return _task(store, target, level, label(store.rows), seed, most)


def own_task(store: StateStore, column: str, labels: Mapping[str, str], seed: int = 0) -> Task:
    """Labels that a person gave: id of an example -> label."""
    found = (
        (place, 0, labels[row.example.id], row.example.text)
        for place, row in enumerate(store.rows)
        if labels.get(row.example.id)
    )
    return _task(store, column, "example", found, seed)


def read_labels(path: Path, column: str) -> dict[str, str]:
    """Column of a CSV by example id. Raises DatasetError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text: {error.reason}.") from error
    found = label_columns(text, path.name)
    if column not in found:
        raise DatasetError(f"{path} has no column {column!r}; it has {', '.join(found) or 'none'}.")
    return found[column]


def label_columns(text: str, name: str) -> dict[str, dict[str, str]]:
    """Each column of a CSV as example id -> label, empty cells left out.

    The ids stand in its column `id` or `question_id`. Raises DatasetError.
    """
    rows = list(csv_rows(StringIO(text, newline=""), name))
    columns = [*rows[0].cells] if rows else []
    key = next((known for known in ID_COLUMNS if known in columns), None)
    if key is None:
        raise DatasetError(
            f"{name} has the columns {', '.join(columns) or 'none'}; it needs id or question_id."
        )
    found: dict[str, dict[str, str]] = {column: {} for column in columns if column != key}
    for line, row, fault in rows:
        if fault:
            raise DatasetError(f"{name}, line {line}: {fault}.")
        for column, labels in found.items():
            if row[key] and row[column].strip():
                labels[row[key]] = row[column].strip()
    return found


def _task(
    store: StateStore,
    target: str,
    level: str,
    found: Labelled,
    seed: int,
    most: int = MOST_ROWS,
) -> Task:
    everything = list(found)
    counts = Counter(label for _, _, label, _ in everything)
    common = [name for name, count in counts.most_common(MOST_LABELS) if count >= FEWEST_ROWS]
    kept = [entry for entry in everything if entry[2] in common]
    if len(common) < 2:
        seen = ", ".join(f"{name} ({count})" for name, count in counts.most_common(3)) or "none"
        raise DatasetError(
            f"{store.data} cannot be probed for {target}: that needs two labels with at least "
            f"{FEWEST_ROWS} states each, and there are: {seen}."
        )
    if len(kept) > most:
        drawn = np.random.default_rng(seed).choice(len(kept), most, replace=False)
        kept = [kept[place] for place in np.sort(drawn)]
    names = tuple(sorted(common))
    return Task(
        target=target,
        level=level,
        names=names,
        labels=np.array([names.index(label) for _, _, label, _ in kept]),
        rows=np.array([row for row, _, _, _ in kept]),
        items=np.array([item for _, item, _, _ in kept]),
        groups=tuple(store.rows[row].example.picture for row, _, _, _ in kept),
        types=tuple(kind for _, _, _, kind in kept),
        left_out=len(everything) - sum(counts[name] for name in common),
    )


def _regions(label: Callable[[StoredRow, int], str]) -> Callable[[Sequence[StoredRow]], Labelled]:
    def labelled(rows: Sequence[StoredRow]) -> Labelled:
        for place, row in enumerate(rows):
            for region in range(len(row.objects)):
                name = label(row, region)
                if name:
                    yield place, region, name, f"{row.attributes[region]} {row.objects[region]}"

    return labelled


def _examples(label: Callable[[Example], str]) -> Callable[[Sequence[StoredRow]], Labelled]:
    def labelled(rows: Sequence[StoredRow]) -> Labelled:
        for place, row in enumerate(rows):
            name = label(row.example)
            if name:
                yield place, 0, name, row.example.text

    return labelled


def _word_classes(rows: Sequence[StoredRow]) -> Labelled:
    for place, row in enumerate(rows):
        for item, (piece, kind) in enumerate(zip(row.pieces, row.classes, strict=True)):
            yield place, item, kind, piece


def _answered_right(rows: Sequence[StoredRow]) -> Labelled:
    for place, row in enumerate(rows):
        if row.said and row.example.right:
            right = spelled(row.said) == spelled(row.example.right)
            yield place, 0, "right" if right else "wrong", row.example.text


def _word_in(words: Sequence[str]) -> Callable[[StoredRow, int], str]:
    return lambda row, region: next(
        (word for word in row.attributes[region].split() if word in words), ""
    )


def _position(row: StoredRow, region: int) -> str:
    left, top, right, bottom = row.boxes_unit[region]
    across = ("left", "middle", "right")[min(2, int((left + right) * 1.5))]
    down = ("upper", "middle", "lower")[min(2, int((top + bottom) * 1.5))]
    return f"{down} {across}"


def _mentioned(row: StoredRow, region: int) -> str:
    """Is the region one of the objects that the question is about?"""
    if not row.example.objects:
        return ""
    box = row.boxes_unit[region][None]
    return "yes" if any(covered(box, o.box_unit)[0] for o in row.example.objects) else "no"


def _answer_type(example: Example) -> str:
    right = example.right
    kind = "number" if right.isdigit() else "other"
    kind = "yes or no" if right in ("yes", "no") else kind
    return example.types.get("answer", kind) if right else ""


def _question_type(example: Example) -> str:
    names = ("question", "detailed", "structural")
    return next((example.types[name] for name in names if name in example.types), "")


def _count(example: Example) -> str:
    return example.right if example.right.isdigit() else ""


def _relation(example: Example) -> str:
    """The answers to questions on relations."""
    told = " ".join(example.types.values())
    return example.right if "relat" in told or "relate" in example.operations else ""


def _match(example: Example) -> str:
    return "" if example.matches is None else ("belongs" if example.matches else "does not")


TARGETS: dict[str, tuple[str, Callable[[Sequence[StoredRow]], Labelled]]] = {
    "object": ("region", _regions(lambda row, region: row.objects[region])),
    "colour": ("region", _regions(_word_in(COLOURS))),
    "size": ("region", _regions(_word_in(SIZES))),
    "material": ("region", _regions(_word_in(MATERIALS))),
    "position": ("region", _regions(_position)),
    "is it mentioned": ("region", _regions(_mentioned)),
    "word class": ("word", _word_classes),
    "answer": ("example", _examples(lambda example: example.right)),
    "answer type": ("example", _examples(_answer_type)),
    "question type": ("example", _examples(_question_type)),
    "count": ("example", _examples(_count)),
    "relation": ("example", _examples(_relation)),
    "answered right": ("example", _answered_right),
    "match": ("example", _examples(_match)),
}
