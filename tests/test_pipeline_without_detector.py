"""A checkpoint, its vocabulary and stored regions: what most who fine-tune LXMERT have."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.checkpoints.folder import installed
from lxmert_viz.errors import CheckpointError, DatasetError
from lxmert_viz.experiments import lenses
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.region_files.opening import open_regions, write_rows
from lxmert_viz.region_files.rows import RegionRow
from lxmert_viz.runs.stored import StoredRegions

STUDY = ASSETS / "study"
REGIONS = STUDY / "regions.tsv"
FIRST = "scene-8500000"
TEXT = "is there a cube?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = tmp_path_factory.mktemp("models") / "mine"
    return Path(
        shutil.copytree(ASSETS / "miniature", own, ignore=shutil.ignore_patterns("detector"))
    )


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> Pipeline:
    return Pipeline.open(folder, device="cpu")


def test_it_is_offered_and_answers_as_with_a_detector(folder: Path, pipeline: Pipeline) -> None:
    assert installed(folder.parent) == ("miniature", "mine")
    assert not pipeline.has_detector
    whole = Pipeline.open(device="cpu")
    regions = StoredRegions(pipeline, REGIONS).of(FIRST)
    expected = whole.ask(StoredRegions(whole, REGIONS).of(FIRST), TEXT)
    found = pipeline.ask(regions, TEXT)
    assert found.answers == expected.answers
    assert found.match == expected.match


def test_what_needs_a_detector_says_so(folder: Path, pipeline: Pipeline) -> None:
    for needs in (lambda: pipeline.look(b"picture"), lambda: pipeline.detector):
        with pytest.raises(CheckpointError, match="mine has no detector.*objects.txt.*--regions"):
            needs()
    pipeline.check_profile("of no detector")  # nothing is refused that nobody asks for


def test_labels_without_names_are_numbers(pipeline: Pipeline) -> None:
    regions = StoredRegions(pipeline, REGIONS).of(FIRST)
    first = f"object {regions.object_ids[0]}, attribute {regions.attribute_ids[0]}"
    assert regions.names[0] == first
    assert lenses.lens(pipeline, "objects").labels[:2] == ("object 0", "object 1")


@pytest.mark.parametrize("name", [FIRST, f"{FIRST}.png", f"some/where/{FIRST}.jpg", "8500000"])
def test_ask_finds_a_pictures_regions_by_id_or_path(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    numbered = tmp_path / "numbered.tsv"
    row = RegionRow.of("8500000", open_regions(REGIONS)[FIRST])
    write_rows(numbered, "lxmert", [row])
    file = numbered if name == "8500000" else REGIONS
    asked = ["ask", name, TEXT, "--model", str(folder), "--regions", str(file), "--device", "cpu"]
    assert main(asked) == 0
    assert capsys.readouterr().out.startswith("yes")


def test_ask_without_regions_says_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = str(ASSETS / "scenes" / "scene-1.png")
    assert main(["ask", picture, TEXT, "--model", str(folder)]) == 2
    assert "has no detector to look at pictures with" in capsys.readouterr().err
    unknown = ["ask", "nothing", TEXT, "--model", str(folder), "--regions", str(REGIONS)]
    assert main(unknown) == 2
    assert "no regions of the picture 'nothing'" in capsys.readouterr().err


def test_regions_of_another_detector_are_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    regions = open_regions(REGIONS)[FIRST]
    other = RegionRow.of(FIRST, regions.only(range(2)))
    object.__setattr__(other.regions, "feats", np.zeros((2, 7), np.float32))
    write_rows(tmp_path / "other.tsv", "lxmert", [other])
    with pytest.raises(DatasetError, match="7 features a region and mine takes"):
        StoredRegions(pipeline, tmp_path / "other.tsv").of(FIRST)


def test_evaluating_needs_no_detector_where_regions_are_stored(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = f"image,question,answer\n{FIRST}.png,{TEXT},yes\n"
    (tmp_path / "q.csv").write_text(rows)
    made = []
    for name, model in (("with", "miniature"), ("without", str(folder))):
        asked = ["evaluate", str(tmp_path / "q.csv"), "--model", model, "--regions", str(REGIONS)]
        options = ["--out", str(tmp_path / name), "--no-baselines", "--device", "cpu"]
        assert main([*asked, *options]) == 0
        made.append(pd.read_parquet(tmp_path / name / "predictions.parquet"))
    differing = ["seconds"]
    pd.testing.assert_frame_equal(*(frame.drop(columns=differing) for frame in made))
    capsys.readouterr()
    look = ["evaluate", str(tmp_path / "q.csv"), "--model", str(folder), "--regions", "look"]
    pictures = ["--pictures", str(STUDY / "images"), "--out", str(tmp_path / "looked")]
    assert main([*look, *pictures, "--device", "cpu"]) == 2
    assert "has no detector" in capsys.readouterr().err
