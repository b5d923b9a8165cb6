"""LXMERT's own region files: one picture a line, ten columns, no header, arrays in base64.

Columns: img_id, img_h, img_w, objects_id, objects_conf, attrs_id, attrs_conf, num_boxes, boxes in
pixels, features. Ids are int64, all else float32, little-endian.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Regions

COLUMNS = 10
IDS, NUMBERS = np.dtype("<i8"), np.dtype("<f4")
NameOf = Callable[[int, int], str]  # object and attribute label -> a region's name


def write_regions(path: Path, rows: Iterable[tuple[str, Regions]]) -> None:
    """Picture ids with their regions; the file appears once it is whole."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("w", encoding="utf-8") as file:
        file.writelines(f"{_line(picture, regions)}\n" for picture, regions in rows)
    unfinished.rename(path)


def read_regions(path: Path, name_of: NameOf, detector: str) -> Iterator[tuple[str, Regions]]:
    """Picture ids with their regions, one after the other. Raises DatasetError with the line.

    detector: what to call the one that made the file, which does not say it.
    """
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield parsed(line.rstrip("\n").split("\t"), name_of, detector)
            except (ValueError, binascii.Error) as error:
                raise DatasetError(
                    f"{path}, line {number} is not a line of LXMERT's region format: {error}."
                ) from error


def _line(picture: str, regions: Regions) -> str:
    width, height = regions.size_px
    boxes_px = regions.boxes_unit * np.array([width, height, width, height], np.float32)
    columns = [
        picture,
        str(height),
        str(width),
        _coded(regions.object_ids, IDS),
        _coded(regions.scores, NUMBERS),
        _coded(regions.attribute_ids, IDS),
        _coded(regions.attribute_scores, NUMBERS),
        str(len(regions)),
        _coded(boxes_px, NUMBERS),
        _coded(regions.feats, NUMBERS),
    ]
    return "\t".join(columns)


def parsed(columns: list[str], name_of: NameOf, detector: str) -> tuple[str, Regions]:
    if len(columns) != COLUMNS:
        raise ValueError(f"it has {len(columns)} columns, not {COLUMNS}")
    height, width, count = (int(columns[place]) for place in (1, 2, 7))
    object_ids, attribute_ids = (_array(columns[i], IDS, (count,)) for i in (3, 5))
    boxes_px = _array(columns[8], NUMBERS, (count, 4))
    return columns[0], Regions(
        size_px=(width, height),
        digest="",
        boxes_unit=boxes_px / np.array([width, height, width, height], np.float32),
        feats=_array(columns[9], NUMBERS, (count, -1)),
        names=tuple(map(name_of, object_ids, attribute_ids)),
        object_ids=object_ids,
        attribute_ids=attribute_ids,
        scores=_array(columns[4], NUMBERS, (count,)),
        attribute_scores=_array(columns[6], NUMBERS, (count,)),
        profile="trained",
        detector=detector,
    )


def _coded(array: np.ndarray, kind: np.dtype) -> str:
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode()


def _array(text: str, kind: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    values = np.frombuffer(base64.b64decode(text, validate=True), kind)
    if shape[-1] == -1:
        shape = (shape[0], values.size // max(shape[0], 1))
    return values.reshape(shape).copy()  # what frombuffer gives is read-only
