"""Causes over a dataset are measured by a cluster as by one process, to the last bit."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.miniature.world.study import write_study
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.runs import causes, preparing
from lxmert_viz.runs.causes import Measuring, View
from lxmert_viz.runs.cluster import connecting
from lxmert_viz.runs.cluster.actors import Outcome
from lxmert_viz.runs.cluster.causing import FOLDER, measuring_on
from lxmert_viz.runs.cluster.connecting import Cluster
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Site
from tests.helpers.pretended_cluster import Machines

EDGES = View(causes.EDGES, width=2)


@pytest.fixture(scope="module")
def miniature() -> Pipeline:
    if not (ASSETS / "miniature" / "model.safetensors").exists():
        pytest.skip("the miniature's weights are not here")
    return Pipeline.open("miniature", device="cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    write_study(folder, 9_830_000, 2)
    return folder


@pytest.fixture
def dataset(folder: Path) -> Dataset:
    whole = open_dataset(folder)
    return replace(whole, examples=whole.examples[1::3][:6])


@pytest.fixture
def measuring(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> Measuring:
    monkeypatch.setattr(preparing, "PART", 1)
    return measuring_on(Site(Cluster(), "cpu", ASSETS / "miniature", lambda line: None))


def lines(folder: Path) -> str:
    return (folder / causes.LINES).read_text()


@pytest.mark.parametrize("view", [View(causes.ATLAS), EDGES], ids=["atlas", "edges"])
def test_the_lines_and_the_table_are_those_of_one_process(
    miniature: Pipeline,
    dataset: Dataset,
    measuring: Measuring,
    machines: Machines,
    tmp_path: Path,
    view: View,
) -> None:
    here = causes.measure(miniature, dataset, view, tmp_path / "here")
    there = causes.measure(miniature, dataset, view, tmp_path / "there", measuring=measuring)
    pd.testing.assert_frame_equal(here, there, check_exact=True)
    assert lines(tmp_path / "here") == lines(tmp_path / "there") != ""
    assert len(machines.rounds) == 1 and len(machines.rounds[0][0]) > 1
    again = causes.measure(miniature, dataset, view, tmp_path / "there", measuring=measuring)
    assert again.equals(there) and len(machines.rounds) == 1  # nothing is measured twice


def test_what_broke_off_goes_on_and_an_example_that_ends_its_actors_has_no_line(
    miniature: Pipeline,
    dataset: Dataset,
    measuring: Measuring,
    machines: Machines,
    tmp_path: Path,
) -> None:
    here = causes.measure(miniature, dataset, EDGES, tmp_path / "here")
    poison = causes.lines_of(tmp_path / "here")[2]["id"]
    told: list[str] = []

    def behave(node: str, piece: Piece, last: bool) -> Outcome | None:
        told.append(piece.name)
        if len(told) == 2:
            raise KeyboardInterrupt
        ids = piece.shard.table()["id"].to_pylist()
        return None if poison in ids else machines.done(node, piece)

    machines.behave = behave
    given = (miniature, dataset, EDGES, tmp_path / "there")
    with pytest.raises(KeyboardInterrupt):
        causes.measure(*given, measuring=measuring)
    there = causes.measure(*given, measuring=measuring)
    kept = [line for line in causes.lines_of(tmp_path / "here") if line["id"] != poison]
    assert causes.lines_of(tmp_path / "there") == kept
    assert there["examples"].max() == here["examples"].max() - 1
    assert (tmp_path / "there" / FOLDER).is_dir()
    with pytest.raises(DatasetError, match="name another folder"):
        causes.measure(miniature, dataset, View(causes.ATLAS), tmp_path / "there")


def test_the_command_measures_on_a_cluster_what_can_be(
    folder: Path,
    measuring: Measuring,
    machines: Machines,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(connecting, "connected", lambda cluster, log: nullcontext(None))
    monkeypatch.setattr(connecting, "device_of", lambda asked: "cpu")
    call = ["cause", str(folder), "--model", "miniature", "--engine", "ray"]
    edges = ["--view", "edges", "--out", str(tmp_path / "run")]
    assert main([*call, *edges]) == 0
    assert len(machines.rounds) == 1 and "change_percent" in capsys.readouterr().out
    assert main([*call, "--view", "knowing"]) == 2
    assert "atlas or the edges of a dataset" in capsys.readouterr().err
