"""States of a dataset, extracted once into files of bounded size; a broken extraction goes on."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from lxmert_viz.analysis.states import STREAMS, by_depth, depth_names
from lxmert_viz.analysis.word_classes import classes_of
from lxmert_viz.checkpoints.contents import RegionNames
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError, LxmertVizError
from lxmert_viz.model.inputs import BATCH
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, Report, Trace
from lxmert_viz.runs.asking import ask_each, may_do_elsewhere
from lxmert_viz.runs.manifest import data_of
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.runs.preparing import sorted_by_picture
from lxmert_viz.runs.progress import Progress
from lxmert_viz.runs.states import FORMAT, HEAD, ITEMS, ROWS, StateStore, head_of, whole_lines
from lxmert_viz.whole_files import write_json

LOCK = "states.lock"
MAX_BYTES = 4_000_000_000
GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a dataset's states."""

    depths: tuple[str, ...] = ()  # names as in analysis.states; none: all that a layer hands on
    half: bool = True  # 16 bits a number, not 32
    max_bytes: int = MAX_BYTES  # of both files together
    profile: str = "trained"


def extract(
    pipeline: Pipeline,
    dataset: Dataset,
    folder: Path,
    kept: Kept | None = None,
    report: Report = lambda stage, share: None,
) -> "StateStore":
    """States of all examples that can be asked; of two pictures, those of the first.

    report may raise to stop: the same call goes on.

    Raises OptionError for a profile that is not, and DatasetError where the folder holds other
    states, is in use, or would grow too large.
    """
    kept = kept or Kept()
    pipeline.check_profile(kept.profile)
    with filling(folder):
        return _extract(pipeline, dataset, folder, kept, report)


@contextmanager
def filling(folder: Path) -> Iterator[None]:
    """Raises DatasetError where the folder holds something else, or is in use."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / HEAD).exists() and any(p.name != LOCK for p in folder.iterdir()):
        raise DatasetError(f"{folder} holds other files; name a new folder for the states.")
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout as error:
        raise DatasetError(f"{folder} is being filled by another process just now.") from error


def check_head(folder: Path, head: dict[str, Any]) -> None:
    """Raises DatasetError where a folder's states are others."""
    path = folder / HEAD
    if path.exists() and head_of(path) != head:
        raise DatasetError(
            f"{folder} holds states of another model, dataset or choice of layers, or of another "
            "version of this tool; name a new folder, or delete this one."
        )


def _extract(
    pipeline: Pipeline, dataset: Dataset, folder: Path, kept: Kept, report: Report
) -> "StateStore":
    order = sorted_by_picture(with_one_picture(dataset).examples)
    writer = Writer(folder, head_for(pipeline, dataset, kept), kept, len(order))
    progress = Progress(len(order), writer.done, report)
    looker = Looker(pipeline, dataset, kept.profile, pipeline.region_names.of)
    fill(pipeline, looker, order, writer, progress.add)
    return StateStore(folder)


def with_one_picture(dataset: Dataset) -> Dataset:
    """Of two pictures, states are those of the first."""
    first = (replace(example, second_picture="") for example in dataset.examples)
    return replace(dataset, examples=tuple(first))


def fill(
    pipeline: Pipeline,
    looker: Looker,
    order: Sequence[Example],
    writer: "Writer",
    done: Callable[[int], None] = lambda count: None,
    *,
    strict: bool = False,
) -> None:
    """Writes the states of what is missing, and closes. strict: MachineError is raised."""
    with closing(looker.shown(order[writer.done :])) as shown, closing(writer):
        while batch := list(islice(shown, BATCH)):
            traces = ask_each(pipeline.ask_many, [(seen, e.text) for e, seen in batch])
            failed = next(filter(may_do_elsewhere, traces), None)
            if strict and failed is not None:
                raise failed
            pictures = looker.dataset.pictures
            writer.add([example for example, _ in batch], traces, pipeline.region_names, pictures)
            done(len(batch))


