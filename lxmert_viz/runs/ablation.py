"""How much a checkpoint uses one modality to fill in the other, where files mark objects."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np
import pandas as pd

from lxmert_viz.analysis.significance import interval_of_groups
from lxmert_viz.checkpoints.contents import TRAINED_PROFILE
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError, TextError
from lxmert_viz.experiments.input_ablation import phrases_of, region_losses, word_losses
from lxmert_viz.experiments.target import check_head
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import GoldObject, Regions, Report
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.runs.preparing import sorted_by_picture

WORDS = "a masked word, while regions are hidden"
REGIONS = "a hidden region, while words are masked"
HIDDEN = {WORDS: ("nothing", "the object", "every region")}
HIDDEN |= {REGIONS: ("nothing", "the phrase", "every word")}
FEWEST = 2  # pictures, without which there is no interval


def ablate(
    pipeline: Pipeline, dataset: Dataset, report: Report = lambda stage, share: None
) -> pd.DataFrame:
    """A row a task and what is hidden: the loss in nats, and how much it rises, with intervals.

    Raises CheckpointError where a head is missing, DatasetError where too few texts name objects
    that are marked and that regions show.
    """
    for kind in ("word", "object"):
        check_head(pipeline, kind)
    examples = sorted_by_picture([example for example in dataset.examples if example.objects])
    looker = Looker(pipeline, dataset, TRAINED_PROFILE, pipeline.region_names.of)
    losses: dict[str, list[np.ndarray]] = {WORDS: [], REGIONS: []}
    pictures: dict[str, list[str]] = {WORDS: [], REGIONS: []}
    with closing(looker.shown(examples)) as shown:
        for number, (example, seen) in enumerate(shown):
            report(f"hiding in {number + 1:,} of {len(examples):,} texts", number / len(examples))
            if isinstance(seen, Regions):
                for task, found in _losses(pipeline, seen, example.text, example.objects or ()):
                    losses[task].append(found)
                    pictures[task].append(example.picture)
    return pd.DataFrame(
        [line for task in losses for line in _lines(dataset.name, task, losses, pictures)]
    )


def lines_of(table: pd.DataFrame) -> Iterator[str]:
    """The table as a person reads it on a terminal."""
    for row in table.itertuples():
        if row.hidden == HIDDEN[row.task][0]:
            over = f"{row.phrases:,} phrases, {row.pictures:,} pictures"
            yield f"{row.task}: {row.loss:.3f} nats over {over}"
            continue
        yield (
            f"  without {row.hidden}: {row.loss:.3f}, {row.rise:+.3f} "
            f"({row.rise_low:+.3f} to {row.rise_high:+.3f})"
        )


def _losses(
    pipeline: Pipeline, regions: Regions, text: str, objects: Sequence[GoldObject]
) -> Iterator[tuple[str, np.ndarray]]:
    try:
        ((_, tokens),) = pipeline.rows([(regions, text)])
    except TextError:  # a run says so of each; here it names no object
        return
    for phrase in phrases_of(tokens, objects):
        for task, ask in ((WORDS, word_losses), (REGIONS, region_losses)):
            found = ask(pipeline, regions, tokens, phrase)
            if found is not None:
                yield task, found


def _lines(
    name: str, task: str, losses: dict[str, list[np.ndarray]], pictures: dict[str, list[str]]
) -> Iterator[dict[str, object]]:
    groups = np.array(pictures[task])
    count = len(set(groups))
    if count < FEWEST:
        raise DatasetError(
            f"{len(groups)} texts of {name} name a marked object that a region shows, of {count} "
            f"pictures; at least {FEWEST} pictures are needed."
        )
    values = np.stack(losses[task])  # (N, 3)
    for column, hidden in enumerate(HIDDEN[task]):
        loss = interval_of_groups(values[:, column], groups)
        rise = interval_of_groups(values[:, column] - values[:, 0], groups)
        yield {
            "task": task,
            "hidden": hidden,
            "phrases": len(groups),
            "pictures": count,
            **dict(zip(("loss", "loss_low", "loss_high"), loss, strict=True)),
            **dict(zip(("rise", "rise_low", "rise_high"), rise, strict=True)),
        }
