"""A picture with its regions, as HTML: right in shape at any width, with numbers that stay legible.

The boxes are placed in percent, their frames and numbers drawn in screen pixels. Pointing at a box
dims the others and shows its caption.
"""

import html
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lxmert_viz.figures import theme

MANY = 16  # regions above which frames are thin, so that the picture stays in sight


def regions_picture(
    source: str, size_px: tuple[int, int], boxes_unit: np.ndarray, captions: Sequence[str]
) -> str:
    """The picture with one numbered frame a region.

    source: the picture as an address (data:image/...). boxes_unit: (R, 4) xyxy in 0..1.
    captions: R, each shown when its region is pointed at.
    """
    _check(boxes_unit, len(captions))
    boxes = [
        _Box(
            number=str(index + 1),
            style=f"--colour:{theme.BOX_COLOURS[index % len(theme.BOX_COLOURS)]}",
            caption=caption,
        )
        for index, caption in enumerate(captions)
    ]
    alt = f"The picture with {len(captions)} numbered regions; the table below lists them."
    kind = "lv-many" if len(captions) > MANY else ""
    return _frame(source, size_px, boxes_unit, boxes, alt, kind)


def weighted_picture(
    source: str,
    size_px: tuple[int, int],
    boxes_unit: np.ndarray,
    captions: Sequence[str],
    weights: np.ndarray,
    *,
    top: float,
    named: Sequence[int],
    chosen: int | None = None,
) -> str:
    """The picture with every region filled and framed by its weight.

    weights: (R,). top: the weight of the fullest fill. named: the regions whose weight stands in
    the picture, strongest first. chosen: the region that looks, framed in its own colour.
    """
    _check(boxes_unit, len(captions))
    _check(boxes_unit, len(weights))
    boxes = [
        _Box(
            number=f"{index + 1} · {weight:.2f}" if index in named else str(index + 1),
            style=f"--weight:{min(weight / top, 1):.3f}",
            caption=f"{caption} · weight {weight:.4f}",
            kind="lv-looks" if index == chosen else "" if index in named else "lv-faint",
        )
        for index, (caption, weight) in enumerate(zip(captions, weights, strict=True))
    ]
    order = ", ".join(f"{index + 1} ({weights[index]:.2f})" for index in named)
    return _frame(source, size_px, boxes_unit, boxes, f"Strongest regions: {order}.", "lv-weighted")


class _Box(NamedTuple):
    number: str
    style: str
    caption: str
    kind: str = ""


def _frame(
    source: str,
    size_px: tuple[int, int],
    boxes_unit: np.ndarray,
    boxes: Sequence[_Box],
    alt: str,
    kind: str,
) -> str:
    width, height = size_px
    spans = boxes_unit[:, 2:] - boxes_unit[:, :2]  # (R, 2)
    small_on_top = np.argsort(-spans.prod(axis=1), kind="stable")
    parts = []
    for index in small_on_top:
        box, (left, top, _, _), (wide, high) = boxes[index], boxes_unit[index], spans[index]
        parts.append(
            f'<div class="lv-box {box.kind}" style="{box.style};left:{left:.2%};top:{top:.2%};'
            f'width:{wide:.2%};height:{high:.2%}"><span>{html.escape(box.number)}</span></div>'
            f'<div class="lv-card">{html.escape(box.caption)}</div>'
        )
    return (
        f'<style>{_STYLE}</style><div class="lv-picture {kind}" role="img" '
        f'aria-label="{html.escape(alt)}" style="aspect-ratio:{width}/{height};'
        f'max-width:calc(68vh * {width / height:.4f})">'
        f'<img src="{html.escape(source)}" alt="">{"".join(parts)}</div>'
    )


def _check(boxes_unit: np.ndarray, labels: int) -> None:
    if boxes_unit.shape != (labels, 4):
        raise ValueError(f"boxes are {boxes_unit.shape}, expected ({labels}, 4)")


_STYLE = f"""
.lv-picture {{
  position: relative; width: 100%; margin: 0 auto; border-radius: 6px; overflow: hidden;
  font-family: system-ui, sans-serif;
}}
.lv-picture img {{ position: absolute; inset: 0; width: 100%; height: 100%; display: block; }}
.lv-weighted img {{ filter: saturate(0.55) brightness(0.82); }}
.lv-box {{
  position: absolute; box-sizing: border-box; border: 2px solid var(--colour); border-radius: 2px;
  box-shadow: 0 0 0 1px rgba(0, 0, 0, 0.45), inset 0 0 0 1px rgba(0, 0, 0, 0.25);
}}
.lv-box span {{
  position: absolute; left: -2px; top: -2px; padding: 0 4px; border-radius: 2px;
  font-size: 11px; font-weight: 600; line-height: 15px; white-space: nowrap;
  color: #10171b; background: var(--colour);
}}
.lv-many .lv-box {{ border-width: 1px; box-shadow: 0 0 0 1px rgba(0, 0, 0, 0.35); }}
.lv-many .lv-box span {{ left: -1px; top: -1px; font-size: 10px; line-height: 13px; }}
.lv-weighted .lv-box {{
  --colour: rgb({theme.WEIGHT_RGB}); border-width: calc(1px + var(--weight) * 4px);
  background: rgba({theme.WEIGHT_RGB}, calc(var(--weight) * 0.5));
}}
.lv-weighted .lv-box span {{ color: #fff; background: #8a3d00; z-index: 1; }}
.lv-weighted .lv-faint {{ border-color: rgba(255, 255, 255, 0.4); box-shadow: none; }}
.lv-weighted .lv-faint span {{
  z-index: 0; font-size: 10px; line-height: 13px; background: rgba(0, 0, 0, 0.6);
}}
.lv-weighted .lv-looks {{ border: 3px dashed {theme.CHOSEN}; }}
.lv-weighted .lv-looks span {{ color: #10171b; background: {theme.CHOSEN}; z-index: 1; }}
.lv-picture:has(.lv-box:hover) .lv-box:not(:hover) {{ opacity: 0.25; }}
.lv-box:hover {{ border-width: 3px; z-index: 2; }}
.lv-box:hover span {{ font-size: 13px; line-height: 18px; }}
.lv-card {{
  display: none; position: absolute; left: 6px; right: 6px; bottom: 6px; z-index: 3;
  padding: 4px 8px; border-radius: 4px; pointer-events: none;
  font-size: 13px; line-height: 18px; color: #fff; background: rgba(16, 23, 27, 0.88);
}}
.lv-box:hover + .lv-card {{ display: block; }}
"""
