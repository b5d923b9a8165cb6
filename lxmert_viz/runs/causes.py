"""Causes over many examples: every head's effect, edges cut, and heads that follow the question.

Each example's numbers are a line of a file that grows; a run that was stopped goes on after them.
"""

import json
from collections.abc import Callable, Iterator
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
from lxmert_viz.runs.asking import gold_regions
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.whole_files import reading_back, write_json

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


def answered_right(pipeline: Pipeline, dataset: Dataset, report: Report) -> Iterator[Answered]:
    """In the order of pictures."""
    examples = sorted(dataset.examples, key=lambda example: example.picture)
    looker = Looker(pipeline, dataset, TRAINED_PROFILE, pipeline.region_names.of)
    looker.check()
    with closing(looker.shown(examples)) as rows:
        for number, (example, seen) in enumerate(rows):
            report(f"example {number + 1:,} of {len(examples):,}", number / len(examples))
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
    view: str,
    folder: Path,
    *,
    off: str = atlas.ZERO,
    width: int = 1,
    given: HeadMeans | None = None,
    report: Report = lambda stage, share: None,
) -> pd.DataFrame:
    """The table of a view over the examples answered right; goes on where the folder was left.

    given: what heads write where `off` is their mean over a set. Raises DatasetError for a folder
    of another run.
    """
    settings = {
        "view": view,
        "model": pipeline.name,
        "digest": pipeline.digest,
        "off": off,
        "width": width,
        "examples": len(dataset.examples),
        **({} if given is None else {"means": given.digest}),
    }
    means = None if given is None else given.of(pipeline)
    _begin(folder, settings)
    done = _lines(folder / LINES)
    work = _atlas_line(pipeline, off, means) if view == ATLAS else _edges_line(pipeline, width)
    with (folder / LINES).open("a", encoding="utf-8") as file:
        for asked in answered_right(pipeline, dataset, report):
            if asked.example.id not in done:
                line = {"id": asked.example.id, "kind": asked.kind, **work(asked)}
                done[asked.example.id] = line
                file.write(json.dumps(line) + "\n")
                file.flush()
    if not done:
        raise DatasetError(NONE_RIGHT.format(pipeline.name, len(dataset.examples)))
    table = atlas_table if view == ATLAS else edges_table
    return table(pipeline, list(done.values()))


def _atlas_line(
    pipeline: Pipeline, off: str, means: atlas.Means | None
) -> Callable[[Answered], dict[str, Any]]:
    def line(asked: Answered) -> dict[str, Any]:
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

    return line


def _edges_line(pipeline: Pipeline, width: int) -> Callable[[Answered], dict[str, Any]]:
    def line(asked: Answered) -> dict[str, Any]:
        wanted = edges.usual_edges(len(asked.regions), asked.gold)
        found = edges.curves(pipeline, asked.regions, asked.example.text, wanted, width)
        rows = zip(found.edges, found.change.round(4), found.flips, strict=True)
        return {"edges": {name: [c.tolist(), f.tolist()] for name, c, f in rows}}

    return line


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
