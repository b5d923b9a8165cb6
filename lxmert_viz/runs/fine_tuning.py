"""A checkpoint that learns on from a dataset: parts that share no picture, and a folder to open."""

import shutil
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from lxmert_viz.analysis import foil_metrics
from lxmert_viz.analysis.foil_metrics import Items
from lxmert_viz.checkpoints import contents
from lxmert_viz.config import read_json
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.experiments import matching
from lxmert_viz.experiments.target import check_head
from lxmert_viz.miniature.training.tuning import Plan, Shown, tune
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, Regions, Report
from lxmert_viz.runs.pictures import Looker, pictures_of
from lxmert_viz.whole_files import write_json

HEADS = {"match": "match", "answers": "answer"}  # the option: the kind of target
FACTS, UNFINISHED = "tuning.json", "tuning.pt"
SHARES = (0.8, 0.9)  # ends of what is learnt from, and of what decides; the rest is measured once
OF_THE_NETWORK = ("config.json", "*.safetensors", "*.bin", "*.index.json", "*.h5", "*.msgpack")
FEWEST = 10  # examples of a part


@dataclass(frozen=True, slots=True)
class Tuned:
    """What came of it."""

    folder: Path
    parts: tuple[int, int, int]  # examples that were learnt from, that decided, that were measured
    judged: tuple[float, ...]  # on the part that decided, before and after each epoch
    best: int  # the epoch that was kept; 0: none was better than the checkpoint as it was
    before: float  # on the part that is measured once
    after: float
    interval: tuple[float, float]
    measure: str
    left_out: int  # examples that could not be asked, or whose answer is not the model's


@dataclass(frozen=True, slots=True)
class Asked:
    example: Example
    shown: Shown


Parts = tuple[list[Asked], list[Asked], list[Asked]]


def fine_tune(
    pipeline: Pipeline,
    model_folder: Path,
    dataset: Dataset,
    folder: Path,
    plan: Plan,
    report: Report,
    region_cache: Path | None = None,
) -> Tuned:
    """Writes a checkpoint folder; called again after a stop, it goes on.

    Raises DatasetError where there is too little to learn from, or the folder holds other things,
    and CheckpointError where the checkpoint lacks the head.
    """
    check_head(pipeline, HEADS[plan.head])
    facts = _facts(pipeline, dataset, plan)
    _begin(folder, facts)
    rows, left_out = _looked_at(pipeline, model_folder, dataset, plan, region_cache, report)
    learnt, stop, test = _enough(parts_of(rows, plan.seed), left_out)
    _copy_beside(model_folder, folder)
    if not (folder / UNFINISHED).exists():
        pipeline.network.save_pretrained(folder)
    done = tune(
        pipeline,
        [row.shown for row in learnt],
        plan,
        lambda one: judged(one, stop, plan.head).share,
        lambda network: network.save_pretrained(folder),
        folder / UNFINISHED,
        report,
    )
    before = judged(pipeline, test, plan.head)
    after = judged(Pipeline.open(folder, device=pipeline.device), test, plan.head)
    sizes = (len(learnt), len(stop), len(test))
    ends = (before.share, after.share, after.interval())
    made = Tuned(folder, sizes, tuple(done.judged), done.best, *ends, after.name, left_out)
    write_json(folder / FACTS, facts | {"result": asdict(made) | {"folder": folder.name}})
    (folder / UNFINISHED).unlink(missing_ok=True)
    return made


def _enough(parts: Parts, left_out: int) -> Parts:
    """Raises DatasetError where one of them is too small."""
    for name, part in zip(("learn from", "decide on", "measure on"), parts, strict=True):
        if len(part) < FEWEST:
            raise DatasetError(
                f"There are {len(part)} examples to {name}, and {FEWEST} are the fewest: give more "
                f"pictures ({left_out} examples were left out)."
            )
    return parts


def judged(pipeline: Pipeline, rows: Sequence[Asked], head: str) -> foil_metrics.Counted:
    """Pairs told apart, where there are pairs; else examples that are right."""
    if head == "answers":
        return _answered(pipeline, rows)
    texts = list(dict.fromkeys(row.shown.text for row in rows))
    seen = {row.example.picture: row.shown.regions for row in rows}
    text_at = {text: place for place, text in enumerate(texts)}
    seen_at = {name: place for place, name in enumerate(seen)}
    places = [(text_at[r.shown.text], seen_at[r.example.picture]) for r in rows]
    logits = matching.pairs(pipeline, list(seen.values()), texts, places, unheard)
    scores = matching.score(logits).astype(np.float64)
    items = _items([row.example for row in rows])
    found = foil_metrics.measures(items, scores)
    return found[0] if found else foil_metrics.classified(items, scores)


def parts_of(rows: Sequence[Asked], seed: int) -> Parts:
    """Parts that share no picture, nor a pair; where each falls hangs on names and seed alone."""
    root = _joined(row.example for row in rows)
    parts: tuple[list[Asked], ...] = ([], [], [])
    for row in rows:
        name = root[pictures_of(row.example)[0]]
        draw = int(sha256(f"{seed}/{name}".encode()).hexdigest()[:12], 16) / 16**12
        parts[sum(draw >= end for end in SHARES)].append(row)
    return parts[0], parts[1], parts[2]


