"""A picture with its regions, as HTML: right in shape at any width, with numbers that stay legible.

The boxes are placed in percent, their frames and numbers drawn in screen pixels. Pointing at a box
dims the others and shows its caption.
"""

import html
from collections.abc import Iterator, Sequence

import numpy as np

from lxmert_viz.figures import theme

MANY = 16  # regions above which frames are thin, so that the picture stays in sight


def regions_picture(
    source: str,
    size_px: tuple[int, int],
    boxes_unit: np.ndarray,
    captions: Sequence[str],
    places: Sequence[int] | None = None,
) -> str:
    """The picture with one numbered frame a region.

    source: the picture as an address (data:image/...). boxes_unit: (R, 4) xyxy in 0..1.
    captions: R, each shown when its region is pointed at. places: R, which give number and colour
    where some regions were left out; else 0 to R-1.
    """
    _check(boxes_unit, len(captions))
    width, height = size_px
    places = range(len(captions)) if places is None else places
    kind = "lv-many" if len(captions) > MANY else ""
    alt = f"The picture with {len(captions)} numbered regions; the table below lists them."
    return (
        f'<style>{_STYLE}</style><div class="lv-picture {kind}" role="img" '
        f'aria-label="{alt}" style="aspect-ratio:{width}/{height};'
        f'max-width:calc(68vh * {width / height:.4f})">'
        f'<img src="{html.escape(source)}" alt="">'
        f"{''.join(_boxes(boxes_unit, captions, places))}</div>"
    )


def _boxes(boxes_unit: np.ndarray, captions: Sequence[str], places: Sequence[int]) -> Iterator[str]:
    """Large ones first, so that small ones lie on top."""
    spans = boxes_unit[:, 2:] - boxes_unit[:, :2]  # (R, 2)
    for index in np.argsort(-spans.prod(axis=1), kind="stable"):
        colour = theme.BOX_COLOURS[places[index] % len(theme.BOX_COLOURS)]
        (left, top, _, _), (wide, high) = boxes_unit[index], spans[index]
        yield (
            f'<div class="lv-box" style="--colour:{colour};left:{left:.2%};top:{top:.2%};'
            f'width:{wide:.2%};height:{high:.2%}"><span>{places[index] + 1}</span></div>'
            f'<div class="lv-card">{html.escape(captions[index])}</div>'
        )


def _check(boxes_unit: np.ndarray, labels: int) -> None:
    if boxes_unit.shape != (labels, 4):
        raise ValueError(f"boxes are {boxes_unit.shape}, expected ({labels}, 4)")


_STYLE = """
.lv-picture {
  position: relative; width: 100%; margin: 0 auto; border-radius: 6px; overflow: hidden;
  font-family: system-ui, sans-serif;
}
.lv-picture img { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.lv-box {
  position: absolute; box-sizing: border-box; border: 2px solid var(--colour); border-radius: 2px;
  box-shadow: 0 0 0 1px rgba(0, 0, 0, 0.45), inset 0 0 0 1px rgba(0, 0, 0, 0.25);
}
.lv-box span {
  position: absolute; left: -2px; top: -2px; padding: 0 4px; border-radius: 2px;
  font-size: 11px; font-weight: 600; line-height: 15px; white-space: nowrap;
  color: #10171b; background: var(--colour);
}
.lv-many .lv-box { border-width: 1px; box-shadow: 0 0 0 1px rgba(0, 0, 0, 0.35); }
.lv-many .lv-box span { left: -1px; top: -1px; font-size: 10px; line-height: 13px; }
.lv-picture:has(.lv-box:hover) .lv-box:not(:hover) { opacity: 0.25; }
.lv-box:hover { border-width: 3px; z-index: 2; }
.lv-box:hover span { font-size: 13px; line-height: 18px; }
.lv-card {
  display: none; position: absolute; left: 6px; right: 6px; bottom: 6px; z-index: 3;
  padding: 4px 8px; border-radius: 4px; pointer-events: none;
  font-size: 13px; line-height: 18px; color: #fff; background: rgba(16, 23, 27, 0.88);
}
.lv-box:hover + .lv-card { display: block; }
"""
