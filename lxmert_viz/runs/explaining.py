"""Relevance of every answer of a run, shard by shard: killed at any moment, it goes on."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa

from lxmert_viz.analysis import faithfulness
from lxmert_viz.checkpoints import contents
from lxmert_viz.errors import DatasetError, DeviceError, LxmertVizError
from lxmert_viz.experiments.relevance import explain
from lxmert_viz.experiments.target import check_head
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, Regions, Report
from lxmert_viz.results.relevance import SCHEMA, KeptRelevance
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs.asking import gold_regions
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.runs.preparing import prepared_in

OTHER_MODEL = (
    "{} is not the model that this run asked, or has changed since: make the run anew to see what "
    "its answers rest on."
)


def explain_run(
    pipeline: Pipeline,
    model_folder: Path,
    run: RunFolder,
    method: str,
    report: Report = lambda stage, share: None,
) -> int:
    """Maps of every example that can be asked, kept with the run; returns how many there are.

    The top answer is explained rather than the runner-up. The same call goes on with a broken one.
    Raises DatasetError where the model is another than the run's, CheckpointError without answers.
    """
    check_head(pipeline, "answer")
    manifest = run.manifest()
    if manifest["model"]["sha256"] != pipeline.digest:
        raise DatasetError(OTHER_MODEL.format(pipeline.name))
    prepared, kept = prepared_in(run.examples), KeptRelevance(run.path, method)
    missing = [shard for shard in prepared.shards if shard.number not in kept.finished()]
    profile = manifest["settings"]["profile"]
    name_of = contents.read_region_names(model_folder).of
    looker = Looker(pipeline, prepared.about, profile, name_of)
    done = prepared.rows - sum(shard.rows for shard in missing)
    for shard in missing:
        dataset = shard.dataset(looker.dataset)
        looker.turn_to(dataset)
        rows = []
        with closing(looker.shown(dataset.examples)) as shown:
            for example, seen in shown:
                report(f"{method}: {done:,} of {prepared.rows:,} examples", done / prepared.rows)
                if isinstance(seen, Regions):
                    rows += explained(pipeline, example, seen, method)
                done += 1
        kept.write(shard.number, pa.Table.from_pylist(rows, schema=SCHEMA))
    report(f"{method}: all {prepared.rows:,} examples", 1.0)
    return len(kept.table(["question_id"]))


def explained(
    pipeline: Pipeline, example: Example, regions: Regions, method: str
) -> list[dict[str, object]]:
    """A row as SCHEMA has it; none for a text that cannot be asked. Raises DeviceError."""
    try:
        found = explain(pipeline, regions, example.text, method)
        ((_, tokens),) = pipeline.rows([(regions, example.text)])
    except DeviceError:
        raise
    except LxmertVizError:  # its row in the run says why
        return []
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
