"""Causes over many examples: every head's effect, edges cut, and heads that follow the question.

Each example's numbers are a line of a file that grows; a run that was stopped goes on after them.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lxmert_viz.analysis import rankings
from lxmert_viz.analysis.significance import Z
from lxmert_viz.checkpoints.contents import TRAINED_PROFILE
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.experiments import atlas, edges, head_slots
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.head_means import HeadMeans
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, Regions, Report
from lxmert_viz.runs.asking import gold_regions, may_do_elsewhere
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.whole_files import reading_back, write_json, write_text

LINES, ABOUT = "effects.jsonl", "causes.json"
REMEDY = "name another folder with --out"
NONE_RIGHT = (
    "{} answers none of {:,} examples right, so there is nothing that a change could take away."
)
ATLAS, EDGES = VIEWS = ("atlas", "edges")


@dataclass(frozen=True, slots=True)
class Answered:
    """An example that the model answers right; the others have no answer to lose."""

    example: Example
    regions: Regions
    gold: list[int]  # regions that it is about; empty where nobody marked them
    kind: str  # type of question, as GQA has it: "query attr"


@dataclass(frozen=True, slots=True)
class View:
    """What is measured, and how."""

    name: str  # of VIEWS
    off: str = atlas.ZERO
    width: int = 1
    given: HeadMeans | None = None  # what heads write where `off` is their mean over a set

    @property
    def told(self) -> dict[str, Any]:
        means = {} if self.given is None else {"means": self.given.digest}
        return {"view": self.name, "off": self.off, "width": self.width, **means}


Line = dict[str, Any]  # of an example
Measuring = Callable[[Pipeline, Dataset, View, Path, Report], list[Line]]  # folder: of what is kept


def answered_right(pipeline: Pipeline, dataset: Dataset, report: Report) -> Iterator[Answered]:
    """In the order of pictures."""
    examples = _ordered(dataset)
    looker = looker_for(pipeline, dataset)
    looker.check()

    def heard(number: int) -> None:
        report(f"example {number + 1:,} of {len(examples):,}", number / len(examples))

    yield from right_ones(pipeline, looker, examples, heard)


def _ordered(dataset: Dataset) -> list[Example]:
    return sorted(dataset.examples, key=lambda example: example.picture)


def looker_for(pipeline: Pipeline, dataset: Dataset) -> Looker:
    return Looker(pipeline, dataset, TRAINED_PROFILE, pipeline.region_names.of)


def right_ones(
    pipeline: Pipeline,
    looker: Looker,
    examples: Sequence[Example],
    heard: Callable[[int], None] = lambda number: None,
    *,
    strict: bool = False,
) -> Iterator[Answered]:
    """heard: of every example, by its place. strict: MachineError is raised where another machine
    may do it."""
    with closing(looker.shown(examples)) as rows:
        for number, (example, seen) in enumerate(rows):
            heard(number)
            if strict and may_do_elsewhere(seen):
                raise seen
            if not isinstance(seen, Regions) or not example.right:
                continue
            (scores,) = pipeline.score_many([(seen, example.text)])
            if pipeline.answers(scores, 1)[0].text == example.right:
                gold, _ = gold_regions(example, seen)
                kinds = (example.types.get(name, "") for name in ("structural", "semantic"))
                yield Answered(example, seen, gold, " ".join(filter(None, kinds)) or "all")


def measure(
    pipeline: Pipeline,
    dataset: Dataset,
    view: View,
    folder: Path,
    report: Report = lambda stage, share: None,
    measuring: Measuring | None = None,
) -> pd.DataFrame:
    """The table of a view over the examples answered right; goes on where the folder was left.

    measuring: unless given, this process. Raises DatasetError for a folder of another run.
    """
    settings = view.told | {
        "model": pipeline.name,
        "digest": pipeline.digest,
        "examples": len(dataset.examples),
    }
    lines_by(pipeline, view)  # what cannot be measured is told before a folder is begun
    _begin(folder, settings)
    done = (measuring or _here)(pipeline, dataset, view, folder, report)
    places = {example.id: place for place, example in enumerate(_ordered(dataset))}
    done.sort(key=lambda line: places.get(line["id"], len(places)))
    write_text(folder / LINES, "".join(f"{json.dumps(line)}\n" for line in done))
    if not done:
        raise DatasetError(NONE_RIGHT.format(pipeline.name, len(dataset.examples)))
    table = atlas_table if view.name == ATLAS else edges_table
    return table(pipeline, done)


def _here(
    pipeline: Pipeline, dataset: Dataset, view: View, folder: Path, report: Report
) -> list[Line]:
    done, line_of = _lines(folder / LINES), lines_by(pipeline, view)
    with (folder / LINES).open("a", encoding="utf-8") as file:
        for asked in answered_right(pipeline, dataset, report):
            if asked.example.id not in done:
                line = done[asked.example.id] = line_of(asked)
                file.write(json.dumps(line) + "\n")
                file.flush()
    return list(done.values())


def lines_by(pipeline: Pipeline, view: View) -> Callable[[Answered], Line]:
    means = None if view.given is None else view.given.of(pipeline)

    def line(asked: Answered) -> Line:
        told = {"id": asked.example.id, "kind": asked.kind}
        if view.name == ATLAS:
            return told | _atlas_line(pipeline, view.off, means, asked)
        return told | _edges_line(pipeline, view.width, asked)

    return line


def _atlas_line(pipeline: Pipeline, off: str, means: atlas.Means | None, asked: Answered) -> Line:
    seen, text = asked.regions, asked.example.text
    (scores,) = pipeline.score_many([(seen, text)])
    target = targets.top_answer(pipeline, scores)
    found = atlas.atlas(pipeline, seen, text, target, off, given=means)
    values = {
        name: np.round(found.scores(name), 6).tolist()
        for name in atlas.RANKINGS
        if name != "random"
    }
    judged = {name: atlas.judged(pipeline, seen, text, found, name) for name in atlas.RANKINGS}
    areas = {name: [one.cpr, one.cmd] for name, one in judged.items()}
    return {"value": found.value, "heads": values, "areas": areas}


def _edges_line(pipeline: Pipeline, width: int, asked: Answered) -> Line:
    wanted = edges.usual_edges(len(asked.regions), asked.gold)
    found = edges.curves(pipeline, asked.regions, asked.example.text, wanted, width)
    rows = zip(found.edges, found.change.round(4), found.flips, strict=True)
    return {"edges": {name: [c.tolist(), f.tolist()] for name, c, f in rows}}


def atlas_table(pipeline: Pipeline, lines: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a head: mean effect with its 95% interval, and what is cheaper to know of it."""
    slots = head_slots.slots(pipeline.network.config)
    values = {name: np.array([line["heads"][name] for line in lines]) for name in lines[0]["heads"]}
    half = Z * _error(values["exact"])
    means = {name: found.mean(axis=0) for name, found in values.items()}
    return pd.DataFrame(
        {
            "head": [slot.name for slot in slots],
            "examples": len(lines),
            "effect": means["exact"],
            "effect_low": means["exact"] - half,
            "effect_high": means["exact"] + half,
            **{name: found for name, found in means.items() if name != "exact"},
        }
    )


