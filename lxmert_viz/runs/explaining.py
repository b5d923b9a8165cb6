"""Relevance of every answer of a run, shard by shard: killed at any moment, it goes on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from lxmert_viz.analysis import faithfulness
from lxmert_viz.errors import DatasetError
from lxmert_viz.experiments.relevance import explain
from lxmert_viz.experiments.target import check_head
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, Regions, Report
from lxmert_viz.results.relevance import FOLDER, SCHEMA
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs.asking import gold_regions
from lxmert_viz.runs.kept_rows import Elsewhere, fill

OTHER_MODEL = (
    "{} is not the model that this run asked, or has changed since: make the run anew to see what "
    "its answers rest on."
)


@dataclass(frozen=True, slots=True)
class Relevance:
    """Measure: the map of one method."""

    name: str  # of the method

    @property
    def place(self) -> str:
        return f"{FOLDER}/{self.name}"

    @property
    def schema(self) -> pa.Schema:
        return SCHEMA

    def wants(self, example: Example) -> bool:
        return True

    def rows(
        self, pipeline: Pipeline, example: Example, regions: Regions
    ) -> list[dict[str, object]]:
        return explained(pipeline, example, regions, self.name)


def explain_run(
    pipeline: Pipeline,
    model_folder: Path,
    run: RunFolder,
    method: str,
    report: Report = lambda stage, share: None,
    elsewhere: Elsewhere | None = None,
    region_cache: Path | None = None,
) -> int:
    """Maps of every example that can be asked, kept with the run; returns how many there are.

    The top answer is explained rather than the runner-up. The same call goes on with a broken one.
    The last two as `fill` has them. Raises DatasetError where the model is another than the run's,
    CheckpointError without answers.
    """
    check_head(pipeline, "answer")
    manifest = run.manifest()
    if manifest["model"]["sha256"] != pipeline.digest:
        raise DatasetError(OTHER_MODEL.format(pipeline.name))
    kept = fill(pipeline, model_folder, run, Relevance(method), report, elsewhere, region_cache)
    return len(kept.table(["question_id"]))


def explained(
    pipeline: Pipeline, example: Example, regions: Regions, method: str
) -> list[dict[str, object]]:
    """A row as SCHEMA has it. Raises LxmertVizError for a text that cannot be asked."""
    found = explain(pipeline, regions, example.text, method)
    ((_, tokens),) = pipeline.rows([(regions, example.text)])
    gold, missed = gold_regions(example, regions)
    looked = chance = None
    if gold and not missed:
        marked = np.isin(np.arange(len(regions)), gold)
        looked = faithfulness.points_right(found.regions, marked)
        chance = float(marked.mean())
    removed = found.removal
    return [
        {
            "question_id": example.id,
            "target": found.target.name,
            "removal": f"{removed.regions}, {removed.words}" if removed else "",
            "pieces": list(tokens.pieces),
            "words": found.words.astype(np.float32),
            "names": list(regions.names),
            "boxes": regions.boxes_unit.tolist(),
            "regions": found.regions.astype(np.float32),
            "looked": looked,
            "chance": chance,
        }
    ]
