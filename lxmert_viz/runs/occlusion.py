"""Did the model look at what a question is about? Each region is left out once to see."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from lxmert_viz.analysis.mistakes import looked_at
from lxmert_viz.checkpoints import contents
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.experiments.edits import PictureEdit, edited
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, Regions, Report, Scores
from lxmert_viz.results.board import Board
from lxmert_viz.runs.asking import ask_each, gold_regions, may_do_elsewhere
from lxmert_viz.runs.looking_first import FOLDER
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.runs.preparing import sorted_by_picture
from lxmert_viz.runs.region_shards import LookedFirst

Judge = Callable[[Dataset, Mapping[str, str], str, Report], dict[str, bool]]
OTHER_MODEL = (
    "{} is not the model that this run asked, or has changed since: make the run anew to judge "
    "where it looks."
)


def judge_looks(
    pipeline: Pipeline,
    model_folder: Path,
    dataset: Dataset,
    board: Board,
    text: str = "",
    report: Report = lambda stage, share: None,
    judge: Judge | None = None,
) -> int:
    """Judges the mistakes of a filter that no other rule explains; returns how many it could.

    They must have a marked object that a region covers. What was judged is kept with the run.
    judge: of mistakes, their answers and the profile; unless given, this process. Raises
    DatasetError where model or dataset are others than the run's.
    """
    if board.manifest["model"]["sha256"] != pipeline.digest:
        raise DatasetError(OTHER_MODEL.format(pipeline.name))
    answers = board.unexplained(text)
    known = {example.id for example in dataset.examples}
    if lost := [name for name in answers if name not in known]:
        raise DatasetError(f"{dataset.name} is another dataset than the run's: it lacks {lost[0]}.")
    asked = sorted_by_picture([e for e in dataset.examples if e.id in answers and e.objects])
    profile = board.manifest["settings"]["profile"]
    if not board.manifest["data"].get("region_file"):  # the run looked at the pictures
        dataset = dataset.without_regions()
    mistakes = replace(dataset, examples=tuple(asked), remarks=())
    if judge is None:
        name_of = contents.read_region_names(model_folder).of
        first = LookedFirst(board.run.path / FOLDER)
        looker = Looker(pipeline, mistakes, profile, name_of, first=first)
        found = looks(pipeline, looker, asked, answers, report)
    else:
        found = judge(mistakes, answers, profile, report)
    board.save_looks(found)
    report(f"judged {len(found):,} of {len(answers):,} mistakes by where the model looked", 1.0)
    return len(found)


def looks(
    pipeline: Pipeline,
    looker: Looker,
    asked: Sequence[Example],
    answers: Mapping[str, str],
    report: Report = lambda stage, share: None,
    *,
    strict: bool = False,
) -> dict[str, bool]:
    """Whether an answer rests on what is asked about, by the id of those that can be judged.

    strict: MachineError is raised, where its example else is not judged.
    """
    found: dict[str, bool] = {}
    with closing(looker.shown(asked)) as shown:
        for number, (example, seen) in enumerate(shown):
            report(f"looking at {number + 1:,} of {len(asked):,} mistakes", number / len(asked))
            if strict and may_do_elsewhere(seen):
                raise seen
            gold = gold_regions(example, seen)[0] if isinstance(seen, Regions) else []
            drops = _drops(pipeline, seen, example.text, answers[example.id]) if gold else None
            if drops is not None:
                found[example.id] = looked_at(drops, gold)
    return found


def _drops(pipeline: Pipeline, regions: Regions, text: str, answer: str) -> np.ndarray | None:
    """(R,): how much the answer's probability falls when each region is left out.

    None where the text cannot be asked.
    """
    without = [edited(regions, PictureEdit(off=(place,))) for place in range(len(regions))]
    found = ask_each(pipeline.score_many, [(seen, text) for seen in (regions, *without)])
    scores = [one for one in found if isinstance(one, Scores)]
    if len(scores) < len(found):
        return None
    label = pipeline.answer_vocabulary.index(answer)
    sure = np.array([pipeline.answer_shares(one)[label] for one in scores])
    return sure[0] - sure[1:]
