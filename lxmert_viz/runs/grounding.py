"""Which heads of a model look at what questions are about, over a dataset that marks objects."""

from contextlib import closing

import numpy as np
import pandas as pd

from lxmert_viz.analysis.grounding import Grounding, grounding
from lxmert_viz.checkpoints.contents import TRAINED_PROFILE
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError, LxmertVizError
from lxmert_viz.experiments.head_slots import Slot
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Report
from lxmert_viz.runs.asking import ask_each, gold_regions
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.runs.preparing import sorted_by_picture

FAMILY = "lang_from_vision"
FEWEST = 20  # examples


def grounding_of(
    pipeline: Pipeline, dataset: Dataset, report: Report = lambda stage, share: None
) -> tuple[list[Slot], Grounding, int]:
    """Heads by which words read regions, how they look, and over how many examples.

    A head's map is the mean over words. Raises DatasetError where too few examples have marked
    objects with a region, beside others without one.
    """
    examples = sorted_by_picture([example for example in dataset.examples if example.objects])
    looker = Looker(pipeline, dataset, TRAINED_PROFILE, pipeline.region_names.of)
    weights, golds, groups = [], [], []
    with closing(looker.shown(examples)) as shown:
        for number, (example, seen) in enumerate(shown):
            report(f"asking {number + 1:,} of {len(examples):,} questions", number / len(examples))
            gold = gold_regions(example, seen)[0] if isinstance(seen, Regions) else []
            if not 0 < len(gold) < len(seen if isinstance(seen, Regions) else ()):
                continue
            (trace,) = ask_each(pipeline.ask_many, [(seen, example.text)])
            if isinstance(trace, LxmertVizError):
                continue
            maps = trace.attention[FAMILY].mean(axis=2)  # (L, H, R)
            weights.append(maps.reshape(-1, maps.shape[-1]))
            golds.append(np.isin(np.arange(len(seen)), gold))
            groups.append(example.picture)
    if len(weights) < FEWEST or len(set(groups)) < 2:
        raise DatasetError(
            f"{len(weights)} questions of {dataset.name} have marked objects with a region, beside "
            f"regions that show something else; at least {FEWEST} about two pictures are needed."
        )
    layers, heads = maps.shape[:2]
    slots = [Slot(FAMILY, layer, head) for layer in range(layers) for head in range(heads)]
    return slots, grounding(weights, golds, np.array(groups)), len(weights)


def as_table(slots: list[Slot], found: Grounding) -> pd.DataFrame:
    """A row a head, the best first."""
    rows = [
        {"layer": slot.layer + 1, "head": slot.head + 1, "score": score}
        for slot, score in zip(slots, found.scores, strict=True)
    ]
    return pd.DataFrame(rows).sort_values("score", ascending=False, ignore_index=True)
