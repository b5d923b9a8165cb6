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
