"""What a detector found is found again, bit for bit, and never mistaken for another's."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.runs.evaluation import Settings, evaluate
from lxmert_viz.runs.region_cache import RegionCache

if TYPE_CHECKING:
    import pytest

    from lxmert_viz.pipeline import Pipeline


def test_regions_come_back_bit_for_bit(
    tiny_pipeline: "Pipeline", tiny_folder: Path, tmp_path: Path, photograph: bytes
) -> None:
    cache = RegionCache(tmp_path, tiny_folder / "detector", "trained")
    assert cache.find(photograph) is None
    seen = tiny_pipeline.look(photograph)
    cache.keep(photograph, seen)
    found = cache.find(photograph)
    for field in fields(seen):
        before, after = getattr(seen, field.name), getattr(found, field.name)
        assert np.array_equal(before, after) and type(before) is type(after), field.name


def test_other_profiles_detectors_and_damaged_files_are_not_there(
    tiny_pipeline: "Pipeline", tiny_folder: Path, tmp_path: Path, photograph: bytes
) -> None:
    cache = RegionCache(tmp_path, tiny_folder / "detector", "trained")
    cache.keep(photograph, tiny_pipeline.look(photograph))
    assert RegionCache(tmp_path, tiny_folder / "detector", "demo").find(photograph) is None
    assert RegionCache(tmp_path, tiny_folder, "trained").find(photograph) is None
    (file,) = tmp_path.rglob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    assert cache.find(photograph) is None


def test_a_second_run_looks_at_no_picture_again(
    tiny_pipeline: "Pipeline",
    tiny_folder: Path,
    tmp_path: Path,
    photograph: bytes,
    monkeypatch: "pytest.MonkeyPatch",
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
