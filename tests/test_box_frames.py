"""Boxes in the frames that files have, and numbers that are no regions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lxmert_viz.box_frames import FRAMES
from lxmert_viz.errors import DatasetError, RegionError
from lxmert_viz.records import Regions

SIZE_PX = (480, 360)
SIDES = np.array([480, 360, 480, 360])
# xyxy in 0..1; in pixels no other frame fits them all
BOXES_UNIT = np.array([[0.05, 0.6, 0.3, 0.8], [0.9, 0.1, 1, 0.5], [0, 0, 1, 1]], np.float32)
FEATS = np.arange(24, dtype=np.float32).reshape(3, 8) + 1


def in_frame(boxes_unit: np.ndarray, frame: str, size_px: tuple[int, int] = SIZE_PX) -> np.ndarray:
    boxes = boxes_unit if "unit" in frame else boxes_unit * np.array([*size_px, *size_px])
    if "xywh" in frame:
        return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    return boxes


@pytest.mark.parametrize("frame", FRAMES)
def test_boxes_of_every_frame_are_the_same_boxes(frame: str) -> None:
    found = Regions.from_arrays(in_frame(BOXES_UNIT, frame), FEATS, SIZE_PX, boxes_are=frame)
    np.testing.assert_allclose(found.boxes_unit, BOXES_UNIT, atol=1e-6)
    assert (found.size_px, found.names) == (SIZE_PX, ("unnamed",) * 3)
    assert found.feats.tobytes() == FEATS.tobytes()
    assert found.detector == "arrays"


@pytest.mark.parametrize(
    ("are", "said", "sentence"),
    [
        ("xywh", "corners", r"box 1 of 3 .* runs backwards; all would fit as x, y, width.*xywh"),
        ("unit", "corners", "all boxes lie in 0..1.*normalised already.*--boxes unit"),
        ("unit-xywh", "corners", "runs backwards; all would fit as .*--boxes unit-xywh"),
        ("corners", "xywh", "ends beyond the picture; all would fit as .*--boxes corners"),
        ("corners", "unit", "ends beyond the picture; all would fit as .*--boxes corners"),
        ("unit", "xywh", "all boxes lie in 0..1.*--boxes unit"),
        ("xywh", "unit", "runs backwards; all would fit as .*--boxes xywh"),
    ],
)
def test_boxes_in_another_frame_than_said_are_told_apart(
    are: str, said: str, sentence: str
) -> None:
    with pytest.raises(RegionError, match=sentence):
        Regions.from_arrays(in_frame(BOXES_UNIT, are), FEATS, SIZE_PX, boxes_are=said)


@pytest.mark.parametrize(
    ("boxes", "size_px", "sentence"),
    [
        (BOXES_UNIT * SIDES * 2, SIZE_PX, "ends beyond the picture; .*a picture of another size"),
        (BOXES_UNIT * SIDES, (360, 480), "all would fit with width and height exchanged"),
        (BOXES_UNIT * SIDES - [300, 0, 0, 0], SIZE_PX, "begins before the picture"),
        ([[0, 0, np.nan, 1]] * 3, SIZE_PX, "boxes are not finite: 3 of 12"),
        ([[0, 0, 1e300, 1]] * 3, SIZE_PX, "boxes are not finite"),
        (BOXES_UNIT * SIDES, (0, 360), "a picture of 0 x 360 pixels is none"),
        (BOXES_UNIT * SIDES, (480, 10**9), "480 x 1000000000 pixels is none"),
        (np.zeros((3, 5)), SIZE_PX, r"boxes have the shape \(3, 5\), not \(any, 4\)"),
        (np.zeros((2, 4)) + [0, 0, 9, 9], SIZE_PX, r"features have the shape \(3, 8\), not \(2, "),
    ],
)
def test_numbers_that_are_no_regions_are_refused(
    boxes: np.ndarray, size_px: tuple[int, int], sentence: str
) -> None:
    with pytest.raises(RegionError, match=sentence) as refused:
        Regions.from_arrays(boxes, FEATS, size_px)
    assert isinstance(refused.value, DatasetError)  # of a file, a person mends it
    assert isinstance(refused.value, ValueError)  # of a caller's arrays, a programmer


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"feats": np.full((3, 8), np.inf, np.float32)}, "features are not finite: 24 of 24"),
        ({"feats": np.zeros((4, 8), np.float32)}, r"features have the shape \(4, 8\)"),
        ({"boxes_unit": np.full((3, 4), np.nan, np.float32)}, "boxes are not finite"),
        ({"boxes_unit": BOXES_UNIT[:, [2, 3, 0, 1]]}, "a box is x0, y0, x1, y1 in 0..1"),
        ({"boxes_unit": BOXES_UNIT * 2}, "a box is x0, y0, x1, y1 in 0..1"),
        ({"boxes_unit": np.zeros(3, np.float32)}, r"boxes have the shape \(3,\)"),
        ({"scores": np.full(3, np.nan, np.float32)}, "scores are not finite"),
        ({"names": ("a", "b")}, "2 names for 3 boxes"),
        ({"size_px": (0, 9)}, "0 x 9 pixels"),
    ],
)
def test_a_record_is_checked_whatever_made_it(changed: dict[str, object], sentence: str) -> None:
    whole = Regions.from_arrays(BOXES_UNIT, FEATS, SIZE_PX, boxes_are="unit")
    assert whole.checked() is whole
    with pytest.raises(RegionError, match=sentence):
        replace(whole, **changed).checked()


def test_no_regions_are_regions_too() -> None:
    nothing = Regions.from_arrays([], np.zeros((0, 8)), SIZE_PX)
    assert (len(nothing), nothing.feats.shape) == (0, (0, 8))
    assert not nothing.has_normalised_features


def test_labels_and_scores_of_ones_own_are_kept() -> None:
    found = Regions.from_arrays(
        BOXES_UNIT,
        FEATS,
        SIZE_PX,
        boxes_are="unit",
        names=["a", "b", "c"],
        object_ids=[3, 2, 1],
        scores=[0.5, 0.25, 1],
    )
    assert (found.names, found.object_ids.tolist()) == (("a", "b", "c"), [3, 2, 1])
    assert (found.scores.tolist(), found.attribute_ids.tolist()) == ([0.5, 0.25, 1], [-1] * 3)
    with pytest.raises(RegionError, match="1 scores for 3 boxes"):
        Regions.from_arrays(BOXES_UNIT, FEATS, SIZE_PX, boxes_are="unit", scores=[1])


def test_features_of_length_one_are_seen() -> None:
    whole = Regions.from_arrays(BOXES_UNIT, FEATS, SIZE_PX, boxes_are="unit")
    assert not whole.has_normalised_features
    lengths = np.linalg.norm(FEATS, axis=1, keepdims=True)
    assert replace(whole, feats=FEATS / lengths).has_normalised_features


@given(
    st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=9),
    st.tuples(st.integers(3, 4000), st.integers(3, 4000)),
    st.sampled_from(sorted(FRAMES)),
    st.sampled_from(sorted(FRAMES)),
)
def test_no_frame_is_taken_for_another_without_a_word(
    corners: list[tuple[float, ...]], size_px: tuple[int, int], are: str, said: str
) -> None:
    """What is accepted lies in the picture; what is in its own frame is what it was."""
    drawn = np.array(corners).reshape(-1, 2, 2)
    boxes_unit = np.sort(drawn, axis=1).reshape(-1, 4)
    boxes = in_frame(boxes_unit, are, size_px)
    feats = np.ones((len(boxes), 2))
    try:
        found = Regions.from_arrays(boxes, feats, size_px, boxes_are=said).boxes_unit
    except RegionError:
        assert are != said or np.abs(boxes).max() <= 1.01  # of a picture's first pixel alone
        return
    assert (found >= -0.01).all() and (found <= 1.01).all()
    assert (found[:, :2] <= found[:, 2:]).all()
    if are == said:
        np.testing.assert_allclose(found, boxes_unit, atol=1e-5)
    if are == "unit" and said in ("corners", "xywh"):
        raise AssertionError("shares were taken for pixels")
