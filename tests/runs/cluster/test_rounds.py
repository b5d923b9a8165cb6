"""What becomes of pieces of work when machines refuse, fail and end; without Ray."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import ClusterError, MachineError
from lxmert_viz.model.inputs import BATCH
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.results.run_folder import TABLE, RunFolder
from lxmert_viz.runs.cluster import rounds
from lxmert_viz.runs.cluster.actors import OPENING, Outcome
from lxmert_viz.runs.cluster.connecting import Cluster
from lxmert_viz.runs.cluster.evaluating import Evaluation
from lxmert_viz.runs.cluster.notes import NOTES
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Site
from lxmert_viz.runs.evaluation import Engine, Resume, evaluate
from lxmert_viz.runs.manifest import Settings
from tests.helpers.pretended_cluster import Machines, as_they_are_asked

AS_IT_IS = Resume()


@pytest.fixture
def dataset() -> Dataset:
    """Four shards: of 70, 66, 68 and 36 questions."""
    study = open_dataset(ASSETS / "study")
    return replace(study.without_regions(), examples=study.examples[:240])


@pytest.fixture(scope="module")
def whole(
    tiny_pipeline: Pipeline, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> RunFolder:
    """The run of one process."""
    study = open_dataset(ASSETS / "study")
    dataset = replace(study.without_regions(), examples=study.examples[:240])
    folder = tmp_path_factory.mktemp("whole") / "run"
    return evaluate(tiny_pipeline, tiny_folder, dataset, folder, Settings())


class Run:
    """Of the dataset on such a cluster; what it told."""

    def __init__(
        self,
        pipeline: Pipeline,
        model: Path,
        dataset: Dataset,
        folder: Path,
        resume: Resume = AS_IT_IS,
    ) -> None:
        self.said: list[str] = []
        self.told: list[str] = []
        self.run = RunFolder(folder)
        work = Evaluation(model, folder, folder / "regions", "cpu")
        site = Site(Cluster(), "cpu", model, self.said.append)
        engine = Engine(
            "ray",
            compute=lambda shards: rounds.Rounds(site, work, shards).run(),
            look=as_they_are_asked,
        )

        def report(stage: str, share: float) -> None:
            self.told.append(stage)

        evaluate(pipeline, model, dataset, folder, Settings(), report, engine, resume=resume)


@pytest.fixture
def call(
    tiny_pipeline: Pipeline, tiny_folder: Path, dataset: Dataset, tmp_path: Path
) -> Callable[..., Run]:
    return lambda *resume: Run(tiny_pipeline, tiny_folder, dataset, tmp_path / "run", *resume)


def rows(run: RunFolder) -> dict[str, dict[str, object]]:
    table = pq.read_table(run.path / TABLE).drop(["seconds"])
    return {row["question_id"]: row for row in table.to_pylist()}


def test_a_row_that_ends_its_actors_is_found_and_is_an_error_and_the_others_are_as_they_were(
    machines: Machines, call: Callable[[], Run], whole: RunFolder, dataset: Dataset
) -> None:
    poison = dataset.examples[100].id

    def behave(node: str, piece: Piece, last: bool) -> Outcome | None:
        ids = pq.read_table(piece.shard.path, columns=["id"])["id"].to_pylist()
        return None if poison in ids else machines.done(node, piece)

    machines.behave = behave
    made = call()
    found, before = rows(made.run), rows(whole)
    assert found.keys() == before.keys()
    assert "ended the process" in found[poison]["error"] and "3 times" in found[poison]["error"]
    assert made.run.machine_faults() == [found[poison]["error"]]
    unlike = {name for name in before if found[name] != before[name]} - {poison}
    assert len(unlike) < BATCH  # what was asked together with it may round otherwise
    for name in unlike:
        assert found[name]["probability"] == pytest.approx(before[name]["probability"], 1e-5)
    inside = made.run.internals(["question_id", "state"])
    assert set(inside["question_id"]) == set(before) - {poison}
    tried = [names for names, _ in machines.rounds]
    assert len(tried[0]) == 4 and tried[1] == tried[2] and len(tried[1]) == 1  # whole, three times
    assert {len(names) for names in tried[3:-2]} == {2} and 5 <= len(tried[3:-2]) <= 7  # halves
    assert tried[-1] == tried[-2] == tried[-3][:1] or tried[-1] == tried[-3][1:]  # the row
    assert len(made.said) == len(tried) and all("An actor on host-" in line for line in made.said)
    assert not (made.run.path / "pieces").exists() and not (made.run.path / NOTES).exists()


def test_a_machine_that_refuses_takes_no_part_and_says_why(
    machines: Machines, call: Callable[[], Run], whole: RunFolder
) -> None:
    machines.behave = lambda node, piece, last: (
        machines.done(node, piece) if node == "a" else machines.said("b", piece, refusal="no torch")
    )
    made = call()
    assert rows(made.run) == rows(whole)
    assert made.said == ["host-b takes no part: no torch"]
    assert [len(names) for names, _ in machines.rounds] == [4, 2]


def test_what_fails_on_one_machine_is_done_on_another(
    machines: Machines, call: Callable[[], Run], whole: RunFolder
) -> None:
    machines.behave = lambda node, piece, last: (
        machines.done(node, piece)
        if node == "a"
        else machines.said("b", piece, fault="x.jpg cannot be read.")
    )
    made = call()
    assert rows(made.run) == rows(whole)
    assert made.said == [f"host-b failed at part {machines.rounds[0][0][1]}: x.jpg cannot be read."]


def test_what_fails_everywhere_is_told_once_no_other_machine_is_left(
    machines: Machines,
    call: Callable[..., Run],
    dataset: Dataset,
    whole: RunFolder,
    tmp_path: Path,
) -> None:
    picture = dataset.pictures[dataset.examples[0].picture]
    gone = tmp_path / picture.name
    dataset.pictures[dataset.examples[0].picture] = gone

    def behave(node: str, piece: Piece, last: bool) -> Outcome:
        try:
            return machines.done(node, piece)
        except MachineError as error:
            return machines.said(node, piece, fault=str(error))

    machines.behave = behave
    made = call()
    lost = [e.id for e in dataset.examples if e.picture == dataset.examples[0].picture]
    assert [name for name, row in rows(made.run).items() if row["error"]] == lost
    assert len(made.run.machine_faults()) == len(lost) > 1
    assert [last for _, last in machines.rounds] == [False, False, True]
    assert [line.split()[0] for line in made.said] == ["host-a", "host-b"]
    gone.write_bytes(picture.read_bytes())
    machines.rounds.clear()
    found, before = rows(call(Resume(retry_errors=True)).run), rows(whole)
    for name in lost:
        assert found[name].pop("picture_file") != before[name].pop("picture_file")
    assert found == before
    assert len(machines.rounds) == len(machines.rounds[0][0]) == 1  # its shard alone


def test_where_all_machines_refuse_or_none_has_room_one_sentence_says_so(
    machines: Machines, call: Callable[[], Run]
) -> None:
    machines.behave = lambda node, piece, last: machines.said(node, piece, refusal=f"no {node}")
    with pytest.raises(ClusterError, match="can do it. host-a: no a; host-b: no b"):
        call()
    machines.nodes.clear()
    with pytest.raises(ClusterError, match="No machine of the cluster has 1 processors"):
        call()


def test_a_disk_that_is_full_everywhere_ends_the_run_and_the_same_call_goes_on(
    machines: Machines, call: Callable[[], Run], whole: RunFolder
) -> None:
    full = iter([False, False, True, True, True, True, True])

    def behave(node: str, piece: Piece, last: bool) -> Outcome:
        if next(full, False):
            return machines.said(node, piece, fault="[Errno 28] No space left on device")
        return machines.done(node, piece)

    machines.behave = behave
    with pytest.raises(MachineError, match="host-.: .*No space left"):
        call()
    machines.behave = lambda node, piece, last: machines.done(node, piece)
    assert rows(call().run) == rows(whole)


def test_a_machine_that_is_gone_is_told_and_its_work_is_done_elsewhere(
    machines: Machines, call: Callable[[], Run], whole: RunFolder
) -> None:
    def behave(node: str, piece: Piece, last: bool) -> Outcome | None:
        if node == "b" and len(machines.nodes) == 2:
            del machines.nodes["b"]
            return None
        return machines.done("a", piece)

    machines.behave = behave
    made = call()
    assert rows(made.run) == rows(whole)
    assert made.said[0] == "host-b left the cluster; what it did not finish is done elsewhere."
    assert made.said[1].startswith("An actor on gone ended at part") and len(made.said) == 2
    assert "lost: 1" in made.told[-1]


def test_a_fault_of_this_program_is_no_fault_of_a_machine(
    machines: Machines, call: Callable[[], Run]
) -> None:
    machines.behave = lambda node, piece, last: machines.said(node, piece, trace="KeyError: 'x'")
    with pytest.raises(RuntimeError, match="on host-a: KeyError"):
        call()


def test_where_the_last_machine_leaves_in_the_middle_nobody_waits_for_ever(
    machines: Machines, call: Callable[[], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "WATCH", 0.1)
    ended = threading.Event()

    def behave(node: str, piece: Piece, last: bool) -> Outcome | None:
        machines.nodes.clear()
        ended.wait(60)
        return None

    machines.behave = behave
    try:
        with pytest.raises(ClusterError, match="left the cluster. The same call goes on"):
            call()
    finally:
        ended.set()


def test_where_only_machines_that_refused_stay_it_is_told_why_they_did(
    machines: Machines, call: Callable[[], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    again = leaves_in_its_second_round("b", machines, monkeypatch, refusal="no torch")
    with pytest.raises(ClusterError, match="No machine of the cluster can do it. host-a: no torch"):
        call()
    assert len(again) == 1


def test_where_only_machines_that_failed_at_a_piece_stay_they_try_it_again(
    machines: Machines,
    call: Callable[[], Run],
    whole: RunFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leaves_in_its_second_round("b", machines, monkeypatch, fault="x.jpg cannot be read.")
    made = call()
    assert rows(made.run) == rows(whole)
    assert [last for _, last in machines.rounds] == [False, False, True]
    assert "Ray waits for machines that left the cluster: the rest begins anew." in made.said


def leaves_in_its_second_round(
    gone: str, machines: Machines, monkeypatch: pytest.MonkeyPatch, **why: str
) -> list[Cluster]:
    """Others cannot do it, unless they are the last; how often the cluster is reached anew."""
    monkeypatch.setattr(rounds, "WATCH", 0.1)
    ended, again = threading.Event(), []
    monkeypatch.setattr(rounds, "reconnect", lambda cluster: again.append(cluster) or ended.set())

    def behave(node: str, piece: Piece, last: bool) -> Outcome | None:
        if node == gone and len(machines.rounds) == 2:
            machines.nodes.pop(node, None)
            ended.wait(60)
            return None
        if node == gone or last:
            return machines.done(node, piece)
        return machines.said(node, piece, **why)

    machines.behave = behave
    return again


def test_where_actors_only_end_while_they_open_the_model_the_call_ends(
    machines: Machines,
    call: Callable[[], Run],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rounds, "WATCH", 0.1)
    ended = threading.Event()

    def behave(node: str, piece: Piece, last: bool) -> Outcome | None:
        for number in range(1 + (1 + rounds.TRIES) * Cluster().workers):
            (tmp_path / "run" / NOTES / f"{OPENING}{number}").write_text(f"host-{node}")
        ended.wait(60)
        return None

    machines.behave = behave
    try:
        with pytest.raises(ClusterError, match="Actors on host-a end again and again while they"):
            call()
    finally:
        ended.set()


@pytest.mark.parametrize(("limit", "silent"), [("STALE", {2}), ("UNBEGUN", {0, 1, 2, 3})])
def test_where_ray_waits_for_an_actor_that_is_gone_the_rest_begins_anew(
    machines: Machines,
    call: Callable[[], Run],
    whole: RunFolder,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    silent: set[int],
) -> None:
    monkeypatch.setattr(rounds, "WATCH", 0.05)
    monkeypatch.setattr(rounds, limit, 1.0)
    ended, again = threading.Event(), []
    monkeypatch.setattr(rounds, "reconnect", again.append)

    def behave(node: str, piece: Piece, last: bool) -> Outcome | None:
        if piece.of in silent and not again:
            ended.wait(60)  # nobody is at work on it
        return machines.done(node, piece)

    machines.behave = behave
    try:
        made = call()
    finally:
        ended.set()
    assert rows(made.run) == rows(whole)
    # on a busy machine work of pretence, which gives no signs of life, may seem to stall too
    assert set(made.said) == {
        "Ray waits for an actor that does not come back: the rest begins anew."
    }
    assert len(again) == len(made.said) == len(machines.rounds) - 1
    assert len(machines.rounds[0][0]) == 4
    assert limit == "UNBEGUN" or len(machines.rounds[-1][0]) < 4
