"""Boxes in the frames that files have, brought to xyxy in 0..1; numbers that are none, refused."""

import numpy as np

from lxmert_viz.errors import RegionError

CORNERS, CORNER_AND_SIZE, UNIT, UNIT_CORNER_AND_SIZE = "corners", "xywh", "unit", "unit-xywh"
FRAMES = {
    CORNERS: "x0, y0, x1, y1 in pixels",
    CORNER_AND_SIZE: "x, y, width, height in pixels",
    UNIT: "x0, y0, x1, y1 in 0..1 of the picture",
    UNIT_CORNER_AND_SIZE: "x, y, width, height in 0..1 of the picture",
}
IN_PIXELS = (CORNERS, CORNER_AND_SIZE)
ROUNDING = 0.01  # how far a box may lie outside, as a share of the picture
LONGEST_SIDE = 1_000_000  # pixels


def sides(size_px: tuple[int, int]) -> np.ndarray:
    """What boxes in shares of a picture are multiplied by to be in pixels."""
    return np.array([*size_px, *size_px], np.float32)


def checked_size(width: int, height: int) -> tuple[int, int]:
    """The same. Raises RegionError for a picture without pixels, or with absurdly many."""
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE):
        raise RegionError(
            f"a picture of {width} x {height} pixels is none; width and height are 1 or more"
        )
    return width, height


def numbers(values: object, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array of one's own in float32. Raises RegionError for another shape, and for NaN.

    shape: 0 stands for any size.
    """
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        array = np.array(values, np.float32)
    if not array.size and array.ndim < len(shape):
        array = array.reshape(shape)
    fits = array.ndim == len(shape) and all(
        not wanted or wanted == found for wanted, found in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise RegionError(f"{name} have the shape {array.shape}, not {_shape(shape)}")
    check_finite(array, name)
    return array


def whole_numbers(values: object) -> np.ndarray:
    """Labels as an array of one's own in int64. Raises RegionError for NaN."""
    array = np.asarray(values)
    if array.dtype.kind == "f":
        check_finite(array, "labels")
    return array.astype(np.int64)


def check_finite(array: np.ndarray, name: str) -> None:
    """Raises RegionError."""
    count = array.size - int(np.isfinite(array).sum())
    if count:
        raise RegionError(
            f"{name} are not finite: {count:,} of {array.size:,} numbers are NaN or infinite; "
            "extract them again"
        )


def check_boxes_unit(boxes: np.ndarray) -> None:
    """boxes: (R, 4) xyxy. Raises RegionError for one that runs backwards, or ends outside."""
    wrong = _misfits(boxes)
    if wrong.any():
        raise RegionError(f"a box is {FRAMES[UNIT]}, not {_shown(boxes[wrong.argmax()])}")


def boxes_unit_of(boxes: np.ndarray, frame: str, size_px: tuple[int, int]) -> np.ndarray:
    """(R, 4) float32 xyxy in 0..1 of a picture.

    boxes: (R, 4) float32 in the frame, one of FRAMES. Raises RegionError, with what they look
    like, for boxes that cannot be in it.
    """
    unit = _in_unit(boxes, frame, size_px)
    wrong = _misfits(unit)
    if wrong.any():
        place = int(wrong.argmax())
        raise RegionError(
            f"box {place + 1} of {len(boxes)} is not {_in_words(frame, size_px)}: "
            f"{_shown(boxes[place])} {_fault(unit[place])}; {_look(boxes, frame, size_px)}"
        )
    if frame in IN_PIXELS and _are_shares(boxes, size_px):
        width, height = size_px
        raise RegionError(
            f"all boxes lie in 0..1, the first at {_shown(boxes[0])}, in a picture of {width} x "
            f"{height} pixels: normalised already? {_look(boxes, frame, size_px)}"
        )
    return unit


def boxes_px_of(
    boxes: np.ndarray, boxes_unit: np.ndarray, frame: str, size_px: tuple[int, int]
) -> np.ndarray:
    """(R, 4) float32 xyxy in pixels: as they came where they came so, to the last bit."""
    return boxes if frame == CORNERS else boxes_unit * sides(size_px)


def _in_unit(boxes: np.ndarray, frame: str, size_px: tuple[int, int]) -> np.ndarray:
    corners = boxes
    if frame in (CORNER_AND_SIZE, UNIT_CORNER_AND_SIZE):
        corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    return corners / sides(size_px) if frame in IN_PIXELS else corners


def _misfits(boxes_unit: np.ndarray) -> np.ndarray:
    """(R,) bool; NaN does not fit."""
    inside = (boxes_unit >= -ROUNDING) & (boxes_unit <= 1 + ROUNDING)
    return ~inside.all(axis=1) | (boxes_unit[:, :2] > boxes_unit[:, 2:]).any(axis=1)


def _are_shares(boxes: np.ndarray, size_px: tuple[int, int]) -> bool:
    """Whether boxes in pixels all lie in the first pixel of a picture that has more."""
    return len(boxes) > 0 and max(size_px) > 2 and float(np.abs(boxes).max()) <= 1 + ROUNDING


def _look(boxes: np.ndarray, frame: str, size_px: tuple[int, int]) -> str:
    """What boxes that are not in their frame may be."""
    fitting = [
        other
        for other in FRAMES
        if other != frame
        and not _misfits(_in_unit(boxes, other, size_px)).any()
        and not (other in IN_PIXELS and _are_shares(boxes, size_px))
    ]
    if fitting:
        return (
            f"all would fit as {FRAMES[fitting[0]]}; if they are that, say so: "
            f"--boxes {fitting[0]}, in Python boxes_are={fitting[0]!r}"
        )
    if not _misfits(_in_unit(boxes, frame, (size_px[1], size_px[0]))).any():
        return "all would fit with width and height exchanged"
    return "they may be of a picture of another size, or damaged: extract them again"


def _fault(box_unit: np.ndarray) -> str:
    if (box_unit[:2] > box_unit[2:]).any():
        return "runs backwards"
    return "begins before the picture" if box_unit.min() < -ROUNDING else "ends beyond the picture"


def _shape(sizes: tuple[int, ...]) -> str:
    told = [str(size or "any") for size in sizes]
    return f"({', '.join(told)}{',' if len(told) == 1 else ''})"


def _in_words(frame: str, size_px: tuple[int, int]) -> str:
    if frame in IN_PIXELS:
        return f"{FRAMES[frame]} of a picture of {size_px[0]} x {size_px[1]}"
    return FRAMES[frame]


def _shown(box: np.ndarray) -> str:
    return f"({', '.join(f'{side:.6g}' for side in box.tolist())})"
