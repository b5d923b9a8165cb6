"""A Ray cluster on this machine makes the rows that one process makes, whoever of it dies."""

import os
import signal
import socket
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import ClusterError
from lxmert_viz.places import ASSETS
from lxmert_viz.results.run_folder import TABLE, RunFolder
from lxmert_viz.runs import cluster, preparing
from lxmert_viz.runs.cluster import Cluster, on_cluster
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings

if TYPE_CHECKING:
    from lxmert_viz.pipeline import Pipeline

WHAT_DIFFERS = ["seconds"]
NUMBERS = ("probability", "margin", "match")


def kill_one_actor() -> int | None:
    """The process id of an actor of this process's cluster, which is no more; None without one."""
    for folder in sorted(Path("/proc").glob("[0-9]*")):
        try:
            if b"ray::MapWorker" in (folder / "cmdline").read_bytes() and _is_ours(folder):
                os.kill(int(folder.name), signal.SIGKILL)
                return int(folder.name)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
    return None


def _is_ours(folder: Path) -> bool:
    number = int(folder.name)
    while number > 1:
        if number == os.getpid():
            return True
        line = Path(f"/proc/{number}/stat").read_text()
        number = int(line.rpartition(")")[2].split()[1])
    return False


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is optional and not installed")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds actors by /proc")
def test_a_worker_dies_in_the_middle_and_nothing_is_lost_or_twice(
    tiny_pipeline: "Pipeline",
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparing, "PART", 8)
    study = open_dataset(ASSETS / "study")
    dataset = replace(study.without_regions(), examples=study.examples[:96])
    killed: list[int | None] = []
    told: list[float] = []

    def report(stage: str, share: float) -> None:
        told.append(share)
        if share > 0 and not killed:
            killed.append(kill_one_actor())

    settings, cache = Settings(internals=False), tmp_path / "regions"
    alone = evaluate(tiny_pipeline, tiny_folder, dataset, tmp_path / "alone", settings)
    run = RunFolder(tmp_path / "together")
    compute = on_cluster(Cluster(workers=2), tiny_folder, "cpu", run, settings, cache)
    together = evaluate(
        tiny_pipeline, tiny_folder, dataset, tmp_path / "together", settings, report, compute
    )
    assert killed[0] is not None
    assert told[-1] == 1.0 and told == sorted(told)
    tables = [pq.read_table(run.path / TABLE).drop(WHAT_DIFFERS) for run in (alone, together)]
    assert tables[0].column("question_id").to_pylist() == [e.id for e in dataset.examples]
    for name in tables[0].column_names:
        before, after = (table.column(name).to_pylist() for table in tables)
        assert (
            before == pytest.approx(after, rel=1e-4, abs=1e-5)
            if name in NUMBERS
            else before == after
        ), name


def test_without_ray_one_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(ClusterError, match="pip install"):
        on_cluster(Cluster(), tmp_path, "cpu", RunFolder(tmp_path), Settings(), tmp_path)


def test_a_cluster_that_is_not_there_is_said_before_ray_tries_for_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ray = pytest.importorskip("ray")
    tried = []
    monkeypatch.setattr(ray, "init", lambda address, **given: tried.append(address))
    for address in ("127.0.0.1:1", "ray://127.0.0.1:1"):
        connection = cluster._connected(Cluster(address))
        with pytest.raises(ClusterError, match="No Ray cluster answers"):
            connection.__enter__()
    assert tried == []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        there = f"127.0.0.1:{listening.getsockname()[1]}"
        with cluster._connected(Cluster(there)):
            assert tried == [there]
