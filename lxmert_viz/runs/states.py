"""A store of states: where it lies and what is read from it.

states.json    model, dataset, depths, size, type of number
rows.jsonl     one line an example that is done: the example, its word pieces, its regions
lang.bin       (all words, P, D), one example after the other
vision.bin     (all regions, P, D)
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lxmert_viz.analysis.probes import split_groups
from lxmert_viz.analysis.states import STREAMS
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import cache_folder
from lxmert_viz.records import Example, GoldObject
from lxmert_viz.runs.manifest import data_of
from lxmert_viz.whole_files import reading_back

HEAD, ROWS = "states.json", "rows.jsonl"
REMEDY = "delete its folder, and the states are extracted again"
FORMAT = 2  # of what stands in them; an older store is made again
LENSES = "lenses"  # where tuned lenses of a store are kept
STATES_VARIABLE = "LXMERT_VIZ_STATES"
ITEMS = {"lang": "pieces", "vision": "boxes_unit"}  # what a line lists one of for each state


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One example of a store, and where its states begin."""

    example: Example
    pieces: tuple[str, ...]
    classes: tuple[str, ...]  # of each piece's word
    boxes_unit: np.ndarray  # (R, 4)
    objects: tuple[str, ...]  # R, as the detector names them
    attributes: tuple[str, ...]
    lang_start: int
    vision_start: int
    file: str  # the picture; "" where only its regions were at hand
    said: str  # the model's answer; "" without an answer head


def states_folder() -> Path:
    """Where stores lie that nobody placed elsewhere."""
    named = os.environ.get(STATES_VARIABLE)
    return Path(named) if named else cache_folder() / "states"


def store_folder(pipeline: Pipeline, dataset: Dataset) -> Path:
    """The store of a dataset's states by this model; no other dataset or checkpoint shares it."""
    data = data_of(dataset)["sha256"][:8]
    own = f"{dataset.name}-{data}-{pipeline.name}-{pipeline.digest[:8]}-{FORMAT}"
    return states_folder() / own


def stores(pipeline: Pipeline) -> list[Path]:
    """The stores in that folder which this model's states are in."""
    heads = sorted(states_folder().glob(f"*/{HEAD}"))
    own = {"weights": pipeline.digest, "format": FORMAT}
    return [path.parent for path in heads if own.items() <= head_of(path).items()]


def whole_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a file, without one that was cut off; the file is cut there too."""
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        os.truncate(path, len(whole))
    with reading_back(path, REMEDY):
        return [json.loads(line) for line in whole.splitlines()]


class StateStore:
    """States that were extracted. Raises DatasetError for a folder that holds none, or others."""

    def __init__(self, folder: Path) -> None:
        if not (folder / HEAD).is_file():
            raise DatasetError(f"{folder} holds no states; extract them first.")
        head = head_of(folder / HEAD)
        if head.get("format") != FORMAT:
            raise DatasetError(
                f"{folder} holds states as another version of this tool wrote them; delete the "
                "folder, and they are extracted again."
            )
        self.folder = folder
        with reading_back(folder, REMEDY):
            self._read(head)

    def _read(self, head: dict[str, Any]) -> None:
        folder, self.model = self.folder, str(head["model"])
        self.weights = str(head["weights"])  # digest of the checkpoint
        self.data = str(head["data"]["name"])
        self.depths: dict[str, tuple[str, ...]] = {s: tuple(head["depths"][s]) for s in STREAMS}
        lines = whole_lines(folder / ROWS)
        self.errors = [line["error"] for line in lines if "error" in line]
        self.rows: list[StoredRow] = []
        starts = dict.fromkeys(STREAMS, 0)
        for line in lines:
            if "error" not in line:
                self.rows.append(_row(line, starts))
                for stream in STREAMS:
                    starts[stream] += len(line[ITEMS[stream]])
        self._files = {
            stream: _mapped(
                folder / f"{stream}.bin",
                head["number"],
                (starts[stream], len(self.depths[stream]), head["hidden_size"]),
            )
            for stream in STREAMS
        }

    def states(self, stream: str, depth: int, places: Sequence[int] | np.ndarray) -> np.ndarray:
        """(n, D) float32: states of one depth at places of the stream's file."""
        return self._files[stream][np.asarray(places, np.int64), depth].astype(np.float32)

    def drawn(
        self, stream: str, most: int, *, first_only: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """States (P, n, D) of at most that many words or regions, drawn with a fixed seed; and
        the place in `rows` of each one's example (n,).

        first_only: [CLS] alone, or the first region.
        """
        places, examples = [], []
        for number, row in enumerate(self.rows):
            start, count = places_of(row, stream)
            count = min(count, 1) if first_only else count
            places.append(np.arange(start, start + count))
            examples.append(np.full(count, number))
        joined, of = (np.concatenate([*part, np.zeros(0, np.int64)]) for part in (places, examples))
        kept = np.sort(np.random.default_rng(0).permutation(len(joined))[:most]).astype(np.int64)
        depths = range(len(self.depths[stream]))
        states = np.stack([self.states(stream, depth, joined[kept]) for depth in depths])
        return states, of[kept]

    def split(
        self, stream: str, most: int, *, first_only: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `drawn`, with (n,) True for what is held out: whole pictures. Raises DatasetError."""
        states, rows = self.drawn(stream, most, first_only=first_only)
        try:
            return states, split_groups(self.pictures(rows), 0)
        except ValueError as error:
            raise DatasetError(f"{self.data} is too small: {error}.") from error

    def pictures(self, rows: np.ndarray) -> list[str]:
        return [self.rows[row].example.picture for row in rows]

    def means(self, stream: str, depth: int) -> np.ndarray:
        """(examples, D): mean over each example's words or regions; zeros where it has none."""
        found = np.zeros((len(self.rows), self._files[stream].shape[-1]), np.float32)
        for number, row in enumerate(self.rows):
            start, count = places_of(row, stream)
            if count:
                found[number] = self._files[stream][start : start + count, depth].mean(
                    0, dtype=np.float32
                )
        return found


def head_of(path: Path) -> dict[str, Any]:
    """What a store says of itself; {} where it is cut or something else."""
    try:
        told = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def places_of(row: StoredRow, stream: str) -> tuple[int, int]:
    """Where the states of an example begin in the stream's file, and how many there are."""
    if stream == "lang":
        return row.lang_start, len(row.pieces)
    return row.vision_start, len(row.objects)


def _mapped(path: Path, number: str, shape: tuple[int, int, int]) -> np.ndarray:
    if 0 in shape:  # an empty file cannot be mapped
        return np.zeros(shape, number)
    return np.memmap(path, number, "r", shape=shape)


def _row(line: dict[str, Any], starts: dict[str, int]) -> StoredRow:
    return StoredRow(
        example=_example(line["example"]),
        pieces=tuple(line["pieces"]),
        classes=tuple(line["classes"]),
        boxes_unit=np.array(line["boxes_unit"], np.float32).reshape(-1, 4),
        objects=tuple(line["objects"]),
        attributes=tuple(line["attributes"]),
        lang_start=starts["lang"],
        vision_start=starts["vision"],
        file=line["file"],
        said=line["said"],
    )


def _example(entry: dict[str, Any]) -> Example:
    """JSON has no tuples: everything that was one becomes one again."""
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    if fields["objects"] is not None:
        fields["objects"] = tuple(
            GoldObject(str(name), kind, tuple(box)) for name, kind, box in fields["objects"]
        )
    return Example(**fields)
