"""What answers rest on is found by a cluster as by one process, to the last bit."""

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import ClusterError, MachineError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.results.relevance import KeptRelevance
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs import chefer, provenance
from lxmert_viz.runs.cluster.actors import Outcome
from lxmert_viz.runs.cluster.connecting import Cluster
from lxmert_viz.runs.cluster.keeping import keeping_on
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Site
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.explaining import explain_run
from lxmert_viz.runs.kept_rows import Elsewhere
from lxmert_viz.runs.looking_first import FOLDER
from lxmert_viz.runs.manifest import Settings
from tests.helpers.pretended_cluster import Machines

ASKED = 100


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    study = open_dataset(ASSETS / "study")
    return replace(study.without_regions(), examples=study.examples[:ASKED])


@pytest.fixture(scope="module")
def made(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    dataset: Dataset,
    tmp_path_factory: pytest.TempPathFactory,
) -> RunFolder:
    """With its regions, and what one process finds by one method."""
    folder = tmp_path_factory.mktemp("made") / "run"
    settings = Settings(internals=False, baselines=False)
    run = evaluate(tiny_pipeline, tiny_folder, dataset, folder, settings, keep_regions=True)
    assert (run.path / FOLDER).exists()
    explain_run(tiny_pipeline, tiny_folder, run, "attention")
    return run


@pytest.fixture
def run(made: RunFolder, tmp_path: Path) -> RunFolder:
    """The same, without what was found."""
    copy = tmp_path / "run"
    for name in ("manifest.json", "examples", FOLDER):
        _link(made.path / name, copy / name)
    return RunFolder(copy)


def _link(place: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.symlink_to(place)


@pytest.fixture
def elsewhere(
    machines: Machines, run: RunFolder, tiny_pipeline: Pipeline, tiny_folder: Path
) -> Elsewhere:
    site = Site(Cluster(), "cpu", tiny_folder, lambda line: None)
    return keeping_on(site, tiny_pipeline, run, None)


def files(run: RunFolder, folder: str) -> dict[str, "pq.Table"]:
    return {path.name: pq.read_table(path) for path in sorted((run.path / folder).glob("0*"))}


def test_a_cluster_keeps_the_maps_of_one_process_and_looks_at_no_picture(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    made: RunFolder,
    run: RunFolder,
    elsewhere: Elsewhere,
    machines: Machines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pipeline, "look", None)
    told: list[str] = []

    def report(stage: str, share: float) -> None:
        told.append(stage)

    given = (tiny_pipeline, tiny_folder, run, "attention")
    assert explain_run(*given, report, elsewhere) == ASKED
    here, there = files(made, "relevance/attention"), files(run, "relevance/attention")
    assert len(here) > 1 and here == there
    assert len(machines.rounds) == 1 and len(machines.rounds[0][0]) == len(here)
    assert told[0] == "attention: 0 of 100 examples"
    assert told[-1].startswith("attention: 100 of 100 examples; actors: ")
    (run.path / "relevance" / "attention" / "00001.parquet").unlink()
    assert explain_run(*given, elsewhere=elsewhere) == ASKED
    assert machines.rounds[1][0] == ["00001"]
    assert explain_run(*given, elsewhere=elsewhere) == ASKED and len(machines.rounds) == 2


def test_an_example_that_ends_its_actors_has_no_map_and_the_others_are_as_they_were(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    made: RunFolder,
    run: RunFolder,
    elsewhere: Elsewhere,
    machines: Machines,
    dataset: Dataset,
) -> None:
    poison = dataset.examples[20].id

    def behave(node: str, piece: Piece, last: bool) -> Outcome | None:
        return (
            None if poison in piece.shard.table()["id"].to_pylist() else machines.done(node, piece)
        )

    machines.behave = behave
    explain_run(tiny_pipeline, tiny_folder, run, "attention", elsewhere=elsewhere)
    whole = KeptRelevance(made.path, "attention").table()
    found = KeptRelevance(run.path, "attention").table()
    assert found.equals(whole[whole.question_id != poison].reset_index(drop=True))


def test_memory_that_gives_out_on_one_machine_is_another_s_work(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    made: RunFolder,
    run: RunFolder,
    elsewhere: Elsewhere,
    machines: Machines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = Pipeline.rows
    here: list[str] = []

    def lacking(pipeline: Pipeline, *given: object) -> object:
        if here[-1] == "b":
            raise MachineError("The memory of cpu gave out.")
        return rows(pipeline, *given)

    def behave(node: str, piece: Piece, last: bool) -> Outcome:
        here.append(node)
        try:
            return machines.done(node, piece)
        except MachineError as error:
            return machines.said(node, piece, fault=str(error))

    monkeypatch.setattr(Pipeline, "rows", lacking)
    machines.behave = behave
    explain_run(tiny_pipeline, tiny_folder, run, "attention", elsewhere=elsewhere)
    assert files(run, "relevance/attention") == files(made, "relevance/attention")


def test_the_published_protocol_is_that_of_one_process(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    made: RunFolder,
    run: RunFolder,
    elsewhere: Elsewhere,
) -> None:
    def measured(of: RunFolder, elsewhere: Elsewhere | None) -> str:
        chefer.chefer(
            tiny_pipeline, tiny_folder, of, ["attention"], questions=20, elsewhere=elsewhere
        )
        return (of.path / "chefer.csv").read_text()

    assert measured(run, elsewhere) == measured(made, None)
    assert files(run, "chefer/attention") == files(made, "chefer/attention")


def test_an_actor_that_is_not_alike_refuses(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    run: RunFolder,
    elsewhere: Elsewhere,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(provenance, "code_digest", lambda: "f" * 64)
    with pytest.raises(ClusterError, match="it has lxmert-viz ffffffffffff and not"):
        explain_run(tiny_pipeline, tiny_folder, run, "attention", elsewhere=elsewhere)