def areas_table(lines: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a ranking: mean CPR and CMD of examples with their 95% intervals."""
    rows = []
    for name in atlas.RANKINGS:
        areas = np.array([line["areas"][name] for line in lines])  # (N, 2)
        half = Z * _error(areas)
        (cpr, cmd), (cpr_half, cmd_half) = areas.mean(axis=0), half
        rows.append(
            (
                name,
                len(lines),
                cpr,
                cpr - cpr_half,
                cpr + cpr_half,
                cmd,
                cmd - cmd_half,
                cmd + cmd_half,
            )
        )
    columns = ["ranking", "examples", "cpr", "cpr_low", "cpr_high", "cmd", "cmd_low", "cmd_high"]
    return pd.DataFrame(rows, columns=columns)


def edges_table(pipeline: Pipeline, lines: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a type of question, edge and layer: mean relative change, and share of flips."""
    rows = []
    for kind in ["all", *sorted({line["kind"] for line in lines} - {"all"})]:
        own = [line["edges"] for line in lines if kind in ("all", line["kind"])]
        for edge in {name: None for line in own for name in line}:
            change, flips = (
                np.array([line[edge][n] for line in own if edge in line], float) for n in (0, 1)
            )
            half = Z * _error(change)
            for layer, mean in enumerate(change.mean(axis=0)):
                low, high = mean - half[layer], mean + half[layer]
                flipped = flips[:, layer].mean()
                rows.append((kind, edge, layer + 1, len(change), mean, low, high, flipped))
    columns = ["type", "edge", "layer", "examples", "change_percent", "low", "high", "flips"]
    return pd.DataFrame(rows, columns=columns)


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """What was measured so far, a line an example."""
    return list(_lines(folder / LINES).values())


def recall_of(table: pd.DataFrame) -> float:
    """Of the strongest tenth of heads by effect, the share that the gradient names too."""
    exact, guess = table["effect"].to_numpy(), table["estimate"].to_numpy()
    return rankings.recall(guess, exact, max(len(table) // 10, 1))


def _begin(folder: Path, settings: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    about = folder / ABOUT
    if not about.exists():
        write_json(about, settings)
        return
    with reading_back(about, REMEDY):
        before = dict(json.loads(about.read_text()))
    odd = [name for name in settings if before.get(name) != settings[name]]
    if odd:
        raise DatasetError(
            f"{folder} holds a run with {odd[0]} {before.get(odd[0])!r}, and this one has "
            f"{settings[odd[0]]!r}: name another folder with --out."
        )


def _lines(path: Path) -> dict[str, dict[str, Any]]:
    """By example; what a killed run wrote half of is left out, and cut off."""
    if not path.exists():
        return {}
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with path.open("rb+") as file:
            file.truncate(len(whole))
    with reading_back(path, REMEDY):
        return {line["id"]: line for line in map(json.loads, whole.splitlines())}


def _error(values: np.ndarray) -> np.ndarray:
    """Standard error of the mean over the first axis; of one example alone it is not known."""
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    return values.std(axis=0, ddof=1) / np.sqrt(len(values))
