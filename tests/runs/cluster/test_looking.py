"""Regions that a cluster looked for are those of one process, in any layout."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.errors import MachineError
from lxmert_viz.region_files.opening import open_regions
from lxmert_viz.runs import region_shards
from lxmert_viz.runs.cluster import connecting, rounds
from lxmert_viz.runs.cluster.actors import Outcome
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.region_shards import files_of
from tests.helpers.pretended_cluster import Machines
from tests.region_files.test_opening import same

COUNT = 9


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Machines:
    made = Machines("ab")
    made.behave = lambda node, piece, last: made.done(node, piece)
    monkeypatch.setattr(rounds, "machines", made.there)
    monkeypatch.setattr(rounds, "one_round", made.one_round)
    monkeypatch.setattr(connecting, "connected", lambda cluster, log: nullcontext(None))
    monkeypatch.setattr(connecting, "device_of", lambda asked: "cpu")
    monkeypatch.setattr(region_shards, "SHARDS", 3)
    return made


@pytest.fixture
def pictures(tmp_path: Path, photograph: bytes) -> Path:
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for number in range(COUNT - 2):
        (folder / f"p{number}.jpg").write_bytes(photograph + bytes([number]))
    (folder / "more" / "broken.jpg").write_bytes(photograph[:200])
    (folder / "more" / "tab\there.jpg").write_bytes(photograph)
    return folder


def call(pictures: Path, out: Path, model: Path, *more: str) -> int:
    return main(["regions", str(pictures), "-o", str(out), "--model", str(model), *more])


@pytest.mark.parametrize("ending", [".parquet", ".tsv"])
def test_a_cluster_writes_the_file_that_one_process_writes(
    machines: Machines, pictures: Path, tiny_folder: Path, tmp_path: Path, ending: str
) -> None:
    files = [tmp_path / f"{name}{ending}" for name in ("here", "there")]
    assert call(pictures, files[0], tiny_folder) == 0
    assert call(pictures, files[1], tiny_folder, "--engine", "ray", "--threads", "1") == 0
    here, there = (open_regions(file) for file in files)
    assert list(here) == list(there) and len(here) == COUNT - 2
    for name in here:
        assert same(here[name], there[name])
    failed = [file.with_name(f"{file.name}.failed.tsv").read_text() for file in files]
    assert failed[0] == failed[1] and len(failed[0].splitlines()) == 2
    assert [len(names) for names, _ in machines.rounds] == [3]
    left = {path.name for path in tmp_path.iterdir()}
    assert not any("shards" in name or "unfinished" in name for name in left)


def test_a_call_that_ended_goes_on_and_another_model_is_not_mixed_in(
    machines: Machines,
    pictures: Path,
    tiny_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, told = tmp_path / "regions.parquet", iter([0, 1])
    machines.behave = lambda node, piece, last: (
        machines.done(node, piece)
        if next(told, 0) == 0
        else machines.said(node, piece, trace="it broke")
    )
    with pytest.raises(RuntimeError, match="it broke"):
        call(pictures, out, tiny_folder, "--engine", "ray")
    assert call(pictures, out, tiny_folder, "--engine", "ray", "--profile", "demo") == 2
    assert "another settings: profile differ" in capsys.readouterr().err
    assert call(pictures, out, tiny_folder, "--engine", "ray") == 0
    assert [len(names) for names, _ in machines.rounds] == [3, 2]
    assert len(open_regions(out)) == COUNT - 2


def test_a_picture_that_ends_its_actors_fails_and_the_others_do_not(
    machines: Machines, pictures: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    def behave(node: str, piece: Piece, last: bool) -> Outcome | None:
        files = files_of(piece.shard)
        return None if any(file.name == "p4.jpg" for file in files) else machines.done(node, piece)

    machines.behave = behave
    out = tmp_path / "regions.parquet"
    assert call(pictures, out, tiny_folder, "--engine", "ray") == 0
    assert set(open_regions(out)) == {f"p{number}" for number in range(COUNT - 2)} - {"p4"}
    failed = out.with_name(f"{out.name}.failed.tsv").read_text().splitlines()
    assert len(failed) == 3 and sum("p4.jpg\tAsking it ended" in line for line in failed) == 1


def test_a_machine_that_lacks_a_picture_leaves_it_to_others_until_none_is_left(
    machines: Machines, pictures: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    def behave(node: str, piece: Piece, last: bool) -> Outcome:
        gone = next((f for f in files_of(piece.shard) if f.name == "p4.jpg"), None)
        if gone is None:
            return machines.done(node, piece)
        content = gone.read_bytes()
        gone.unlink()
        try:
            return machines.done(node, piece)
        except MachineError as error:
            return machines.said(node, piece, fault=str(error))
        finally:
            gone.write_bytes(content)

    machines.behave = behave
    out = tmp_path / "regions.parquet"
    assert call(pictures, out, tiny_folder, "--engine", "ray") == 0
    assert [last for _, last in machines.rounds] == [False, False, True]
    failed = out.with_name(f"{out.name}.failed.tsv").read_text()
    assert "p4.jpg cannot be read (No such file" in failed
    assert np.isfinite(open_regions(out)["p5"].feats).all()
