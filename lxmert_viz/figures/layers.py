"""Numbers by layer, as lines with what they are compared to."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme


@dataclass(frozen=True, slots=True)
class Line:
    values: np.ndarray  # (P,), NaN where there is none
    low: np.ndarray | None = None  # (P,) ends of an interval
    high: np.ndarray | None = None
    baseline: bool = False  # drawn thin and grey


def by_layer(
    lines: Mapping[str, Line],
    depths: Sequence[str],
    title: str,
    statistic: str,
    span: tuple[float, float] | None = None,
) -> go.Figure:
    """One line a name. span: the axis where figures are to be compared, else of the numbers."""
    margins = {"l": theme.TICKS_PX, "b": theme.LEGEND_PX}
    figure = go.Figure(layout=theme.layout(title, statistic, 360, **margins))
    for place, (name, line) in enumerate(lines.items()):
        if line.values.shape != (len(depths),):
            raise ValueError(f"{name} has {line.values.shape} values for {len(depths)} depths")
        figure.add_trace(_line(name, line, place))
    figure.update_layout(showlegend=True, hovermode="x unified", legend=theme.LEGEND)
    figure.update_xaxes(
        theme.labelled_axis(depths), automargin=True, range=(-0.3, len(depths) - 0.7)
    )
    figure.update_yaxes(range=span, fixedrange=True, gridcolor=theme.GRID, zeroline=False)
    return figure


def fusion(
    nmi: np.ndarray,
    by_chance: np.ndarray,
    by_chance_top: np.ndarray,
    told_apart: np.ndarray,
    depths: Sequence[str],
    of: str,
) -> go.Figure:
    """Whether words and regions lie apart, (P,) each, 0 to 1. of: how many states of what."""
    lines = {
        "NMI of 2 clusters, modality": Line(nmi),
        "NMI by chance": Line(by_chance, baseline=True),
        "95 % of chance": Line(by_chance_top, baseline=True),
        "modality classifier": Line(told_apart),
    }
    return by_layer(
        lines, depths, "Are words and regions fused?", f"0 to 1, of {of}", (-0.05, 1.05)
    )


def table(values: np.ndarray, names: Sequence[str], title: str, statistic: str) -> go.Figure:
    """A symmetric table of layers with layers, 0 to 1, as CKA gives it."""
    if values.shape != (len(names), len(names)):
        raise ValueError(f"values are {values.shape}, there are {len(names)} names")
    return cells(values, names, names, title, statistic, span=(0, 1))


def cells(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    statistic: str,
    *,
    span: tuple[float, float],
) -> go.Figure:
    """Numbers (rows, columns) as coloured cells with the number in each."""
    if values.shape != (len(rows), len(columns)):
        raise ValueError(f"values are {values.shape}, labels ({len(rows)}, {len(columns)})")
    heatmap = go.Heatmap(
        z=values,
        zmin=span[0],
        zmax=span[1],
        colorscale=theme.SHARES if span[0] >= 0 else theme.SIGNED,
        texttemplate="%{z:.2f}",
        textfont={"size": 10, "color": theme.INK},
        xgap=1,
        ygap=1,
        hovertemplate="%{customdata}: %{z:.3f}<extra></extra>",
        customdata=[[f"{html.escape(r)}, {html.escape(c)}" for c in columns] for r in rows],
        colorbar={"thickness": 10, "outlinewidth": 0},
    )
    margins = {"l": theme.room(rows), "r": theme.SCALE_PX, "b": 48}
    figure = go.Figure(heatmap, theme.layout(title, statistic, 160 + 27 * len(rows), **margins))
    figure.update_xaxes(theme.labelled_axis(columns), automargin=True)
    figure.update_yaxes(theme.labelled_axis(rows), autorange="reversed", automargin=True)
    return figure


def _line(name: str, line: Line, place: int) -> go.Scatter:
    colour = theme.EARLIER if line.baseline else theme.LINES[place % len(theme.LINES)]
    errors = None
    if line.low is not None and line.high is not None:
        errors = {
            "array": line.high - line.values,
            "arrayminus": line.values - line.low,
            "thickness": 1.5,
            "width": 4,
        }
    return go.Scatter(
        x=list(range(len(line.values))),
        y=line.values,
        error_y=errors,
        name=html.escape(name),
        mode="lines+markers",
        line={"color": colour, "dash": theme.dash(place), "width": 1.5 if line.baseline else 2.5},
        hovertemplate="%{y:.3f}",
    )
