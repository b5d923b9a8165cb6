"""Region files of bottom-up-attention: image_id, image_w, image_h, num_boxes, boxes, features.

One picture a line, no header; boxes in pixels and features are float32 in base64, little-endian.
They name no objects.
"""

import numpy as np

from lxmert_viz.records import Regions
from lxmert_viz.region_files.rows import Origin, RegionRow, sides
from lxmert_viz.region_files.tsv import NUMBERS, TsvLayout, coded, decoded

UNNAMED = "unnamed"
NO_LABEL = -1


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


def _row(columns: list[str], origin: Origin) -> RegionRow:
    """Every region is called unnamed, with the labels -1 and the scores 0."""
    width, height, count = (int(columns[place]) for place in (1, 2, 3))
    boxes_px = decoded(columns[4], NUMBERS, (count, 4))
    regions = Regions(
        size_px=(width, height),
        digest="",
        boxes_unit=boxes_px / sides((width, height)),
        feats=decoded(columns[5], NUMBERS, (count, -1)),
        names=(UNNAMED,) * count,
        object_ids=np.full(count, NO_LABEL),
        attribute_ids=np.full(count, NO_LABEL),
        scores=np.zeros(count, np.float32),
        attribute_scores=np.zeros(count, np.float32),
        profile=origin.profile,
        detector=origin.detector,
    )
    return RegionRow(columns[0], regions, boxes_px)


LAYOUT = TsvLayout("bottom-up-attention's region format", 6, _columns, _row)
