"""LXMERT's own region files: one picture a line, ten columns, no header, arrays in base64.

Columns: img_id, img_h, img_w, objects_id, objects_conf, attrs_id, attrs_conf, num_boxes, boxes in
pixels, features. Ids are int64, all else float32, little-endian.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from lxmert_viz.records import Regions
from lxmert_viz.region_files.rows import NameOf, Origin, RegionRow, sides
from lxmert_viz.region_files.tsv import (
    IDS,
    NUMBERS,
    TsvLayout,
    coded,
    decoded,
    lines,
    parsed,
    write_tsv,
)


def write_regions(path: Path, rows: Iterable[tuple[str, Regions]]) -> None:
    """Picture ids with their regions; the file appears once it is whole."""
    write_tsv(path, LAYOUT, (RegionRow.of(*row) for row in rows), "\n")


def read_regions(path: Path, name_of: NameOf, detector: str) -> Iterator[tuple[str, Regions]]:
    """Picture ids with their regions, one after the other. Raises DatasetError with the line.

    detector: what to call the one that made the file, which does not say it.
    """
    origin = Origin(detector, name_of)
    for number, line in enumerate(lines(path), start=1):
        row = parsed(path, number, line, LAYOUT, origin)
        yield row.picture, row.regions


def _columns(row: RegionRow) -> list[str]:
    regions = row.regions
    width, height = regions.size_px
    return [
        row.picture,
        str(height),
        str(width),
        coded(regions.object_ids, IDS),
        coded(regions.scores, NUMBERS),
        coded(regions.attribute_ids, IDS),
        coded(regions.attribute_scores, NUMBERS),
        str(len(regions)),
        coded(row.boxes_px, NUMBERS),
        coded(regions.feats, NUMBERS),
    ]


def _row(columns: list[str], origin: Origin) -> RegionRow:
    height, width, count = (int(columns[place]) for place in (1, 2, 7))
    object_ids, attribute_ids = (decoded(columns[i], IDS, (count,)) for i in (3, 5))
    boxes_px = decoded(columns[8], NUMBERS, (count, 4))
    regions = Regions(
        size_px=(width, height),
        digest="",
        boxes_unit=boxes_px / sides((width, height)),
        feats=decoded(columns[9], NUMBERS, (count, -1)),
        names=tuple(map(origin.name_of, object_ids, attribute_ids)),
        object_ids=object_ids,
        attribute_ids=attribute_ids,
        scores=decoded(columns[4], NUMBERS, (count,)),
        attribute_scores=decoded(columns[6], NUMBERS, (count,)),
        profile=origin.profile,
        detector=origin.detector,
    )
    return RegionRow(columns[0], regions, boxes_px)


LAYOUT = TsvLayout("LXMERT's region format", 10, _columns, _row)
