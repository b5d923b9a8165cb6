"""Where long work is computed: in this process, or by the actors of a Ray cluster."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.checkpoints.folder import find
from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.commands.inputs import LOOK
from lxmert_viz.commands.options import number, whole
from lxmert_viz.commands.progress import PROGRESS

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    from lxmert_viz.runs.cluster.rounds import Site

RAY = "ray"
LEAST_SHARE = 0.01  # of a GPU


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--engine", choices=("here", RAY), default="here", help="ray: on a Ray cluster")
    add(
        "--threads",
        type=whole(1),
        metavar="N",
        help="processor threads of a model (default: all here; on a cluster 1)",
    )
    add(
        "--address",
        default="",
        metavar="HOST:PORT",
        help="of the Ray cluster (default: RAY_ADDRESS, else one on this machine, as 'local')",
    )
    add("--workers", type=whole(1), default=2, help="models at work on the cluster (default: 2)")
    add(
        "--gpus",
        type=number(LEAST_SHARE),
        default=1.0,
        metavar="SHARE",
        help="of each of them, where they compute on GPUs: 0.5 is half of one (default: 1)",
    )
    add(
        "--through",
        default="",
        metavar="ADDRESS",
        help="s3://BUCKET/FOLDER, or another address that pyarrow opens, in place of a disk on "
        "which all machines of the cluster see what is made",
    )


def hold_elsewhere(options: argparse.Namespace) -> None:
    """Makes the paths of a call absolute where actors open them, in folders of their own."""
    if options.engine != RAY:
        return
    for name, value in vars(options).items():
        if isinstance(value, Path):
            setattr(options, name, value.resolve())
    if getattr(options, "regions", None) not in (None, LOOK):
        options.regions = str(Path(options.regions).resolve())


@contextmanager
def engine(options: argparse.Namespace, log: Path) -> "Iterator[Site | None]":
    """A cluster that is connected, or None: this process. Raises ClusterError.

    log: gets what Ray prints, and all else but PROGRESS.
    """
    if options.engine != RAY:
        if options.threads:
            from lxmert_viz.model.devices import processor_threads

            processor_threads(options.threads)
        yield None
        return
    from lxmert_viz.runs.cluster.connecting import Cluster, connected, device_of
    from lxmert_viz.runs.cluster.passing import open_store
    from lxmert_viz.runs.cluster.rounds import Site

    store = open_store(options.through) if options.through else None
    model_folder = find(options.model or SHIPPED, options.models).resolve()
    cluster = Cluster(options.address, options.workers, options.threads or 1, options.gpus)
    with connected(cluster, log) as PROGRESS.stream:
        try:
            yield Site(cluster, device_of(options.device), model_folder, PROGRESS.line, store)
        finally:
            PROGRESS.end()
            PROGRESS.stream = None
