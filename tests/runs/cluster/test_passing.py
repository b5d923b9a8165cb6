"""Machines that see no folder of the run: what they need and make goes through a store."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import ClusterError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.results.run_folder import TABLE, RunFolder
from lxmert_viz.runs import preparing
from lxmert_viz.runs.cluster.actors import Outcome
from lxmert_viz.runs.cluster.connecting import Cluster
from lxmert_viz.runs.cluster.evaluating import on_cluster
from lxmert_viz.runs.cluster.extracting import extract_on_cluster
from lxmert_viz.runs.cluster.passing import ARRIVING, Post, open_store
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Site
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.extraction import Kept
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.preparing import Shard
from lxmert_viz.stores import Store
from tests.helpers.object_store import Objects, object_store
from tests.helpers.pretended_cluster import Machines


@pytest.fixture
def objects() -> Iterator[Objects]:
    with object_store() as made:
        yield made


@pytest.fixture
def dataset(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A few shards."""
    monkeypatch.setattr(preparing, "PART", 8)
    study = open_dataset(ASSETS / "study")
    return replace(study.without_regions(), examples=study.examples[:24])


@pytest.fixture
def site(objects: Objects, tiny_folder: Path) -> Site:
    store = open_store(objects.address("runs/mine"))
    return Site(Cluster(), "cpu", tiny_folder, lambda line: None, store)


def unheard(stage: str, share: float) -> None:
    """Of a report."""


def table(run: RunFolder) -> list[dict[str, object]]:
    return pq.read_table(run.path / TABLE).drop(["seconds"]).to_pylist()


def test_a_run_through_a_store_has_the_numbers_of_one_process_and_leaves_nothing_there(
    machines: Machines,
    site: Site,
    objects: Objects,
    dataset: Dataset,
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    tmp_path: Path,
) -> None:
    given = (tiny_pipeline, tiny_folder, dataset)
    here = evaluate(*given, tmp_path / "here", Settings())
    poison, written = dataset.examples[2].id, set[str]()

    def behave(node: str, piece: Piece, last: bool) -> Outcome | None:
        ids = pq.read_table(piece.shard.path, columns=["id"])["id"].to_pylist()
        if poison in ids and piece.is_whole:
            return None  # a piece that ends its actors, until it is halved
        done = machines.done(node, piece)
        written.update(name.split("/", 3)[-1] for name in objects.kept)
        return done

    machines.behave = behave
    there = RunFolder(tmp_path / "there")
    engine = on_cluster(site, there, None)
    evaluate(*given, there.path, Settings(), engine=engine)
    found, before = table(there), table(here)
    assert [row["question_id"] for row in found] == [row["question_id"] for row in before]
    assert [row["answer"] for row in found] == [row["answer"] for row in before]
    assert sum(a != b for a, b in zip(found, before, strict=True)) <= 16  # halved otherwise
    assert set(there.internals(["question_id"])["question_id"]) == {e.id for e in dataset.examples}
    assert {"given/manifest.json", "made/parts/00001.parquet"} <= written
    assert any("made/pieces/00000/parts/" in name for name in written)
    assert not [name for name in objects.kept if not name.endswith("/")]
    names = {path.name for path in there.path.iterdir()} - {
        path.name for path in here.path.iterdir()
    }
    assert not names


def test_folders_that_belong_to_a_part_pass_through_a_store_too(
    machines: Machines,
    site: Site,
    dataset: Dataset,
    tiny_pipeline: Pipeline,
    tmp_path: Path,
) -> None:
    kept = Kept(half=False)
    on_a_disk, through_a_store = (
        extract_on_cluster(
            replace(site, store=store), tiny_pipeline, dataset, tmp_path / name, kept, unheard
        )
        for name, store in (("here", None), ("there", site.store))
    )
    assert [row.example for row in on_a_disk.rows] == [row.example for row in through_a_store.rows]
    for name in ("vision.bin", "lang.bin"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def test_a_part_arrives_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, store = tmp_path / "run", Store.of(tmp_path / "store")
    (run / "parts").mkdir(parents=True)
    made = ("internals/00003.parquet", "parts/00003/a.bin", "parts/00003/b.bin")
    for name in made:
        store.put(f"made/{name}", name.encode())
    piece = Piece(3, Shard(3, run / "examples" / "00003.parquet", 1), run)
    fetch: Callable[..., None] = Store.fetch

    def ends(self: Store, name: str, path: Path) -> None:
        if name.endswith("b.bin"):
            raise OSError("out of reach")
        fetch(self, name, path)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "fetch", ends)
        with pytest.raises(OSError, match="out of reach"):
            Post(store, run).take(piece, made)
    assert not any((run / "parts").iterdir())
    Post(store, run).take(piece, made)
    assert [(run / name).read_bytes() for name in made] == [name.encode() for name in made]
    assert not (run / ARRIVING).exists() and not store.times()


@pytest.mark.parametrize("address", ["runs/mine", "s3://", "nope://bucket/folder"])
def test_what_is_no_store_is_said_at_once(address: str) -> None:
    with pytest.raises(ClusterError, match="Nothing can be put into .* Name a bucket or folder"):
        open_store(address)


def test_a_store_that_refuses_is_said_at_once(objects: Objects) -> None:
    objects.refused = True
    with pytest.raises(ClusterError, match="Nothing can be put into s3://bucket/runs from") as said:
        open_store(objects.address("runs"))
    assert "secret" not in str(said.value)
