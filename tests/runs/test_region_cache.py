"""What a detector found in one run is found again in the next."""

from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings

if TYPE_CHECKING:
    import pytest

    from lxmert_viz.pipeline import Pipeline


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
