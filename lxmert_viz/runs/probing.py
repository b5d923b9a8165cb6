"""Probes of every layer of a store, kept in files, and applied to other pictures."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from lxmert_viz.analysis.probes import About, FittedProbe, ProbeResult, ProbeRun, compression, probe
from lxmert_viz.analysis.states import by_depth, depth_names
from lxmert_viz.errors import DatasetError
from lxmert_viz.forms import check_words
from lxmert_viz.records import Report
from lxmert_viz.runs.states import StateStore
from lxmert_viz.runs.targets import Task
from lxmert_viz.whole_files import DAMAGE, written_whole

ENDING = ".probe.safetensors"
NUMBERS = ("accuracy", "low", "high", "majority", "noise", "control")
ARRAYS = ("confusion", "predicted", "tested")


@dataclass(frozen=True, slots=True)
class Miss:
    """A tested state that the probe names wrongly."""

    row: int  # place of the example in the store
    item: int  # which region or word
    right: int  # label
    said: int


def run_probe(
    store: StateStore,
    wanted: Task,
    *,
    kind: str = "linear",
    pooling: str = "cls",
    seed: int = 0,
    code: bool = False,
    report: Report = lambda stage, share: None,
) -> ProbeRun:
    """A probe for each depth of the store. code: measure the online code too, which takes longer.

    Raises DatasetError where the labels cannot be split by pictures.
    """
    stream = wanted.stream(pooling)
    layers, codes = [], []
    for depth, name in enumerate(store.depths[stream]):
        report(f"probing {name}", depth / len(store.depths[stream]))
        states = wanted.states(store, stream, depth, pooling)
        try:
            layers.append(probe(states, wanted.labels, wanted.groups, wanted.types, kind, seed))
        except ValueError as error:
            raise DatasetError(f"{store.data}, {wanted.target}: {error}.") from error
        codes.append(compression(states, wanted.labels, wanted.groups, seed) if code else np.nan)
    about = _about(store, wanted, kind, pooling, seed)
    return ProbeRun(about, tuple(layers), tuple(float(found) for found in codes))


def _about(store: StateStore, wanted: Task, kind: str, pooling: str, seed: int) -> About:
    stream = wanted.stream(pooling)
    return About(
        model=store.model,
        weights=store.weights,
        data=store.data,
        target=wanted.target,
        level=wanted.level,
        stream=stream,
        pooling=pooling,
        kind=kind,
        seed=seed,
        names=wanted.names,
        depths=store.depths[stream],
        count=len(wanted.labels),
        groups=len(set(wanted.groups)),
        left_out=wanted.left_out,
    )


def misses(run: ProbeRun, wanted: Task, depth: int) -> list[Miss]:
    """What the probe of one depth gets wrong on unseen pictures."""
    layer = run.layers[depth]
    return [
        Miss(int(wanted.rows[n]), int(wanted.items[n]), int(wanted.labels[n]), int(said))
        for n, said in zip(layer.tested, layer.predicted, strict=True)
        if said != wanted.labels[n]
    ]


def apply(run: ProbeRun, states: Mapping[str, np.ndarray]) -> np.ndarray:
    """(P, N, K): what each depth's probe says of a trace's states; N is 1 for whole examples.

    states: as in Trace.
    """
    about = run.about
    names = depth_names(states, about.stream, inside=True)
    layers = by_depth(states, about.stream, inside=True)
    found = []
    for name, layer in zip(about.depths, run.layers, strict=True):
        rows = layers[names.index(name)]  # (N, D)
        if about.level == "example":
            rows = rows[:1] if about.pooling == "cls" else rows.mean(0, keepdims=True)
        found.append(layer.fitted.shares(rows))
    return np.stack(found).astype(np.float32)


def kept_at(
    store: StateStore, wanted: Task, kind: str, pooling: str, seed: int, code: bool
) -> Path:
    """Where the probe of a store is kept; other labels, other place."""
    parts = [wanted.target.replace(" ", "-"), kind, pooling, f"seed-{seed}", wanted.digest()[:16]]
    name = "_".join([*parts, *(["code"] if code else [])])
    return store.folder / "probes" / f"{re.sub('[^A-Za-z0-9_-]', '', name)}{ENDING}"


def save(run: ProbeRun, path: Path) -> None:
    """One file, which holds numbers and text and can run nothing. Raises DatasetError."""
    arrays = {}
    for place, layer in enumerate(run.layers):
        own = {name: getattr(layer, name) for name in ARRAYS}
        own |= {"mean": layer.fitted.mean, "scale": layer.fitted.scale}
        own |= {f"weight {n}": w for n, w in enumerate(layer.fitted.weights)}
        own |= {f"bias {n}": b for n, b in enumerate(layer.fitted.biases)}
        arrays |= {f"{place}/{name}": np.ascontiguousarray(a) for name, a in own.items()}
    numbers = [{name: getattr(layer, name) for name in NUMBERS} for layer in run.layers]
    told = {"about": asdict(run.about), "numbers": numbers, "compressions": run.compressions}
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with written_whole(path) as unfinished:
            save_file(arrays, unfinished, metadata={"probe": json.dumps(told)})
    except (OSError, SafetensorError) as error:
        raise DatasetError(f"{path} cannot be written: {error}.") from error


def load(path: Path) -> ProbeRun:
    """Raises DatasetError for a file that holds no probe."""
    try:
        with safe_open(path, "np") as file:
            told = json.loads((file.metadata() or {})["probe"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return _read(told, arrays)
    except (*DAMAGE, SafetensorError) as error:
        raise DatasetError(f"{path} is not a saved probe; train it again.") from error


def _read(told: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> ProbeRun:
    entries = {
        f.name: tuple(v) if isinstance(v := told["about"][f.name], list) else v
        for f in fields(About)
    }
    layers = tuple(
        _layer(
            numbers, {n.partition("/")[2]: a for n, a in arrays.items() if n.startswith(f"{p}/")}
        )
        for p, numbers in enumerate(told["numbers"])
    )
    about = About(**entries)
    check_words(about)
    return ProbeRun(about, layers, tuple(map(float, told["compressions"])))


def _layer(numbers: Mapping[str, float], arrays: Mapping[str, np.ndarray]) -> ProbeResult:
    count = sum(name.startswith("weight ") for name in arrays)
    kept = FittedProbe(
        arrays["mean"],
        arrays["scale"],
        tuple(arrays[f"weight {n}"] for n in range(count)),
        tuple(arrays[f"bias {n}"] for n in range(count)),
    )
    numbers = {name: float(number) for name, number in numbers.items()}
    return ProbeResult(**numbers, **{name: arrays[name] for name in ARRAYS}, fitted=kept)
