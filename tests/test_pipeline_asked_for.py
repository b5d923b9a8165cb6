"""Regions of boxes that are given, and words for what a text leaves open."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions


@pytest.fixture(scope="module")
def regions(tiny_pipeline: Pipeline, photograph: bytes) -> Regions:
    return tiny_pipeline.look(photograph)


def test_given_boxes_are_described_as_they_are_and_in_their_order(
    tiny_pipeline: Pipeline, photograph: bytes, regions: Regions
) -> None:
    boxes = np.array([[0.5, 0.4, 0.9, 0.9], [0.0, 0.0, 1.0, 1.0]], np.float32)
    given = tiny_pipeline.look(photograph, boxes_unit=boxes)
    np.testing.assert_allclose(given.boxes_unit, boxes, atol=1e-6)
    again = tiny_pipeline.look(photograph, boxes_unit=regions.boxes_unit)
    np.testing.assert_allclose(again.feats, regions.feats, atol=1e-4)
    assert again.names == regions.names


@pytest.mark.parametrize(
    ("boxes", "reason"),
    [
        (np.zeros((3, 5)), r"shape \(3, 5\)"),
        ([0.1, 0.1, 0.5, 0.5], r"shape \(4,\)"),
        ([[0, 0, 300, 200]], "0..1 of the picture"),
        ([[0.5, 0.5, 0.1, 0.9]], "0..1 of the picture"),
        ([[np.nan, 0, 1, 1]], "boxes are not finite"),
    ],
)
def test_what_are_no_boxes_is_a_programming_error(
    tiny_pipeline: Pipeline, photograph: bytes, boxes: np.ndarray, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        tiny_pipeline.look(photograph, boxes_unit=boxes)
    assert len(tiny_pipeline.look(photograph, boxes_unit=[[0, 0, 1, 1]])) == 1
    assert len(tiny_pipeline.look(photograph, boxes_unit=[])) == 0


def test_arguments_of_another_kind_are_named(
    tiny_pipeline: Pipeline, tiny_folder: Path, photograph: bytes, tmp_path: Path
) -> None:
    for picture in ("picture.jpg", tmp_path / "picture.jpg", None):
        with pytest.raises(ValueError, match="a picture is the bytes of its file"):
            tiny_pipeline.look(picture)
    with pytest.raises(ValueError, match="regions come from look, not from bytes"):
        tiny_pipeline.ask(photograph, "what?")
    with pytest.raises(ValueError, match="backend is 'caffe'"):
        Pipeline.open(tiny_folder, backend="caffe")


def test_masked_words_are_those_of_the_word_head(tiny_folder: Path, regions: Regions) -> None:
    pipeline = Pipeline.open(tiny_folder, device="cpu")
    first, second = pipeline.masked_words(regions, "a [MASK] [MASK]", top=3)
    assert len(first) == len(second) == 3
    assert [word.probability for word in first] == sorted(
        (word.probability for word in first), reverse=True
    )
    head = pipeline._network.cls.predictions
    with torch.no_grad():
        head.bias[8] += 100
    for ranking in pipeline.masked_words(regions, "a [MASK] [MASK]", top=2):
        assert ranking[0].text == pipeline.tokenizer.convert_ids_to_tokens(8)
        assert ranking[0].probability == pytest.approx(1.0)
    assert pipeline.masked_words(regions, "a word") == []
