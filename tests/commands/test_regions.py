"""The command `regions`: a folder of pictures into a file, also after being killed."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from filelock import FileLock

from lxmert_viz.__main__ import main
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ROOT
from lxmert_viz.region_files.journal import MADE_BY, RegionJournal
from lxmert_viz.region_files.opening import LAYOUTS, open_regions
from lxmert_viz.region_files.rows import RegionRow
from tests.region_files.test_lxmert_tsv import regions
from tests.region_files.test_opening import same

REPOSITORY = ROOT
MAKER = {"model": "tiny"}


@pytest.fixture
def folder(tmp_path: Path, photograph: bytes) -> Path:
    made = tmp_path / "pictures"
    (made / "more").mkdir(parents=True)
    for name in ("scene_1.jpg", "scene_2.jpg", "more/scene_3.JPG"):
        (made / name).write_bytes(photograph)
    return made


def call(folder: Path, out: Path, model: Path, *options: str) -> list[str]:
    return ["regions", str(folder), "-o", str(out), "--model", str(model), *options]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_becomes_a_file_of_any_layout(
    folder: Path, tmp_path: Path, tiny_folder: Path, tiny_pipeline: Pipeline, layout: str
) -> None:
    out = tmp_path / "out"
    assert main(call(folder, out, tiny_folder, "--layout", layout)) == 0
    read = open_regions(out)
    assert (len(read), read.layout) == (3, layout)
    expected = tiny_pipeline.look((folder / "scene_1.jpg").read_bytes())
    found = read["1" if layout == "reference" else "scene_1"]
    assert found.feats.tobytes() == expected.feats.tobytes()
    np.testing.assert_allclose(found.boxes_unit, expected.boxes_unit, atol=1e-6)
    if layout in ("parquet", "safetensors"):
        assert expected.left_out is not None
        assert same(found, expected)
    assert names_in(tmp_path) == ["out", "pictures"]


def test_what_fails_is_listed_with_its_reason_and_the_rest_is_done(
    folder: Path, tmp_path: Path, tiny_folder: Path, photograph: bytes
) -> None:
    (folder / "broken.png").write_bytes(photograph[:400])
    (folder / "more" / "scene_1.png").write_bytes(photograph)
    out = tmp_path / "out.tsv"
    assert main(call(folder, out, tiny_folder)) == 0
    assert open_regions(out).pictures == ["more/scene_1", "scene_3", "scene_1.jpg", "scene_2"]
    lines = (tmp_path / "out.tsv.failed.tsv").read_text().splitlines()
    failed = {Path(line.split("\t")[0]).name: line.split("\t")[1] for line in lines}
    assert failed.keys() == {"broken.png"}
    assert "save or download it again" in failed["broken.png"]


def test_progress_tells_how_many_are_done_and_how_long_the_rest_takes(
    folder: Path, tmp_path: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(call(folder, tmp_path / "out.tsv", tiny_folder))
    shown = capsys.readouterr()
    assert shown.err.splitlines()[-1].startswith("3 of 3 pictures, ")
    assert shown.err.endswith("0 s left\n")
    assert shown.out == f"regions of 3 pictures in {tmp_path / 'out.tsv'}\n"


def test_a_killed_run_goes_on_where_it_was(
    folder: Path, tmp_path: Path, tiny_folder: Path, photograph: bytes
) -> None:
    for number in range(4, 400):
        (folder / f"scene_{number}.jpg").write_bytes(photograph)
    out = tmp_path / "out.parquet"
    arguments = call(folder, out, tiny_folder, "--device", "cpu")
    process = subprocess.Popen(
        [sys.executable, "-m", "lxmert_viz", *arguments], cwd=REPOSITORY, stderr=subprocess.DEVNULL
    )
    journal = tmp_path / "out.parquet.unfinished"
    deadline = time.monotonic() + 120
    while not (journal.exists() and journal.stat().st_size > 20_000):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    with pa.memory_map(str(journal)) as source:
        stream = pa.ipc.open_stream(source)
        maker = json.loads(stream.schema.metadata[MADE_BY])
    assert maker.keys() == {"model", "detector", "profile", "precision", "backend"}
    with RegionJournal(journal, maker) as kept:
        done = len(kept.pictures)
    assert 0 < done < 399
    for path in folder.glob("scene_??*.jpg"):
        if path.stem not in kept.pictures:
            path.unlink()  # the rest would only take time
    assert main(arguments) == 0
    assert len(open_regions(out)) >= done
    assert not journal.exists()


def test_a_file_that_is_being_made_is_left_to_the_one_who_makes_it(
    folder: Path, tmp_path: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.tsv"
    with FileLock(tmp_path / "out.tsv.lock"):
        assert main(call(folder, out, tiny_folder)) == 2
    assert "is being made by another process" in capsys.readouterr().err
    assert not out.exists() and not (tmp_path / "out.tsv.unfinished").exists()
    assert main(call(folder, out, tiny_folder)) == 0
    assert names_in(tmp_path) == ["out.tsv", "pictures"]


def test_a_journal_keeps_every_whole_row_wherever_it_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    rows = [RegionRow.of(f"scene_{i}", regions(2, seed=i)) for i in range(3)]
    ends = []
    with RegionJournal(path, MAKER) as journal:
        for row in rows:
            journal.add(row)
            ends.append(path.stat().st_size)
    whole = path.read_bytes()
    for cut in [*range(0, len(whole), 97), *ends, *(end - 1 for end in ends)]:
        path.write_bytes(whole[:cut])
        with RegionJournal(path, MAKER) as journal:
            kept = [row for row, end in zip(rows, ends, strict=True) if end <= cut]
            assert journal.pictures == {row.picture for row in kept}
            for row in rows[len(kept) :]:
                journal.add(row)
            found = list(journal.rows())
        assert path.read_bytes() == whole
        assert all(same(a.regions, b.regions) for a, b in zip(rows, found, strict=True))


def test_a_journal_of_another_model_is_not_gone_on_with(tmp_path: Path) -> None:
    with RegionJournal(tmp_path / "journal", MAKER):
        pass
    with pytest.raises(DatasetError, match="'tiny'|\"tiny\""):
        RegionJournal(tmp_path / "journal", {"model": "other"})


def test_a_file_of_regions_is_brought_into_another_layout(
    tmp_path: Path, folder: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tsv, parquet, again = (tmp_path / name for name in ("a.tsv", "b.parquet", "c.tsv"))
    main(call(folder, tsv, tiny_folder))
    assert main(call(tsv, parquet, tiny_folder)) == 0
    assert open_regions(parquet)["scene_1"].names[0].split()[1] in (
        "ball",
        "cube",
        "dog",
        "man",
        "tree",
        "house",
    )
    assert main(["regions", str(parquet), "-o", str(again)]) == 0
    assert again.read_bytes() == tsv.read_bytes()


def test_labels_that_a_model_does_not_know_are_refused(
    tmp_path: Path, test_data: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = test_data / "gqa_sample" / "obj36.tsv"
    assert main(call(published, tmp_path / "a.parquet", tiny_folder)) == 2
    assert "made with another detector" in capsys.readouterr().err
    assert not list(tmp_path.glob("a.parquet*"))


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("there.tsv", "is there already"),
        ("nowhere/out.tsv", "There is no folder"),
        ("out.csv", "ends in none of"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    tmp_path: Path, folder: Path, out: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there.tsv").touch()
    assert main(["regions", str(folder), "-o", str(tmp_path / out)]) == 2
    assert sentence in capsys.readouterr().err


def test_a_folder_without_pictures_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["regions", str(tmp_path), "-o", str(tmp_path / "o.tsv")]) == 2
    assert "holds no pictures" in capsys.readouterr().err


def test_a_run_is_not_gone_on_with_by_another_detector_of_the_same_name(
    folder: Path, tmp_path: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "two.tsv.unfinished"
    maker = {"model": "tiny", "detector": "other", "profile": "trained", "precision": "full"}
    with RegionJournal(journal, maker):
        pass
    assert main(call(folder, tmp_path / "two.tsv", tiny_folder)) == 2
    assert "Ask as before to go on, or delete it" in capsys.readouterr().err
