"""The same evaluation on a Ray cluster: one model an actor, shards taken as they come.

Needs `ray`, and the files of model, dataset and run under the same paths on every machine.
"""

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxmert_viz.errors import ClusterError
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs.evaluation import Compute, Counts, ask_shard, equipped
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.preparing import Shard

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
    run: RunFolder,
    settings: Settings,
    region_cache: Path,
) -> Compute:
    """Makes shards on the cluster; what an actor's death interrupts, another actor makes again.

    device: "cuda" gives every actor a GPU of its own. Raises ClusterError where Ray is not.
    """
    if find_spec("ray") is None:
        raise ClusterError(MISSING)
    arguments = (model_folder, device, run.path.resolve(), settings, region_cache)

    def compute(shards: Sequence[Shard]) -> Iterator[Counts]:
        with _connected(cluster):
            for row in _work(cluster, shards, arguments).iter_rows():
                yield Counts(**row)

    return compute


class Actor:
    """Holds a model, and makes every shard that it is handed."""

    def __init__(
        self, model_folder: Path, device: str, run: Path, settings: Settings, region_cache: Path
    ) -> None:
        from lxmert_viz.pipeline import Pipeline

        pipeline = Pipeline.open(model_folder, device=device)
        self._run = RunFolder(run)
        self._tools = equipped(pipeline, model_folder, self._run, settings, region_cache)

    def __call__(self, batch: Batch) -> dict[str, list[Any]]:
        """batch: the fields of one shard."""
        (number,), (path,), (rows,) = (batch[name] for name in ("number", "path", "rows"))
        made = ask_shard(Shard(int(number), Path(path), int(rows)), *self._tools, self._run)
        return {name: [value] for name, value in asdict(made).items()}


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


def _work(
    cluster: Cluster, shards: Sequence[Shard], arguments: tuple[Any, ...]
) -> "ray.data.Dataset":
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = [{"number": s.number, "path": str(s.path.resolve()), "rows": s.rows} for s in shards]
    count = min(cluster.workers, len(rows))
    return ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        Actor,
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=count, initial_size=count),
        num_cpus=1,
        num_gpus=1 if arguments[1].startswith("cuda") else 0,
        fn_constructor_args=arguments,
    )
