"""The whole model as it is built, a cell a head: words on the left, regions on the right, upward.

Below, each stream alone; above, the cross-modality layers, each in two rows: first both streams
read one another, then each itself.
"""

import html
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme
from lxmert_viz.records import FAMILIES

ROW_PX, MORE_PX = 20, 150
NAMES_PX = 76  # beside the cells
GAP = 1.4  # cells between the streams
BETWEEN = 0.35  # rows between two cross-modality layers
HEAD_PX, SMALL_PX, MANY = 15, 11, 8  # a cell's side, and where there are more than so many heads
WHOLE = -1  # in a head's place: the whole layer
READS = {"lang_from_vision": "regions", "vision_from_lang": "words"}
READS |= {"cross_lang": "words", "cross_vision": "regions"}


class Row(NamedTuple):
    """One layer of one family."""

    family: str
    layer: int
    y: float


def rows(layers: Mapping[str, int]) -> list[Row]:
    """Where each layer stands. layers: how many every family has."""
    alone = max(layers["lang"], layers["vision"])
    found = [
        Row(family, layer, alone - layers[family] + layer)
        for family in ("lang", "vision")
        for layer in range(layers[family])
    ]
    for layer in range(layers["cross_lang"]):
        y = alone + BETWEEN + layer * (2 + BETWEEN)
        found += [Row(name, layer, y) for name in ("lang_from_vision", "vision_from_lang")]
        found += [Row(name, layer, y + 1) for name in ("cross_lang", "cross_vision")]
    return found


def model_drawing(
    values: Mapping[str, np.ndarray],
    off: Collection[tuple[str, int, int]],
    title: str,
    statistic: str,
    unit: str,
) -> go.Figure:
    """values: of each family, (L, H), signed. off: (family, layer, head) of those with a cross.

    Cells and the names of layers carry (family, layer, head) as customdata, for clicks; a layer's
    has WHOLE in the head's place.
    """
    heads = values["lang"].shape[1]
    every = rows({family: len(own) for family, own in values.items()})
    top = max(row.y for row in every)
    height = MORE_PX + round(ROW_PX * (top + 1))
    margins = {"t": 84, "b": 30, "l": NAMES_PX, "r": NAMES_PX}
    figure = go.Figure(layout=theme.layout(title, statistic, height, **margins))
    figure.add_trace(_cells(every, values, off, unit))
    figure.add_trace(_names(every, heads))
    for x, name in ((0, "words"), (heads + GAP, "regions")):
        middle = x + (heads - 1) / 2
        figure.add_annotation(x=middle, y=-1.1, text=name, showarrow=False, font={"size": 12})
    axis = {"visible": False, "fixedrange": True}
    figure.update_xaxes(range=(-1, 2 * heads + GAP), **axis)
    figure.update_yaxes(range=(-1.7, top + 0.7), **axis)
    return figure


def _left(family: str, heads: int) -> float:
    return 0 if FAMILIES[family].queries == "lang" else heads + GAP


def _cells(
    every: list[Row],
    values: Mapping[str, np.ndarray],
    off: Collection[tuple[str, int, int]],
    unit: str,
) -> go.Scatter:
    heads = values["lang"].shape[1]
    places = [(row, head) for row in every for head in range(heads)]
    keys = [(row.family, row.layer, head) for row, head in places]
    is_off = [key in off for key in keys]
    shown = np.array([values[family][layer, head] for family, layer, head in keys])
    told = [
        f"{html.escape(_told(*key))}: {value:+.3f} {unit}{', off' if gone else ''}"
        for key, value, gone in zip(keys, shown, is_off, strict=True)
    ]
    return go.Scatter(
        x=[_left(row.family, heads) + head for row, head in places],
        y=[row.y for row, _ in places],
        mode="markers",
        marker=_marker(shown, is_off, HEAD_PX if heads <= MANY else SMALL_PX),
        customdata=[list(key) for key in keys],
        text=told,
        hovertemplate="%{text}<extra></extra>",
        unselected={"marker": {"opacity": 0.5}},
    )


def _marker(shown: np.ndarray, is_off: list[bool], size: int) -> dict[str, Any]:
    reach = float(np.abs(shown).max(initial=0)) or 1.0
    scale = {"orientation": "h", "y": 0, "yanchor": "top", "len": 0.5, "nticks": 5}
    return {
        "size": size,
        "symbol": ["square-x" if gone else "square" for gone in is_off],
        "color": shown,
        "colorscale": theme.SIGNED,
        "cmin": -reach,
        "cmax": reach,
        "line": {
            "color": [theme.FRAME if gone else theme.EARLIER for gone in is_off],
            "width": [2 if gone else 0.5 for gone in is_off],
        },
        "colorbar": {**scale, "thickness": 8, "outlinewidth": 0},
    }


def _names(every: list[Row], heads: int) -> go.Scatter:
    """Beside each row; a click on one means the whole layer."""
    is_left = [FAMILIES[row.family].queries == "lang" for row in every]
    return go.Scatter(
        x=[-0.8 if left else 2 * heads + GAP - 0.2 for left in is_left],
        y=[row.y for row in every],
        mode="markers+text",
        marker={"size": 14, "color": "rgba(0,0,0,0)"},
        text=[_short(row) for row in every],
        textposition=["middle left" if left else "middle right" for left in is_left],
        textfont={"size": 11},
        cliponaxis=False,
        customdata=[[row.family, row.layer, WHOLE] for row in every],
        hovertext=[f"{html.escape(_told(row.family, row.layer, WHOLE))}" for row in every],
        hovertemplate="%{hovertext}<extra></extra>",
        meta=theme.PAINT,
    )


def _short(row: Row) -> str:
    if row.family in ("lang", "vision"):
        return f"{row.layer + 1}"
    return f"×{row.layer + 1} ← {READS[row.family]}"


def _told(family: str, layer: int, head: int) -> str:
    place = f"{FAMILIES[family].title}, layer {layer + 1}"
    return f"{place}, all heads" if head == WHOLE else f"{place}, head {head + 1}"
