import numpy as np
import pytest

from lxmert_viz.analysis import frames
from lxmert_viz.analysis.regions import boxes_px, captions, numbered_names, overlapping
from lxmert_viz.records import Regions


@pytest.fixture
def two_regions() -> Regions:
    return Regions(
        size_px=(200, 100),
        digest="0",
        boxes_unit=np.array([[0, 0.1, 0.5, 0.9], [0.25, 0.5, 1, 1]], dtype=np.float32),
        feats=np.zeros((2, 4), dtype=np.float32),
        names=("red cube", "red cube"),
        object_ids=np.zeros(2, dtype=np.int64),
        attribute_ids=np.zeros(2, dtype=np.int64),
        scores=np.array([0.875, 0.5], dtype=np.float32),
        attribute_scores=np.ones(2, dtype=np.float32),
        profile="trained",
        detector="none",
    )


def test_equal_names_stay_apart(two_regions: Regions) -> None:
    assert numbered_names(two_regions) == ["1 red cube", "2 red cube"]


def test_boxes_stretch_with_width_and_height(two_regions: Regions) -> None:
    assert boxes_px(two_regions).tolist() == [[0, 10, 100, 90], [50, 50, 200, 100]]


def test_a_caption_says_name_score_and_place(two_regions: Regions) -> None:
    assert captions(two_regions)[0] == "1 red cube · score 0.88 · x 0 to 100, y 10 to 90 px"


def test_the_table_has_a_row_a_region(two_regions: Regions) -> None:
    table = frames.regions(two_regions)
    assert table["number"].tolist() == [1, 2]
    assert table["right (px)"].tolist() == [100, 200]
    assert table["score"].tolist() == [0.875, 0.5]
    assert table["name"].tolist() == ["red cube", "red cube"]


def test_no_regions_make_an_empty_table(two_regions: Regions) -> None:
    none = Regions(
        size_px=two_regions.size_px,
        digest="0",
        boxes_unit=np.zeros((0, 4), dtype=np.float32),
        feats=np.zeros((0, 4), dtype=np.float32),
        names=(),
        object_ids=np.zeros(0, dtype=np.int64),
        attribute_ids=np.zeros(0, dtype=np.int64),
        scores=np.zeros(0, dtype=np.float32),
        attribute_scores=np.zeros(0, dtype=np.float32),
        profile="trained",
        detector="none",
    )
    assert captions(none) == []
    table = frames.regions(none)
    assert len(table) == 0 and list(table) == list(frames.regions(two_regions))


def test_boxes_on_one_place_are_those_of_which_half_the_smaller_is_shared() -> None:
    boxes = np.array(
        [[0, 0, 0.4, 0.4], [0, 0.2, 0.4, 0.6], [0.1, 0.1, 0.2, 0.2], [0.9, 0.9, 0.9, 1]]
    )
    found = overlapping(boxes)
    assert found.tolist() == [
        [True, True, True, False],
        [True, True, False, False],
        [True, False, True, False],
        [False, False, False, True],
    ]
    assert overlapping(np.zeros((0, 4))).shape == (0, 0)
