"""What each word and region contributes: on the picture, and as a list.

Letters: T word pieces, R regions.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme
from lxmert_viz.figures.linked import Spot

A_ROW = 6  # words, so that each can be read on a phone
WORD_PX, GAP_PX, PICTURE_PX = 38, 10, 296  # whole in the first screen, with three rows of words
TOP_PX, BOTTOM_PX, LINE_PX = 84, 58, 18
ROW_PX = 26
REACH = 1.5  # of the axis, times the largest number: wide intervals run out of the figure
BADGES = 12  # strongest regions, which have their number; of 36 they would hide the picture
DENSE = 0.85  # how much of the picture the largest number hides
SIGNED = ((0, f"rgba(176, 163, 216, {DENSE})"), (0.5, "rgba(244, 244, 244, 0)"))
SIGNED += ((1, f"rgba(237, 167, 104, {DENSE})"),)  # theme.SIGNED, to be seen through
UNSIGNED = ((0, "rgba(241, 244, 246, 0)"), (0.5, f"rgba(181, 220, 236, {DENSE / 2})"))
UNSIGNED += ((1, f"rgba(79, 176, 214, {DENSE})"),)  # theme.SHARES


@dataclass(frozen=True, slots=True)
class Scored:
    """One map."""

    pieces: Sequence[str]  # T
    words: np.ndarray  # (T,)
    names: Sequence[str]  # R, numbered
    regions: np.ndarray  # (R,)
    is_signed: bool
    unit: str  # "logits", or ""

    @property
    def top(self) -> float:
        """The end of its scale: the largest magnitude, or 1 where all is 0."""
        both = np.concatenate([self.words, self.regions])
        return float(np.abs(both).max(initial=0)) or 1.0

    def written(self, value: float) -> str:
        return f"{_number(value, self.is_signed)} {self.unit}".strip()


def relevance_map(
    scored: Scored,
    boxes_unit: np.ndarray,
    picture: tuple[str, tuple[int, int]],
    title: str,
    statistic: Sequence[str],
) -> go.Figure:
    """Words and boxes in one scale; where boxes overlap, the largest magnitude is seen.

    boxes_unit: (R, 4) xyxy in 0..1. picture: its address (data:image/...), width and height in
    pixels. statistic: lines.
    """
    counts = (len(scored.pieces), len(scored.names))
    if (len(scored.words), len(scored.regions)) != counts or len(boxes_unit) != counts[1]:
        raise ValueError(f"{counts} labels do not fit {scored.words.shape}, {boxes_unit.shape}")
    words = _words(scored)
    words_px = WORD_PX * len(words.z)
    inner = words_px + GAP_PX + PICTURE_PX
    top = TOP_PX + LINE_PX * (len(statistic) - 1)
    height = inner + top + BOTTOM_PX
    figure = go.Figure(layout=theme.layout(title, "<br>".join(statistic), height, t=top))
    figure.update_layout(title_y=1 - 24 / height, margin_b=BOTTOM_PX, coloraxis=_scale(scored))
    figure.add_trace(words)
    _draw_picture(figure, scored, boxes_unit, *picture)
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(hidden)
    figure.update_yaxes(hidden)
    figure.update_layout(
        xaxis={"range": (-0.5, A_ROW - 0.5)},
        yaxis={"domain": (1 - words_px / inner, 1), "range": (len(words.z) - 0.5, -0.5)},
        yaxis2={"domain": (0, PICTURE_PX / inner)},
    )
    return figure


def ranked_bars(
    labels: Sequence[str],
    values: np.ndarray,
    intervals: np.ndarray | None,
    is_signed: bool,
    title: str,
    statistic: Sequence[str],
) -> go.Figure:
    """The largest magnitude on top. values: (N,); intervals: (N, 2) or None."""
    if values.shape != (len(labels),) or (intervals is not None and len(intervals) != len(labels)):
        raise ValueError(f"{len(labels)} labels do not fit values {values.shape}")
    order = np.argsort(-np.abs(values), kind="stable")
    bars = _bars(labels, values, intervals, is_signed, order)
    top = TOP_PX + LINE_PX * (len(statistic) - 1)
    height = top + 40 + ROW_PX * len(labels)
    figure = go.Figure(bars, theme.layout(title, "<br>".join(statistic), height, t=top, b=36))
    figure.update_layout(bargap=0.35)
    reach = REACH * (float(np.abs(values).max(initial=0)) or 1.0)
    figure.update_xaxes(
        range=(-reach if is_signed else 0, reach),
        fixedrange=True,
        gridcolor=theme.GRID,
        zeroline=True,
        zerolinecolor="rgba(128, 128, 128, 0.9)",
    )
    named = [f"{labels[n]}  {_number(values[n], is_signed)}" for n in order]
    figure.update_yaxes(theme.labelled_axis(named), automargin=True)
    figure.update_yaxes(range=(len(labels) - 0.5, -0.5))
    return figure


def map_spots(scored: Scored, boxes_unit: np.ndarray, size_px: tuple[int, int]) -> list[Spot]:
    """Where `relevance_map` shows each word, then each region."""
    rows = [divmod(place, A_ROW) for place in range(len(scored.pieces))]
    words = [Spot("", at - 0.5, row - 0.5, at + 0.5, row + 0.5) for row, at in rows]
    boxes = boxes_unit.astype(float) * [*size_px, *size_px]
    return words + [Spot("2", *box) for box in boxes.tolist()]


def rank_spots(shown: Sequence[int], count: int) -> list[Spot | None]:
    """Where `ranked_bars` shows each of `count` things. shown: those it has, from the top."""
    rows = {thing: row for row, thing in enumerate(shown)}
    return [
        Spot("", None, rows[thing] - 0.5, None, rows[thing] + 0.5) if thing in rows else None
        for thing in range(count)
    ]


def seen_regions(
    boxes: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which region each part of the picture shows: the largest magnitude of those that cover it.

    boxes: (R, 4) xyxy. Returns edges x (X + 1,) and y (Y + 1,), and places (Y, X), -1 for none.
    """
    x, y = np.unique(boxes[:, ::2]), np.unique(boxes[:, 1::2])
    if len(x) < 2 or len(y) < 2:
        return x, y, np.zeros((max(len(y) - 1, 0), max(len(x) - 1, 0)), int)
    left, top, right, bottom = (side[:, None, None] for side in boxes.T)
    at_x, at_y = (x[1:] + x[:-1])[None, None] / 2, (y[1:] + y[:-1])[None, :, None] / 2
    covers = (left < at_x) & (at_x < right) & (top < at_y) & (at_y < bottom)  # (R, Y, X)
    sizes = np.where(covers, np.abs(values)[:, None, None], -1)
    return x, y, np.where(covers.any(axis=0), sizes.argmax(axis=0), -1)


