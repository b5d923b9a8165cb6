"""Every picture of a run is looked at once, before anything is asked, here and on a cluster."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import MachineError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Example, Regions
from lxmert_viz.results.run_folder import TABLE, RunFolder
from lxmert_viz.runs import region_shards
from lxmert_viz.runs.cluster.actors import Outcome
from lxmert_viz.runs.cluster.connecting import Cluster
from lxmert_viz.runs.cluster.evaluating import on_cluster
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Site
from lxmert_viz.runs.evaluation import Engine, Resume, evaluate
from lxmert_viz.runs.looking_first import FOLDER, to_look_at
from lxmert_viz.runs.manifest import Settings, source_of
from lxmert_viz.runs.preparing import prepare
from lxmert_viz.runs.region_shards import files_of
from tests.helpers.pretended_cluster import Machines

OURS = Settings(internals=False, baselines=False)
FIRST = Resume()


class Stop(Exception):
    """Ends a run from its report."""


@pytest.fixture(autouse=True)
def five_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of pictures."""
    monkeypatch.setattr(region_shards, "SHARDS", 5)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    study = open_dataset(ASSETS / "study")
    return replace(study.without_regions(), examples=study.examples[:140])


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Each picture that a detector looked at."""
    heard: list[bytes] = []
    look = Pipeline.look

    def counted(pipeline: Pipeline, picture: bytes, profile: str) -> Regions:
        heard.append(picture)
        return look(pipeline, picture, profile)

    monkeypatch.setattr(Pipeline, "look", counted)
    return heard


@pytest.fixture
def call(tiny_pipeline: Pipeline, tiny_folder: Path, tmp_path: Path) -> Callable[..., RunFolder]:
    def made(
        dataset: Dataset,
        *,
        cluster: bool = False,
        name: str = "run",
        resume: Resume = FIRST,
        report: Callable[[str, float], None] = lambda stage, share: None,
    ) -> RunFolder:
        site = Site(Cluster(), "cpu", tiny_folder, lambda line: None)
        engine = on_cluster(site, RunFolder(tmp_path / name), None) if cluster else Engine()
        given = (tiny_pipeline, tiny_folder, dataset, tmp_path / name, OURS, report)
        return evaluate(*given, engine, resume=resume)

    return made


def table(run: RunFolder) -> "pq.Table":
    return pq.read_table(run.path / TABLE).drop(["seconds"])


def count(dataset: Dataset) -> int:
    return len({example.picture for example in dataset.examples})


def test_each_picture_is_looked_at_once_and_before_the_first_question(
    machines: Machines,
    call: Callable[..., RunFolder],
    dataset: Dataset,
    looked_at: list[bytes],
) -> None:
    told: list[str] = []
    here = call(dataset, name="here", report=lambda stage, share: told.append(stage))
    assert len(looked_at) == len(set(looked_at)) == count(dataset)
    kinds = ["pictures" if " pictures, " in stage.partition(";")[0] else "" for stage in told]
    assert (
        kinds.count("pictures") == count(dataset) and sorted(kinds[1:], reverse=True) == kinds[1:]
    )
    looked_at.clear()
    there = call(dataset, cluster=True, name="there")
    assert len(looked_at) == count(dataset)
    assert len(machines.rounds) == 2 and len(machines.rounds[0][0]) == 5  # shards of pictures
    assert table(here).equals(table(there))
    assert not (here.path / FOLDER).exists() and not (there.path / FOLDER).exists()


@pytest.mark.parametrize("cluster", [False, True])
def test_a_call_that_ends_while_it_looks_or_asks_looks_at_none_again(
    machines: Machines,
    call: Callable[..., RunFolder],
    dataset: Dataset,
    looked_at: list[bytes],
    cluster: bool,
) -> None:
    whole = call(dataset, name="whole")
    looked_at.clear()

    def stop_at(text: str) -> Callable[[str, float], None]:
        def report(stage: str, share: float) -> None:
            if text in stage:
                raise Stop

        return report

    some = len(files_of_first_shards(dataset, 2))
    for text in (f"{some} of {count(dataset)} pictures, ", " examples, "):
        with pytest.raises(Stop):
            call(dataset, cluster=cluster, report=stop_at(text))
    run = call(dataset, cluster=cluster)
    assert len(looked_at) == count(dataset)
    assert table(run).equals(table(whole))


def files_of_first_shards(dataset: Dataset, shards: int) -> list[str]:
    """Pictures of the first ones, of five."""
    each = -(-count(dataset) // 5)
    return sorted({example.picture for example in dataset.examples})[: each * shards]


def test_a_picture_that_no_machine_has_is_tried_by_all_once_and_is_back_with_retry_errors(
    machines: Machines,
    call: Callable[..., RunFolder],
    dataset: Dataset,
    tmp_path: Path,
) -> None:
    first = dataset.examples[0].picture
    gone = tmp_path / "gone.jpg"
    moved = replace(dataset, pictures={**dataset.pictures, first: gone})

    def behave(node: str, piece: Piece, last: bool) -> Outcome:
        try:
            return machines.done(node, piece)
        except MachineError as error:
            return machines.said(node, piece, fault=str(error))

    machines.behave = behave
    run = call(moved, cluster=True)
    lost = [example.id for example in dataset.examples if example.picture == first]
    made = {row["question_id"]: row for row in table(run).to_pylist()}
    assert [name for name, row in made.items() if row["error"]] == lost
    assert f"{gone} cannot be read (No such file" in made[lost[0]]["error"]
    assert len(run.machine_faults()) == len(lost)
    assert [last for _, last in machines.rounds] == [False, False, True, False]  # looks thrice
    alone = call(moved, name="alone")
    assert table(alone).equals(table(run))
    gone.write_bytes(dataset.pictures[first].read_bytes())
    machines.rounds.clear()
    call(moved, cluster=True, resume=Resume(retry_errors=True))
    assert [len(names) for names, _ in machines.rounds][-1] == 1  # one shard asks again
    assert table(run).equals(table(call(moved, name="never gone")))


def test_a_picture_that_ends_its_actors_is_found_before_anything_is_asked(
    machines: Machines, call: Callable[..., RunFolder], dataset: Dataset
) -> None:
    poison = dataset.pictures[dataset.examples[30].picture]

    def behave(node: str, piece: Piece, last: bool) -> Outcome | None:
        is_looking = "file" in pq.read_schema(piece.shard.path).names[:2]
        if is_looking and poison in files_of(piece.shard):
            return None
        return machines.done(node, piece)

    machines.behave = behave
    run = call(dataset, cluster=True)
    lost = {e.id for e in dataset.examples if dataset.pictures[e.picture] == poison}
    made = {row["question_id"]: row["error"] for row in table(run).to_pylist()}
    assert {name for name, error in made.items() if error} == lost
    assert all("ended the process that did so, 3 times" in made[name] for name in lost)


def test_only_pictures_that_can_be_seen_and_no_region_file_has_are_looked_at(
    tmp_path: Path,
) -> None:
    names = ("in file", "seen", "second", "broken", "not in file", "nowhere")
    examples = tuple(
        Example(str(number), name, "is it red?", (), second_picture="second" * (name == "seen"))
        for number, name in enumerate(names * 2)
    )
    dataset = Dataset(
        "toy",
        "table",
        (),
        examples,
        pictures={name: tmp_path / name for name in names[:-1]},
        picture_faults={"broken": "It may be two."},
        region_file=tmp_path / "regions.tsv",
        region_ids={"in file": "1"},
        region_faults={"not in file": "It may be two."},
        looks_for_missing=True,
    )
    (tmp_path / "regions.tsv").touch()
    prepared = prepare(source_of(dataset), {}, tmp_path / "shards", lambda stage, share: None)
    wanted = {name: tmp_path / name for name in ("seen", "second")}
    assert to_look_at(prepared, prepared.shards) == wanted
    never = replace(prepared, about=replace(prepared.about, looks_for_missing=False))
    assert to_look_at(never, never.shards) == {}
