"""A model as an actor opens it: as what began the run had it, or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lxmert_viz.errors import ClusterError
from lxmert_viz.model.devices import processor_threads
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs.provenance import Provenance, differences, of_run, provenance


def open_alike(
    run: RunFolder,
    folder: Path,
    device: str,
    region_file: Mapping[str, Any] | None = None,
    **detector: str,
) -> Pipeline:
    """As what makes the run now. The others as `open_as` has them."""
    return open_as(of_run(run.manifest()), folder, device, region_file, **detector)


def open_as(
    wanted: Provenance,
    folder: Path,
    device: str,
    region_file: Mapping[str, Any] | None = None,
    **detector: str,
) -> Pipeline:
    """folder: of the model. region_file: its facts here. detector: as Pipeline.open has it.

    Raises ClusterError that names what differs.
    """
    threads = processor_threads(int(wanted["threads"]))
    pipeline = Pipeline.open(folder, device, **detector)
    mine = provenance(pipeline.digest, region_file, pipeline.device, threads)
    if unlike := differences(mine, wanted):
        raise ClusterError(f"it has {', '.join(unlike)}")
    return pipeline