def _words(scored: Scored) -> go.Heatmap:
    rows = max(-(-len(scored.pieces) // A_ROW), 1)
    values = np.full(rows * A_ROW, np.nan)
    values[: len(scored.words)] = scored.words
    numbers = [_number(value, scored.is_signed) for value in scored.words]
    blank = [""] * (rows * A_ROW - len(numbers))
    text = [f"{html.escape(p)}<br>{n}" for p, n in zip(scored.pieces, numbers, strict=True)]
    told = [
        f"{html.escape(piece)}: {scored.written(value)}"
        for piece, value in zip(scored.pieces, scored.words, strict=True)
    ]
    return go.Heatmap(
        z=values.reshape(rows, A_ROW),
        text=np.array(text + blank, object).reshape(rows, A_ROW),
        texttemplate="%{text}",
        textfont={"size": 11, "color": theme.INK},
        zmin=-scored.top if scored.is_signed else 0,
        zmax=scored.top,
        colorscale=theme.SIGNED if scored.is_signed else theme.SHARES,
        showscale=False,
        hovertext=np.array(told + blank, object).reshape(rows, A_ROW),
        hoverinfo="text",
        hoverongaps=False,
        xgap=2,
        ygap=2,
        name="words",
    )


def _draw_picture(
    figure: go.Figure,
    scored: Scored,
    boxes_unit: np.ndarray,
    source: str,
    size_px: tuple[int, int],
) -> None:
    width, height = size_px
    figure.add_layout_image(
        source=source, x=0, y=0, sizex=width, sizey=height,
        xref="x2", yref="y2", sizing="stretch", layer="below",
    )  # fmt: skip
    boxes = boxes_unit.astype(float) * [width, height, width, height]
    told = [
        f"{html.escape(name)}: {scored.written(value)}"
        for name, value in zip(scored.names, scored.regions, strict=True)
    ]
    figure.add_trace(_heat(boxes, scored.regions, told))
    figure.add_trace(_frames(boxes))
    figure.add_trace(_badges(boxes, scored.regions, told))
    figure.update_layout(
        xaxis2={"range": (0, width), "anchor": "y2", "constrain": "domain"},
        yaxis2={"range": (height, 0), "anchor": "x2", "constrain": "domain"}
        | {"scaleanchor": "x2", "constraintoward": "top"},
    )


def _badges(boxes: np.ndarray, values: np.ndarray, told: Sequence[str]) -> go.Scatter:
    """The strongest regions' numbers."""
    shown = np.zeros(len(boxes), bool)
    shown[np.argsort(-np.abs(values), kind="stable")[:BADGES]] = True
    return go.Scatter(
        x=boxes[:, 0],
        y=boxes[:, 1],
        xaxis="x2",
        yaxis="y2",
        mode="markers+text",
        marker={
            "symbol": "square",
            "size": 17,
            "color": "rgba(16, 23, 27, 0.85)",
            "opacity": shown.astype(float).tolist(),
        },
        text=[str(number) if own else "" for number, own in enumerate(shown, start=1)],
        textfont={"size": 11, "color": "white"},
        hovertext=told,
        hoverinfo="text",
        cliponaxis=False,
        name="regions",
    )


def _frames(boxes: np.ndarray) -> go.Scatter:
    """One line that goes around every box."""
    corners = np.full((len(boxes), 6, 2), np.nan)  # a gap after each
    corners[:, :5] = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3], [0, 1]]]
    x, y = corners.reshape(-1, 2).T
    return go.Scatter(
        x=x,
        y=y,
        xaxis="x2",
        yaxis="y2",
        mode="lines",
        line={"color": "rgba(255, 255, 255, 0.85)", "width": 1},
        hoverinfo="skip",
        meta=theme.PAINT,
    )


