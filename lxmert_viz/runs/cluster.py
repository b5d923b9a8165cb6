"""The same evaluation on a Ray cluster: one model an actor, parts taken as they come.

Needs `ray`, and the files of model and dataset under the same paths on every machine.
"""

import io
import logging
import os
import pickle
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import ClusterError
from lxmert_viz.results.run_folder import as_predictions, as_table
from lxmert_viz.runs.evaluation import Compute, Made, Parts, in_order
from lxmert_viz.runs.manifest import Settings

if TYPE_CHECKING:
    import numpy as np
    import ray.data

MISSING = "Ray is not installed here: run `python -m pip install 'ray[data]'`, then ask again."
Batch = dict[str, "np.ndarray"]
SECONDS = 10.0  # that a cluster has to answer


@dataclass(frozen=True, slots=True)
class Cluster:
    """address: "auto", "host:port" or "ray://host:port"; "" starts one on this machine alone."""

    address: str = ""
    workers: int = 2  # actors, each with a model of its own


def on_cluster(
    cluster: Cluster,
    model_folder: Path,
    device: str,
    dataset: Dataset,
    settings: Settings,
    region_cache: Path,
) -> Compute:
    """Makes parts on the cluster; what an actor's death interrupts, another actor makes again.

    device: "cuda" gives every actor a GPU of its own. Raises ClusterError where Ray is not.
    """
    if find_spec("ray") is None:
        raise ClusterError(MISSING)
    known = replace(dataset, examples=(), remarks=())  # examples travel with their part
    arguments = (model_folder, device, known, settings, region_cache)

    def compute(parts: Parts) -> Iterator[Made]:
        with _connected(cluster):
            for row in _work(cluster, parts, arguments).iter_rows():
                kept = row["internals"]
                predictions = as_predictions(_table(row["predictions"]))
                yield int(row["part"]), predictions, _table(kept) if kept else None

    return compute


class Actor:
    """Holds a model, and makes every part that it is handed."""

    def __init__(
        self,
        model_folder: Path,
        device: str,
        dataset: Dataset,
        settings: Settings,
        region_cache: Path,
    ) -> None:
        from lxmert_viz.pipeline import Pipeline

        pipeline = Pipeline.open(model_folder, device=device)
        self._compute = in_order(pipeline, model_folder, dataset, settings, region_cache)

    def __call__(self, batch: Batch) -> dict[str, list[Any]]:
        """batch: "part" (1,) and "examples" (1,), pickled."""
        number = int(batch["part"][0])
        ((_, predictions, kept),) = self._compute({number: pickle.loads(batch["examples"][0])})
        return {
            "part": [number],
            "predictions": [_bytes(as_table(predictions))],
            "internals": [b"" if kept is None else _bytes(kept)],
        }


@contextmanager
def _connected(cluster: Cluster) -> Iterator[None]:
    import ray

    try:
        if cluster.address:
            _knock(cluster.address)
            ray.init(cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        else:  # with fewer CPUs than actors, some would wait for ever
            cpus = max(os.cpu_count() or 1, 1 + cluster.workers)
            ray.init(
                num_cpus=cpus,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    except (OSError, ValueError, RuntimeError) as error:
        raise ClusterError(
            f"No Ray cluster answers at {cluster.address or 'this machine'}: {error}. "
            "Start one with `ray start --head`, or leave --address out."
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raises OSError where nobody listens, which Ray would try again for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), SECONDS).close()


def _work(cluster: Cluster, parts: Parts, arguments: tuple[Any, ...]) -> "ray.data.Dataset":
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = [{"part": n, "examples": pickle.dumps(part)} for n, part in parts.items()]
    count = min(cluster.workers, len(rows))
    return ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        Actor,
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=count, initial_size=count),
        num_cpus=1,
        num_gpus=1 if arguments[1].startswith("cuda") else 0,
        fn_constructor_args=arguments,
    )


def _bytes(table: pa.Table) -> bytes:
    written = io.BytesIO()
    pq.write_table(table, written)
    return written.getvalue()


def _table(content: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(content))
