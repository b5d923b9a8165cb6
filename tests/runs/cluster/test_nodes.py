"""A cluster of nodes makes the rows that one process makes, whatever happens to them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, NoReturn

import pyarrow.parquet as pq
import pytest
from safetensors.torch import load_file, save_file

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import ClusterError, MachineError
from lxmert_viz.model.devices import processor_threads
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Report
from lxmert_viz.results.run_folder import RAY_LOG, TABLE, RunFolder
from lxmert_viz.runs import provenance
from lxmert_viz.runs.cluster import rounds
from lxmert_viz.runs.cluster.connecting import Cluster, connected
from lxmert_viz.runs.cluster.evaluating import Evaluation
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Rounds, Site
from lxmert_viz.runs.evaluation import Engine, Resume, evaluate
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.progress import Counts
from lxmert_viz.runs.provenance import code_digest
from tests.helpers.pretended_cluster import as_they_are_asked

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster as Nodes

pytest.importorskip("ray")
ROWS = 270
PATIENCE = 300.0  # seconds, on a busy machine
OURS = Settings(internals=False)


@pytest.fixture(scope="module")
def nodes() -> "Iterator[Nodes]":
    """With a processor each."""
    import ray
    from ray.cluster_utils import Cluster as Nodes

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # actors do not see tests
    small = {"object_store_memory": 80 * 2**20}
    head = {"num_cpus": 1, "include_dashboard": False, **small}
    made = Nodes(initialize_head=True, head_node_args=head)
    made.add_node(num_cpus=1, **small)
    yield made
    ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    made.shutdown()


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    study = open_dataset(ASSETS / "study")
    return replace(study.without_regions(), examples=study.examples[:ROWS])


@pytest.fixture(scope="module")
def alone(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    dataset: Dataset,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunFolder]:
    """The run of one process with one thread; later processes have one too."""
    before = processor_threads()
    processor_threads(1)
    folder = tmp_path_factory.mktemp("alone") / "run"
    yield evaluate(tiny_pipeline, tiny_folder, dataset, folder, OURS)
    processor_threads(before)


@dataclass(frozen=True)
class Seen(Evaluation):
    """The work as it is seen on a node that is not like the others: `odd` is its id."""

    odd: str = ""
    odd_model: Path | None = None
    lacks_pictures: bool = False
    has_full_disk: bool = False
    has_other_code: bool = False

    def open(self, *, last: bool) -> Callable[[Piece], Counts]:
        import ray

        if ray.get_runtime_context().get_node_id() != self.odd:
            make = Evaluation.open(self, last=last)
            return lambda piece: self._wait() or make(piece)
        work = self if self.odd_model is None else replace(self, model_folder=self.odd_model)
        if self.lacks_pictures:
            Path.read_bytes = gone
        if self.has_full_disk:
            RunFolder.write_part = full
        if self.has_other_code:
            provenance.code_digest = lambda: "f" * 64
        if self.odd_model is not None or self.has_other_code:
            self._mark.touch()
        make = Evaluation.open(work, last=last)
        return lambda piece: self._mark.touch() or make(piece)

    @property
    def _mark(self) -> Path:
        return self.folder / "odd"

    def _wait(self) -> None:
        """Until the odd node takes part, and then a little, so that it is handed something."""
        end = time.monotonic() + PATIENCE
        while self.odd and not self._mark.exists():
            assert time.monotonic() < end, "the odd node never took part"
            time.sleep(0.05)
        time.sleep(1.0 if self.odd else 0.0)


def gone(path: Path) -> bytes:
    if path.suffix == ".jpg":
        raise FileNotFoundError(2, "No such file or directory", str(path))
    with path.open("rb") as file:
        return file.read()


@pytest.fixture(autouse=True)
def no_long_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else uses this cluster: an actor begins soon, or Ray waits for one that is gone."""
    monkeypatch.setattr(rounds, "UNBEGUN", 40.0)


def full(*_: object) -> NoReturn:
    raise OSError(28, "No space left on device")


def run_on(
    nodes: "Nodes",
    work: Evaluation,
    pipeline: Pipeline,
    dataset: Dataset,
    report: Report = lambda stage, share: None,
) -> list[str]:
    """Makes a run on all nodes; what it says."""
    said: list[str] = []
    cluster = Cluster(nodes.address, workers=3)
    site = Site(cluster, "cpu", work.model_folder, said.append)
    engine = Engine(
        "ray", "cpu", 1, lambda shards: Rounds(site, work, shards).run(), as_they_are_asked
    )
    with connected(cluster, work.folder / RAY_LOG):
        evaluate(
            pipeline,
            work.model_folder,
            dataset,
            work.folder,
            OURS,
            report,
            engine,
            work.region_cache,
            Resume(),
        )
    return said


def table(run: Path) -> "pq.Table":
    return pq.read_table(run / TABLE).drop(["seconds"])


def kill_one_actor() -> None:
    """Of this process's cluster."""
    for folder in sorted(Path("/proc").glob("[0-9]*")):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            if b"ray::MapWorker" in (folder / "cmdline").read_bytes() and _is_ours(folder):
                os.kill(int(folder.name), signal.SIGKILL)
                return
    raise AssertionError("no actor is at work")


def _is_ours(folder: Path) -> bool:
    number = int(folder.name)
    while number > 1 and number != os.getpid():
        line = Path(f"/proc/{number}/stat").read_text()
        number = int(line.rpartition(")")[2].split()[1])
    return number == os.getpid()