def _joined(examples: Iterable[Example]) -> dict[str, str]:
    """Picture -> one name for all pictures that pairs connect it with."""
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = name = parent[parent[name]]
        return name

    for example in examples:
        names = [*pictures_of(example), *([f"\n{example.pair}"] if example.pair else [])]
        roots = [find(name) for name in names]
        for one in roots:
            parent[one] = roots[0]
    named: dict[str, str] = {}  # root -> the first of its names, in whatever order they came
    for name in sorted(parent):
        named.setdefault(find(name), name)
    return {name: named[find(name)] for name in parent}


def _looked_at(
    pipeline: Pipeline,
    model_folder: Path,
    dataset: Dataset,
    plan: Plan,
    region_cache: Path | None,
    report: Report,
) -> tuple[list[Asked], int]:
    """Examples with regions, and how many are left out."""
    names = contents.read_region_names(model_folder).of
    looker = Looker(pipeline, dataset, _profile(pipeline), names, region_cache)
    looker.check()
    answers = {answer: label for label, answer in enumerate(pipeline.answer_vocabulary)}
    examples = sorted(dataset.examples, key=pictures_of)
    rows: list[Asked] = []
    with closing(looker.shown(examples)) as shown:
        for number, (example, seen) in enumerate(shown):
            report("looking at pictures", number / len(examples))
            one = _shown(pipeline, example, seen, plan.head, answers)
            if one is not None:
                rows.append(Asked(example, one))
    return rows, len(examples) - len(rows)


def _profile(pipeline: Pipeline) -> str:
    return pipeline.profiles[0] if pipeline.profiles else "trained"


def _shown(
    pipeline: Pipeline, example: Example, seen: Any, head: str, answers: dict[str, int]
) -> Shown | None:
    """None for what cannot be learnt from."""
    if not isinstance(seen, Regions) or example.flaw or matching.refused(pipeline, example.text):
        return None
    if head == "match":
        is_told = example.matches is not None
        return Shown(seen, example.text, matches=bool(example.matches)) if is_told else None
    given = example.scores or ({example.right: 1.0} if example.right else {})
    scores = {answers[a]: score for a, score in given.items() if a in answers and score > 0}
    return Shown(seen, example.text, scores=scores) if scores else None


def _answered(pipeline: Pipeline, rows: Sequence[Asked]) -> foil_metrics.Counted:
    found = pipeline.score_many([(row.shown.regions, row.shown.text) for row in rows])
    right = [
        row.shown.scores.get(int(one.answer_logits.argmax()), 0.0)
        for row, one in zip(rows, found, strict=True)
    ]
    return foil_metrics.Counted(
        "score",
        "the score of the first answer",
        0.0,
        np.array(right, float),
        np.zeros(len(right), bool),
        tuple(row.example.picture for row in rows),
        tuple(row.example.types.get("question", "") for row in rows),
    )


def _items(examples: Sequence[Example]) -> Items:
    return Items(
        [e.text for e in examples],
        [e.picture for e in examples],
        np.array([bool(e.matches) for e in examples]),
        [e.pair for e in examples],
        [e.types.get("question", "") for e in examples],
        [e.local_group for e in examples],
    )


def _facts(pipeline: Pipeline, dataset: Dataset, plan: Plan) -> dict[str, Any]:
    listed = repr([(e.id, e.picture, e.text, e.matches, e.answers) for e in dataset.examples])
    return {
        "from": {"name": pipeline.name, "sha256": pipeline.digest},
        "dataset": {"name": dataset.name, "sha256": sha256(listed.encode()).hexdigest()},
        "plan": asdict(plan),
    }


def _begin(folder: Path, facts: dict[str, Any]) -> None:
    """Raises DatasetError for a folder of other things, or of a tuning that is finished."""
    path = folder / FACTS
    if not path.exists():
        if folder.exists() and any(folder.iterdir()):
            raise DatasetError(f"{folder} holds other files; name a new folder.")
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, facts)
        return
    before = read_json(path)
    odd = sorted(name for name in facts if before.get(name) != facts[name])
    if odd:
        raise DatasetError(
            f"{folder} was begun with another {', '.join(odd)}: ask as before to go on, or name a "
            "new folder."
        )
    if "result" in before:
        raise DatasetError(f"{folder} is finished; its {FACTS} says how it went.")


def _copy_beside(model_folder: Path, folder: Path) -> None:
    """Vocabulary, answers, detector and the rest: all but the network itself."""
    if (folder / "vocab.txt").exists():
        return
    shutil.copytree(
        model_folder,
        folder,
        ignore=lambda place, names: _network_files(model_folder, Path(place), names),
        dirs_exist_ok=True,
    )


def _network_files(top: Path, place: Path, names: list[str]) -> set[str]:
    if place != top:
        return set()
    return {n for n in names if any(Path(n).match(kind) for kind in OF_THE_NETWORK)}


def unheard(stage: str, share: float) -> None:
    """For work whose progress nobody watches."""


def result_lines(made: Tuned) -> Iterable[str]:
    learnt, stop, test = made.parts
    low, high = made.interval
    yield f"{learnt:,} examples learnt from, {stop:,} decided when to stop, {test:,} measured once"
    if made.left_out:
        yield f"{made.left_out:,} left out: no picture, no text, or an answer that it cannot give"
    told = ", ".join(f"{value:.4f}" for value in made.judged)
    yield f"{made.measure} of the part that decided, before and after each epoch: {told}"
    kept = f"epoch {made.best}" if made.best else "nothing was better than the checkpoint as it was"
    yield f"kept: {kept}"
    yield (
        f"{made.measure} of the part measured once: {made.before:.4f} before, {made.after:.4f} "
        f"after (95% {low:.4f} to {high:.4f})"
    )
    yield f"{made.folder} opens like any checkpoint"
