"""States on a plane, one frame a layer, with a slider and a button that plays them."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme

SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star", "pentagon")
STEP_MS = 700
LONGEST = 12  # letters of a name beside its point


def projection(
    frames: Sequence[np.ndarray],
    depths: Sequence[str],
    names: Sequence[str],
    groups: Sequence[str],
    title: str,
    statistic: str,
) -> go.Figure:
    """frames: one (n, 2) a depth, the same n states in each. names, groups: n.

    Groups differ in colour and in symbol. customdata of a point is its place among the n.
    """
    if len(frames) != len(depths) or any(len(f) != len(names) for f in frames):
        raise ValueError(f"{len(frames)} frames of {[len(f) for f in frames]} points do not fit")
    kinds = list(dict.fromkeys(groups))
    places = {kind: [i for i, g in enumerate(groups) if g == kind] for kind in kinds}
    labelled = len(names) <= 60
    traces = [
        [_group(frame, kind, places[kind], names, number, labelled)
         for number, kind in enumerate(kinds)]
        for frame in frames
    ]  # fmt: skip
    figure = go.Figure(
        traces[-1],
        theme.layout(title, statistic, 620, b=70),
        frames=[go.Frame(data=t, name=d) for t, d in zip(traces, depths, strict=True)],
    )
    _axes(figure, np.concatenate(frames))
    if len(frames) > 1:
        figure.update_layout(sliders=[_slider(depths)], updatemenus=[_play()])
    return figure


def _axes(figure: go.Figure, points: np.ndarray) -> None:
    low, high = points.min(0), points.max(0)
    pad = (high - low) * 0.08 + 1e-6
    axis = {
        "fixedrange": True,
        "showticklabels": False,
        "showgrid": False,
        "zeroline": False,
        "showline": True,
        "mirror": True,
        "linecolor": theme.GRID,
    }
    figure.update_xaxes(axis, range=(low[0] - pad[0], high[0] + pad[0]))
    figure.update_yaxes(axis, range=(low[1] - pad[1], high[1] + pad[1]))
    figure.update_layout(
        showlegend=True,
        clickmode="event+select",
        legend=theme.LEGEND,
    )


def _group(
    frame: np.ndarray,
    kind: str,
    places: Sequence[int],
    names: Sequence[str],
    number: int,
    labelled: bool,
) -> go.Scatter | go.Scattergl:
    draw = go.Scatter if labelled else go.Scattergl  # the second is fast and cannot move text
    return draw(
        x=frame[places, 0],
        y=frame[places, 1],
        name=html.escape(kind),
        mode="markers+text" if labelled else "markers",
        text=[html.escape(_short(names[i])) for i in places] if labelled else None,
        textposition="top center",
        textfont_size=11,
        marker={
            "size": 11 if labelled else 6,
            "color": theme.LINES[number % len(theme.LINES)],
            "symbol": SYMBOLS[number % len(SYMBOLS)],
            "line": {"width": 0.5, "color": "#ffffff"},
        },
        customdata=list(places),
        hovertext=[f"{html.escape(names[i])}<br>{html.escape(kind)}" for i in places],
        hoverinfo="text",
    )


def _short(name: str) -> str:
    """A long name's first word, which is a region's number."""
    return name if len(name) <= LONGEST else name.split()[0]


def _slider(depths: Sequence[str]) -> dict:
    still = {"mode": "immediate", "transition": {"duration": STEP_MS // 2},
             "frame": {"duration": STEP_MS // 2, "redraw": False}}  # fmt: skip
    return {
        "active": len(depths) - 1,
        "steps": [{"label": d, "method": "animate", "args": [[d], still]} for d in depths],
        "currentvalue": {"prefix": "after ", "font": {"size": 14}},
        "pad": {"t": 10, "l": 70},
        "len": 0.95,
    }


def _play() -> dict:
    moving = {"frame": {"duration": STEP_MS, "redraw": False}, "fromcurrent": False,
              "transition": {"duration": STEP_MS, "easing": "cubic-in-out"}}  # fmt: skip
    return {
        "type": "buttons",
        "showactive": False,
        "x": 0,
        "y": 0,
        "xanchor": "left",
        "yanchor": "top",
        "pad": {"t": 34},
        "bgcolor": "rgba(0, 0, 0, 0)",
        "bordercolor": theme.GRID,
        "font": {"color": theme.LINES[0]},  # legible on both pages, and on Plotly's own white
        "buttons": [{"label": "\u25b6 Play", "method": "animate", "args": [None, moving]}],
    }
