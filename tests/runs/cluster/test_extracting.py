"""States that a cluster extracted are those of one process."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.analysis.states import STREAMS
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.runs.cluster.actors import Outcome
from lxmert_viz.runs.cluster.connecting import Cluster
from lxmert_viz.runs.cluster.extracting import extract_on_cluster
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Site
from lxmert_viz.runs.extraction import Kept, extract
from lxmert_viz.runs.states import StateStore
from tests.helpers.pretended_cluster import Machines

ROWS = 150  # three shards
FULL = Kept(half=False)
Extract = Callable[..., StateStore]


@pytest.fixture
def dataset() -> Dataset:
    study = open_dataset(ASSETS / "study")
    return replace(study.without_regions(), examples=study.examples[:ROWS])


@pytest.fixture
def there(
    machines: Machines,
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    dataset: Dataset,
    tmp_path: Path,
) -> Extract:
    site = Site(Cluster(), "cpu", tiny_folder, lambda line: None)

    def call(kept: Kept = FULL) -> StateStore:
        folder = tmp_path / "there"
        return extract_on_cluster(
            site, tiny_pipeline, dataset, folder, kept, lambda stage, share: None
        )

    return call


def same(some: StateStore, others: StateStore) -> bool:
    return [row.example for row in some.rows] == [row.example for row in others.rows] and all(
        np.allclose(some.drawn(stream, 10**6)[0], others.drawn(stream, 10**6)[0], rtol=0, atol=1e-5)
        for stream in STREAMS
    )


def test_a_cluster_fills_the_store_that_one_process_fills(
    there: Extract, machines: Machines, tiny_pipeline: Pipeline, dataset: Dataset, tmp_path: Path
) -> None:
    here = extract(tiny_pipeline, dataset, tmp_path / "here", Kept(half=False))
    made = there()
    assert len(made.rows) == ROWS and same(here, made)
    assert {path.name for path in tmp_path.iterdir()} == {"here", "there"}
    there()  # it is whole
    assert [len(names) for names, _ in machines.rounds] == [3]
    assert same(here, extract(tiny_pipeline, dataset, tmp_path / "there", Kept(half=False)))
    with pytest.raises(DatasetError, match="choice of layers"):
        there(Kept(half=True))


def test_a_call_that_ended_goes_on(there: Extract, machines: Machines) -> None:
    machines.behave = lambda node, piece, last: (
        machines.said(node, piece, trace="it broke")
        if piece.of == 1
        else machines.done(node, piece)
    )
    with pytest.raises(RuntimeError, match="it broke"):
        there()
    with pytest.raises(DatasetError, match="another settings: half differ"):
        there(Kept(half=True))
    machines.behave = lambda node, piece, last: machines.done(node, piece)
    assert len(there().rows) == ROWS
    assert [len(names) for names, _ in machines.rounds] == [3, 2]


def test_a_question_that_ends_its_actors_is_an_error_and_the_others_are_there(
    there: Extract, machines: Machines, dataset: Dataset
) -> None:
    poison = dataset.examples[20].id

    def behave(node: str, piece: Piece, last: bool) -> Outcome | None:
        ids = piece.shard.table()["id"].to_pylist()
        return None if poison in ids else machines.done(node, piece)

    machines.behave = behave
    made = there()
    assert len(made.rows) == ROWS - 1 and poison not in {row.example.id for row in made.rows}
    assert len(made.errors) == 1 and "ended the process" in made.errors[0]


def test_states_that_would_take_too_much_end_the_call_at_once(
    there: Extract, machines: Machines
) -> None:
    def behave(node: str, piece: Piece, last: bool) -> Outcome:
        try:
            return machines.done(node, piece)
        except DatasetError as error:
            return machines.said(node, piece, end=error)

    machines.behave = behave
    with pytest.raises(DatasetError, match=f"states of {ROWS} examples would take"):
        there(Kept(max_bytes=10_000))
    assert len(machines.rounds) == 1


def test_the_command_asks_for_a_cluster(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray")
    call = ["probe", "study", "--model", str(tiny_folder), "--store", str(tmp_path / "store")]
    assert main([*call, "--engine", "ray", "--address", "127.0.0.1:1"]) == 2
    assert "No Ray cluster answers at 127.0.0.1:1" in capsys.readouterr().err
