"""LXMERT's own region files: one picture a line, ten columns, no header, arrays in base64.

Columns: img_id, img_h, img_w, objects_id, objects_conf, attrs_id, attrs_conf, num_boxes, boxes in
pixels, features. Ids are int64, all else float32, little-endian.
"""

from collections.abc import Iterable
from pathlib import Path

from lxmert_viz.records import Regions
from lxmert_viz.region_files.cells import IDS, NUMBERS, Cells, coded
from lxmert_viz.region_files.rows import Origin, RegionRow
from lxmert_viz.region_files.tsv import TsvLayout, write_tsv


def write_regions(path: Path, rows: Iterable[tuple[str, Regions]]) -> None:
    """Picture ids with their regions; the file appears once it is whole."""
    write_tsv(path, LAYOUT, (RegionRow.of(*row) for row in rows), "\n")


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


def _row(cells: Cells, origin: Origin) -> RegionRow:
    count = cells.whole("num_boxes")
    return RegionRow.from_arrays(
        cells.text("img_id"),
        cells.array("boxes", NUMBERS, (count, 4)),
        cells.array("features", NUMBERS, (count, -1)),
        (cells.whole("img_w"), cells.whole("img_h")),
        origin,
        object_ids=cells.array("objects_id", IDS, (count,)),
        scores=cells.array("objects_conf", NUMBERS, (count,)),
        attribute_ids=cells.array("attrs_id", IDS, (count,)),
        attribute_scores=cells.array("attrs_conf", NUMBERS, (count,)),
    )


COLUMNS = (
    "img_id",
    "img_h",
    "img_w",
    "objects_id",
    "objects_conf",
    "attrs_id",
    "attrs_conf",
    "num_boxes",
    "boxes",
    "features",
)
LAYOUT = TsvLayout("LXMERT's region format", COLUMNS, _columns, _row)