def test_a_machine_with_other_weights_refuses_and_the_rows_are_those_of_one_process(
    nodes: "Nodes",
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    dataset: Dataset,
    alone: RunFolder,
    tmp_path: Path,
) -> None:
    other = copytree(tiny_folder, tmp_path / "models" / tiny_folder.name)
    weights = {name: w * 1.01 for name, w in load_file(other / "model.safetensors").items()}
    save_file(weights, other / "model.safetensors")
    _, odd = (node.node_id for node in nodes.list_all_nodes())
    work = Seen(tiny_folder, tmp_path / "run", tmp_path / "regions", "cpu", odd, other)
    (said,) = run_on(nodes, work, tiny_pipeline, dataset)
    assert "takes no part: it has model " in said and tiny_pipeline.digest[:12] in said
    assert table(work.folder).equals(table(alone.path))


def test_a_machine_with_other_code_refuses_and_the_rows_are_those_of_one_process(
    nodes: "Nodes",
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    dataset: Dataset,
    alone: RunFolder,
    tmp_path: Path,
) -> None:
    _, odd = (node.node_id for node in nodes.list_all_nodes())
    work = Seen(
        tiny_folder, tmp_path / "run", tmp_path / "regions", "cpu", odd, has_other_code=True
    )
    (said,) = run_on(nodes, work, tiny_pipeline, dataset)
    assert f"takes no part: it has lxmert-viz {'f' * 12} and not {code_digest()[:12]}" in said
    assert table(work.folder).equals(table(alone.path))


def test_what_a_machine_without_the_pictures_cannot_do_is_done_on_another(
    nodes: "Nodes",
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    dataset: Dataset,
    alone: RunFolder,
    tmp_path: Path,
) -> None:
    _, odd = (node.node_id for node in nodes.list_all_nodes())
    work = Seen(
        tiny_folder, tmp_path / "run", tmp_path / "regions", "cpu", odd, lacks_pictures=True
    )
    (said,) = run_on(nodes, work, tiny_pipeline, dataset)
    assert "failed at part 0000" in said and ".jpg cannot be read (No such file" in said
    assert not RunFolder(work.folder).machine_faults()
    assert table(work.folder).equals(table(alone.path))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds actors by /proc")
def test_an_actor_and_a_machine_end_in_the_middle_and_nothing_is_lost_or_twice(
    nodes: "Nodes",
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    dataset: Dataset,
    alone: RunFolder,
    tmp_path: Path,
) -> None:
    third = nodes.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    told: list[str] = []

    def report(stage: str, share: float) -> None:
        told.append(stage)
        if len(told) == 2:
            nodes.remove_node(third, allow_graceful=False)
            kill_one_actor()

    work = Seen(tiny_folder, tmp_path / "run", tmp_path / "regions", "cpu")
    run_on(nodes, work, tiny_pipeline, dataset, report)
    assert table(work.folder).equals(table(alone.path))
    assert told[-1].startswith(f"{ROWS} of {ROWS} examples")


def test_where_no_machine_has_the_model_or_room_on_its_disk_the_run_ends_and_goes_on_later(
    nodes: "Nodes",
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    dataset: Dataset,
    alone: RunFolder,
    tmp_path: Path,
) -> None:
    head, second = nodes.list_all_nodes()
    nodes.remove_node(second, allow_graceful=False)  # it seems to be there for a while
    nowhere, regions = tmp_path / "nowhere", tmp_path / "regions"
    work = Seen(tiny_folder, tmp_path / "run", regions, "cpu", head.node_id, nowhere)
    with pytest.raises(ClusterError, match="No machine of the cluster can do it.*nowhere"):
        run_on(nodes, work, tiny_pipeline, dataset)
    with pytest.raises(MachineError, match="No space left on device"):
        run_on(nodes, replace(work, odd_model=None, has_full_disk=True), tiny_pipeline, dataset)
    run_on(nodes, replace(work, odd=""), tiny_pipeline, dataset)
    assert table(work.folder).equals(table(alone.path))


def test_the_call_itself_is_killed_and_goes_on_where_it_was(
    nodes: "Nodes", tiny_folder: Path, tiny_pipeline: Pipeline, tmp_path: Path
) -> None:
    study = open_dataset(ASSETS / "study").without_regions()
    evaluate(tiny_pipeline, tiny_folder, study, tmp_path / "alone", OURS)
    given = ["--model", str(tiny_folder), "--regions", "look", "--no-internals"]
    run = tmp_path / "run"
    call = [sys.executable, "-m", "lxmert_viz", "evaluate", "study", *given, "--out", str(run)]
    on = {"env": os.environ | {"RAY_ADDRESS": nodes.address}, "cwd": ASSETS.parent}
    first = subprocess.Popen([*call, "--engine", "ray"], stderr=subprocess.DEVNULL, **on)
    while not any((run / "parts").glob("*.parquet")):
        assert first.poll() is None
        time.sleep(0.05)
    first.kill()
    first.wait()
    done = {path: path.stat().st_mtime_ns for path in (run / "parts").glob("*.parquet")}
    again = subprocess.run([*call, "--engine", "ray"], capture_output=True, text=True, **on)
    assert again.returncode == 0 and again.stdout.startswith("506 examples in ")
    assert len(again.stdout.splitlines()) == 2  # Ray's own text stays in its log
    assert all(path.stat().st_mtime_ns == when for path, when in done.items())
    assert table(run).equals(table(tmp_path / "alone"))
