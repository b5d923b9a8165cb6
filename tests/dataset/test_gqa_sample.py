"""The published GQA sample through import, region file and board."""

from pathlib import Path

import pytest

from lxmert_viz.checkpoints.contents import RegionNames
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.region_files.cache import RegionCache
from lxmert_viz.region_files.opening import open_regions
from lxmert_viz.results.opening import open_run
from lxmert_viz.runs.elsewhere import take_predictions
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.whole_files import write_json


def test_answers_of_another_model_become_a_board(test_data: Path, tmp_path: Path) -> None:
    """The made-up model is right but for relations, which it always answers with yes."""
    dataset = open_dataset(test_data / "gqa_sample")
    made = [
        {"questionId": e.id, "prediction": "yes" if "rel" in e.types["detailed"] else e.right}
        for e in dataset.examples
    ]
    write_json(tmp_path / "results.json", made)
    board = open_run(take_predictions(tmp_path / "results.json", dataset, tmp_path / "run").path)
    totals = board.totals()
    assert totals.rows == 187 and totals.valid is None and totals.consistency is None
    right = [p["prediction"] == e.right for p, e in zip(made, dataset.examples, strict=True)]
    assert totals.score == pytest.approx(sum(right) / 187)
    assert set(board.breakdown("correct=no", "detailed_type")["value"]) == {
        e.types["detailed"] for e, ok in zip(dataset.examples, right, strict=True) if not ok
    }
    assert totals.tail is not None and board.row("13208246").operation == "query"


def test_every_picture_s_regions_are_found_in_the_file(test_data: Path) -> None:
    dataset = open_dataset(test_data / "gqa_sample")
    lookup = open_regions(dataset.region_file)
    pictures = {example.picture for example in dataset.examples}
    assert all(picture in lookup for picture in pictures) and len(lookup) == 36
    for picture in list(pictures)[:3]:
        regions = lookup[picture]
        assert regions.feats.shape == (36, 2048) and regions.boxes_unit.min() >= 0


def test_regions_of_another_detector_are_refused(
    test_data: Path, tiny_pipeline: Pipeline, tmp_path: Path
) -> None:
    dataset = open_dataset(test_data / "gqa_sample")
    few_names = RegionNames(("ball", "cube"), ())  # published labels go up to 1599
    cache = RegionCache(tmp_path)
    looker = Looker(tiny_pipeline, dataset, "trained", few_names.of, cache, "tiny")
    with pytest.raises(DatasetError, match="2048 features a region and tiny takes 64"):
        looker.check()