def head_for(pipeline: Pipeline, dataset: Dataset, kept: Kept) -> dict[str, Any]:
    config = pipeline.network.config
    sizes = {"lang": config.l_layers, "vision": config.r_layers}
    shapes: dict[str, np.ndarray] = {}
    for stream, layers in sizes.items():
        shapes[stream] = np.zeros((layers + 1, 0, 1))
        shapes[f"{stream}_cross"] = np.zeros((config.x_layers, 3, 0, 1))
    depths = {}
    for stream in STREAMS:
        names = depth_names(shapes, stream, inside=True)
        plain = depth_names(shapes, stream)
        depths[stream] = [n for n in names if n in (kept.depths or plain)]
    known = {name for stream in STREAMS for name in depth_names(shapes, stream, inside=True)}
    unknown = [name for name in kept.depths if name not in known]
    if unknown:
        raise DatasetError(
            f"{pipeline.name} has no layer {unknown[0]!r}; it has {', '.join(sorted(known))}."
        )
    return {
        "format": FORMAT,
        "model": pipeline.name,
        "weights": pipeline.digest,
        "data": data_of(dataset),
        "depths": depths,
        "hidden_size": config.hidden_size,
        "number": "float16" if kept.half else "float32",
        "profile": kept.profile,
    }


class Writer:
    """Appends batches; what was cut off in the middle of one is taken back."""

    def __init__(self, folder: Path, head: dict[str, Any], kept: Kept, total: int) -> None:
        """total: of the examples that `kept` limits, here and elsewhere."""
        self._head, self._kept, self._total = head, kept, total
        check_head(folder, head)
        write_json(folder / HEAD, head)
        lines = whole_lines(folder / ROWS)
        self.done = len(lines)
        self.failed = sum("error" in line for line in lines)
        # they grow for hours: lines that end say how much of them counts
        self._files = {s: (folder / f"{s}.bin").open("ab") for s in STREAMS}
        for stream, file in self._files.items():
            rows = sum(len(line.get(ITEMS[stream], ())) for line in lines)
            file.truncate(rows * self._row_bytes(stream))
        self._rows = (folder / ROWS).open("a", encoding="utf-8")

    def add(
        self,
        examples: Sequence[Example],
        traces: Sequence[Trace | LxmertVizError],
        names: RegionNames,
        pictures: Mapping[str, Path],
    ) -> None:
        lines = []
        for example, trace in zip(examples, traces, strict=True):
            line: dict[str, Any] = {"example": _plain(asdict(example))}
            if isinstance(trace, LxmertVizError):
                line["error"] = str(trace)
            else:
                line |= _described(trace, names)
                line["file"] = str(pictures.get(example.picture, ""))
                self._write(trace)
            lines.append(json.dumps(line))
        for file in self._files.values():
            file.flush()
        self._rows.writelines(f"{line}\n" for line in lines)
        self._rows.flush()
        self.done += len(lines)
        self._check_size()

    def close(self) -> None:
        for file in (*self._files.values(), self._rows):
            file.close()

    def _write(self, trace: Trace) -> None:
        for stream, file in self._files.items():
            names = depth_names(trace.states, stream, inside=True)
            places = [names.index(name) for name in self._head["depths"][stream]]
            states = by_depth(trace.states, stream, inside=True)[places]  # (P, N, D)
            file.write(states.swapaxes(0, 1).astype(self._head["number"]).tobytes())

    def _check_size(self) -> None:
        size = sum(file.tell() for file in self._files.values())
        whole = size / self.done * self._total
        if whole > self._kept.max_bytes:
            raise DatasetError(
                f"The states of {self._total:,} examples would take {whole / GIGABYTE:.3g} GB, "
                f"more than the {self._kept.max_bytes / GIGABYTE:.3g} GB allowed: "
                "keep fewer layers or fewer examples, or allow more."
            )

    def _row_bytes(self, stream: str) -> int:
        depths, size = len(self._head["depths"][stream]), self._head["hidden_size"]
        return depths * size * np.dtype(self._head["number"]).itemsize


def _described(trace: Trace, names: RegionNames) -> dict[str, Any]:
    seen = trace.regions
    return {
        "pieces": trace.tokens.pieces,
        "classes": classes_of(trace.tokens),
        "boxes_unit": np.round(seen.boxes_unit, 5).tolist(),
        "objects": [names.objects[i] for i in seen.object_ids],
        "attributes": [names.attributes[i] for i in seen.attribute_ids],
        "said": trace.answers[0].text if trace.answers else "",
    }


def _plain(value: Any) -> Any:
    return {key: dict(v) if isinstance(v, dict) else v for key, v in value.items()}
