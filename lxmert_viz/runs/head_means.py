"""What heads write on average over the examples of a dataset."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from lxmert_viz.checkpoints.contents import TRAINED_PROFILE
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.experiments import head_means
from lxmert_viz.experiments.head_means import HeadMeans
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Report
from lxmert_viz.runs.pictures import Looker

MOST = 200  # examples, which give some thousand words and regions


def measure(
    pipeline: Pipeline,
    dataset: Dataset,
    name: str,
    report: Report = lambda stage, share: None,
    most: int = MOST,
) -> HeadMeans:
    """Over `most` examples from all over it. Raises OptionError where none can be asked."""
    step = max(len(dataset.examples) // most, 1)
    some = replace(dataset, examples=dataset.examples[::step][:most])
    return head_means.over(pipeline, _asked(pipeline, some, report), name)


def _asked(pipeline: Pipeline, dataset: Dataset, report: Report) -> Iterator[tuple[Regions, str]]:
    examples = sorted(dataset.examples, key=lambda example: example.picture)
    looker = Looker(pipeline, dataset, TRAINED_PROFILE, pipeline.region_names.of)
    looker.check()
    with closing(looker.shown(examples)) as rows:
        for number, (example, seen) in enumerate(rows):
            report(f"example {number + 1:,} of {len(examples):,}", number / len(examples))
            if isinstance(seen, Regions):
                yield seen, example.text