def _heat(boxes: np.ndarray, values: np.ndarray, told: Sequence[str]) -> go.Heatmap:
    x, y, places = seen_regions(boxes, values)
    shown = np.append(values, np.nan)[places]  # (Y, X)
    return go.Heatmap(
        x=x,
        y=y,
        z=shown,
        hovertext=np.array([*told, ""], object)[places],
        hoverinfo="text",
        hoverongaps=False,
        coloraxis="coloraxis",
        xaxis="x2",
        yaxis="y2",
        meta=theme.PAINT,
    )


def _bars(
    labels: Sequence[str],
    values: np.ndarray,
    intervals: np.ndarray | None,
    is_signed: bool,
    order: np.ndarray,
) -> go.Bar:
    shown = values[order]
    bars = go.Bar(
        x=shown,
        y=list(range(len(order))),
        orientation="h",
        marker={"color": [_colour(value, is_signed) for value in shown], "opacity": 0.85},
        hovertext=[_told(labels[n], values[n], intervals, n, is_signed) for n in order],
        hoverinfo="text",
    )
    if intervals is not None:
        bars.error_x = {
            "type": "data",
            "symmetric": False,
            "array": intervals[order, 1] - shown,
            "arrayminus": shown - intervals[order, 0],
            "color": "rgba(128, 128, 128, 0.9)",
            "thickness": 1.2,
            "width": 3,
        }
    return bars


def _scale(scored: Scored) -> dict[str, object]:
    top, low = scored.top, -scored.top if scored.is_signed else 0.0
    ticks = [low, 0, top] if scored.is_signed else [0, top]
    written = ["0" if not value else scored.written(value) for value in ticks]
    return {
        "cmin": low,
        "cmax": top,
        "colorscale": SIGNED if scored.is_signed else UNSIGNED,
        "colorbar": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "len": 0.6,
            "thickness": 10,
            "outlinewidth": 0.5,
            "tickvals": ticks,
            "ticktext": written,
        },
    }


def _colour(value: float, is_signed: bool) -> str:
    if not is_signed:
        return theme.PLAIN
    return theme.MORE if value >= 0 else theme.LESS


def _number(value: float, is_signed: bool) -> str:
    shown = round(float(value), 2) + 0.0  # no minus before a nought
    return (f"{shown:+.2f}" if is_signed else f"{shown:.2f}").replace("-", "−")


def _told(
    label: str, value: float, intervals: np.ndarray | None, place: int, is_signed: bool
) -> str:
    number = f"{html.escape(label)}: {_number(value, is_signed)}"
    if intervals is None:
        return number
    low, high = (_number(end, True) for end in intervals[place])
    return f"{number} ({low} to {high})"
