"""What a detector found in one run is found again in the next."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.detector import speed
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings

if TYPE_CHECKING:
    from lxmert_viz.pipeline import Pipeline


def test_a_second_run_looks_at_no_picture_again(
    tiny_pipeline: "Pipeline",
    tiny_folder: Path,
    tmp_path: Path,
    photograph: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.jpg").write_bytes(photograph)
    (data / "questions.csv").write_text("id,image,question,answer\n1,a,is it red?,yes\n")
    cache, dataset = tmp_path / "cache", open_dataset(data)
    runs = []
    for name in ("first", "second"):
        folder = tmp_path / name
        runs.append(
            evaluate(tiny_pipeline, tiny_folder, dataset, folder, Settings(), region_cache=cache)
        )
        monkeypatch.setattr(tiny_pipeline, "look", None)
    first, second = (next(run.predictions()) for run in runs)
    assert first.answers == second.answers and not second.error


def test_regions_and_rows_of_another_precision_are_not_taken_for_each_other(
    tiny_folder: Path,
    tmp_path: Path,
    photograph: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(speed, "has_bfloat16", lambda device: True)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jpg").write_bytes(photograph)
    (tmp_path / "data" / "questions.csv").write_text("id,image,question\n1,a,is it red?\n")
    call = ["evaluate", str(tmp_path / "data"), "--model", str(tiny_folder), "--device", "cpu"]
    call += ["--region-cache", str(tmp_path / "cache"), "--precision"]
    assert main([*call, "full", "--out", str(tmp_path / "full")]) == 0
    run = ["--out", str(tmp_path / "mixed")]
    assert main([*call, "mixed", *run]) == 0
    assert len(list((tmp_path / "cache").iterdir())) == 2
    noted = RunFolder(tmp_path / "mixed").manifest()["provenance"]
    assert noted["device"] == "cpu in mixed precision"
    (tmp_path / "mixed" / "predictions.parquet").unlink()
    capsys.readouterr()
    assert main([*call, "full", *run]) == 2
    assert "device cpu and not cpu in mixed" in capsys.readouterr().err
    assert main([*call, "mixed", *run, "--engine", "ray"]) == 2
    assert "leave it out with --engine" in capsys.readouterr().err
