"""Did the model look at what a question is about? Each region is left out once to see."""

from collections.abc import Callable
from contextlib import closing
from itertools import groupby
from pathlib import Path

import numpy as np

from lxmert_viz.analysis.mistakes import looked_at
from lxmert_viz.checkpoints import contents
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError, LxmertVizError
from lxmert_viz.experiments.edits import PictureEdit, edited
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Trace
from lxmert_viz.results.board import Board
from lxmert_viz.runs.asking import gold_regions
from lxmert_viz.runs.evaluation import sorted_by_picture
from lxmert_viz.runs.manifest import folder_hash
from lxmert_viz.runs.pictures import Looker

Report = Callable[[str, float], None]
BATCH = 64  # pictures with a region less that are asked about at once


def judge_looks(
    pipeline: Pipeline,
    model_folder: Path,
    dataset: Dataset,
    board: Board,
    text: str = "",
    report: Report = lambda stage, share: None,
) -> int:
    """Judges the mistakes of a filter that no other rule explains; returns how many it could.

    They must have a marked object that a region covers. What was judged is kept with the run.
    Raises DatasetError where model or dataset are others than the run's.
    """
    if board.manifest["model"]["sha256"] != folder_hash(model_folder):
        raise DatasetError(f"{pipeline.name} is not the model that this run asked, or has changed.")
    answers = board.unexplained(text)
    known = {example.id for example in dataset.examples}
    if lost := [name for name in answers if name not in known]:
        raise DatasetError(f"{dataset.name} is another dataset than the run's: it lacks {lost[0]}.")
    asked = sorted_by_picture([e for e in dataset.examples if e.id in answers and e.objects])
    name_of = contents.read_region_names(model_folder).of
    profile = board.manifest["settings"]["profile"]
    if not board.manifest["data"].get("region_file"):  # the run looked at the pictures
        dataset = dataset.without_regions()
    looker = Looker(pipeline, dataset, profile, name_of)
    pictures = [name for name, _ in groupby(example.picture for example in asked)]
    found: dict[str, bool] = {}
    view: tuple[str, Regions | LxmertVizError] | None = None
    with closing(looker.ahead(pictures)) as views:
        for number, example in enumerate(asked):
            report(f"looking at {number + 1:,} of {len(asked):,} mistakes", number / len(asked))
            if view is None or view[0] != example.picture:
                view = next(views)
            gold = gold_regions(example, view[1])[0] if isinstance(view[1], Regions) else []
            if gold and isinstance(view[1], Regions):
                drops = _drops(pipeline, view[1], example.text, answers[example.id])
                found[example.id] = looked_at(drops, gold)
    board.save_looks(found)
    report(f"judged {len(found):,} of {len(answers):,} mistakes by where the model looked", 1.0)
    return len(found)


def _drops(pipeline: Pipeline, regions: Regions, text: str, answer: str) -> np.ndarray:
    """(R,): how much the answer's probability falls when each region is left out."""
    without = [edited(regions, PictureEdit(off=(place,))) for place in range(len(regions))]
    shown = [regions, *without]
    traces: list[Trace] = []
    for start in range(0, len(shown), BATCH):
        traces += pipeline.ask_many([(r, text) for r in shown[start : start + BATCH]])
    sure = np.array([_probability(trace, answer) for trace in traces])
    return sure[0] - sure[1:]


def _probability(trace: Trace, answer: str) -> float:
    return next(found.probability for found in trace.answers if found.text == answer)
