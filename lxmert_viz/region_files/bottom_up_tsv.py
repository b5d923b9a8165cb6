"""Region files of bottom-up-attention: image_id, image_w, image_h, num_boxes, boxes, features.

One picture a line, no header; boxes in pixels and features are float32 in base64, little-endian.
They name no objects.
"""

from lxmert_viz.region_files.cells import NUMBERS, Cells, coded
from lxmert_viz.region_files.rows import Origin, RegionRow
from lxmert_viz.region_files.tsv import TsvLayout


def _columns(row: RegionRow) -> list[str]:
    width, height = row.regions.size_px
    return [
        row.picture,
        str(width),
        str(height),
        str(len(row.regions)),
        coded(row.boxes_px, NUMBERS),
        coded(row.regions.feats, NUMBERS),
    ]


def _row(cells: Cells, origin: Origin) -> RegionRow:
    """Every region is called unnamed, with the labels -1 and the scores 0."""
    count = cells.whole("num_boxes")
    size_px = cells.whole("image_w"), cells.whole("image_h")
    boxes = cells.array("boxes", NUMBERS, (count, 4))
    feats = cells.array("features", NUMBERS, (count, -1))
    return RegionRow.from_arrays(cells.text("image_id"), boxes, feats, size_px, origin)


COLUMNS = ("image_id", "image_w", "image_h", "num_boxes", "boxes", "features")
LAYOUT = TsvLayout("bottom-up-attention's region format", COLUMNS, _columns, _row)
