"""A run's folder whose predictions are given, and its table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.records import Prediction
from lxmert_viz.results.run_folder import TABLE, RunFolder
from lxmert_viz.runs.manifest import FORMAT, source_of
from lxmert_viz.runs.preparing import Prepared, prepared_for
from lxmert_viz.runs.table import finish


def begun(folder: Path, dataset: Dataset) -> tuple[RunFolder, Prepared]:
    run = RunFolder(folder)
    run.begin({"format": FORMAT, "model": {}, "source": {}, "settings": {}})
    return run, prepared_for(run, source_of(dataset), {})


def made_table(
    folder: Path,
    dataset: Dataset,
    predictions: Sequence[Prediction],
    vocabulary: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """The rows of the table, in the dataset's order. predictions: of every example, in any."""
    run, prepared = begun(folder, dataset)
    by_id = {prediction.id: prediction for prediction in predictions}
    for shard in prepared.shards:
        asked = shard.dataset(prepared.about).examples
        run.write_part(shard.number, [by_id[example.id] for example in asked], None)
    finish(run, prepared, vocabulary)
    return pq.read_table(folder / TABLE).to_pylist()
