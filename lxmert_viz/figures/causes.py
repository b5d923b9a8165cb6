"""What interventions did: effects of heads, cut edges, patched cells, edits, and their controls."""

import html
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme

ROW_PX = 22
CELL_PX = 19  # of a row that has words beside it and no bar
HEAD_PX = 104  # title, subtitle and axis
LINE_PX = 16  # of a subtitle that has several
TOP_PX = 72
BAND = "rgba(128, 128, 128, 0.22)"


class Change(NamedTuple):
    """One edit as a bar."""

    name: str
    drop: float  # logits
    control: float | None
    told: str  # what pointing says


def cells(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    statistic: str,
    *,
    reach: float,
    middle: float = 0.0,
    unit: str = "",
    can_be_chosen: bool = False,
) -> go.Figure:
    """Effects (rows, columns) as coloured cells on one fixed scale: middle ± reach.

    Colours end there; pointing tells the number itself. can_be_chosen: each cell can be clicked,
    and carries (row, column) as customdata.
    """
    if values.shape != (len(rows), len(columns)):
        raise ValueError(f"values are {values.shape}, labels ({len(rows)}, {len(columns)})")
    told = [[f"{html.escape(r)}, {html.escape(c)}" for c in columns] for r in rows]
    heatmap = go.Heatmap(
        z=values,
        zmin=middle - reach,
        zmax=middle + reach,
        colorscale=theme.SIGNED,
        xgap=1,
        ygap=1,
        customdata=told,
        hovertemplate="%{customdata}: %{z:.3f}" + (f" {unit}" if unit else "") + "<extra></extra>",
        colorbar={"thickness": 10, "outlinewidth": 0},
    )
    height = HEAD_PX + 40 + CELL_PX * len(rows)
    figure = go.Figure(heatmap, _layout(title, statistic, height))
    if can_be_chosen:
        figure.add_trace(_spots(values, told, unit))
    figure.update_xaxes(theme.labelled_axis(columns), automargin=True)
    figure.update_yaxes(theme.labelled_axis(rows), autorange="reversed", automargin=True)
    return figure


def _spots(values: np.ndarray, told: Sequence[Sequence[str]], unit: str) -> go.Scatter:
    """A point in every cell's middle: Plotly tells of clicks on points alone."""
    rows, columns = np.indices(values.shape).reshape(2, -1)
    said = [
        f"{told[row][column]}: {values[row, column]:.3f} {unit}".rstrip()
        for row, column in zip(rows, columns, strict=True)
    ]
    ring = {"color": "rgba(0,0,0,0)", "size": 16, "line": {"width": 0}}
    return go.Scatter(
        x=columns,
        y=rows,
        mode="markers",
        marker=ring,
        selected={"marker": {"color": theme.CHOSEN, "opacity": 1, "size": 12}},
        unselected={"marker": {"opacity": 0}},
        customdata=np.stack([rows, columns], axis=1).tolist(),  # an array comes back as a dict
        text=said,
        hovertemplate="%{text}<extra></extra>",
        meta=theme.PAINT,
    )


def looks_and_matters(
    looks: np.ndarray, effects: np.ndarray, names: Sequence[str], title: str, statistic: str
) -> go.Figure:
    """Every head as a point: how sharply it looks, and what the target loses without it."""
    points = go.Scatter(
        x=looks,
        y=effects,
        mode="markers",
        marker={"size": 9, "color": theme.PLAIN, "line": {"width": 1, "color": "white"}},
        text=[html.escape(name) for name in names],
        hovertemplate="%{text}<br>sharpness %{x:.2f}, effect %{y:.2f} logits<extra></extra>",
    )
    figure = go.Figure(points, _layout(title, statistic, 340, b=44, l=52))
    figure.update_xaxes(
        title="sharpness of attention", range=(-0.03, 1.03), gridcolor=theme.GRID, fixedrange=True
    )
    reach = 1.1 * (float(np.abs(effects).max(initial=0)) or 1.0)
    figure.update_yaxes(
        title="effect, logits",
        range=(-reach, reach),
        gridcolor=theme.GRID,
        fixedrange=True,
        zerolinecolor=theme.GRID,
    )
    return figure


def ranking_curves(
    sizes: Sequence[int], lines: Mapping[str, np.ndarray], title: str, statistic: str
) -> go.Figure:
    """Shares of the target, (S,) a ranking, by how many of its top heads."""
    figure = go.Figure(layout=_layout(title, statistic, 340 + 22 * len(lines)))
    for place, (name, values) in enumerate(lines.items()):
        figure.add_trace(
            go.Scatter(
                x=list(range(len(sizes))),
                y=values,
                name=html.escape(name),
                mode="lines+markers",
                line={
                    "color": theme.LINES[place % len(theme.LINES)],
                    "dash": theme.dash(place),
                    "width": 2.5,
                },
                hovertemplate="%{y:.2f}",
            )
        )
    figure.update_layout(showlegend=True, hovermode="x unified", legend=theme.LEGEND)
    figure.update_xaxes(theme.labelled_axis([str(size) for size in sizes]), automargin=True)
    figure.update_yaxes(fixedrange=True, gridcolor=theme.GRID, range=(-0.4, 1.6))
    return figure


def before_after(
    before: float, after: float, controls: np.ndarray, title: str, statistic: str
) -> go.Figure:
    """The target with and without something, over what random controls leave."""
    figure = go.Figure(layout=_layout(title, statistic, 230, b=40))
    rows = ["random controls", "without the chosen", "with every head"]
    figure.add_trace(
        go.Scatter(
            x=controls,
            y=[rows[0]] * len(controls),
            mode="markers",
            marker={"color": theme.EARLIER, "size": 9, "symbol": "line-ns-open"},
            hovertemplate="%{x:.2f} logits<extra>one random set</extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[after, before],
            y=rows[1:],
            mode="markers+text",
            marker={"size": 13, "color": [theme.MORE, theme.PLAIN]},
            text=[f"{after:.2f}", f"{before:.2f}"],
            textposition="middle right",
            hovertemplate="%{x:.3f} logits<extra></extra>",
        )
    )
    low, high = np.quantile(controls, (0.025, 0.975))
    figure.add_vrect(x0=low, x1=high, fillcolor=BAND, line_width=0)
    values = np.concatenate([controls, [before, after, 0]])
    room = 0.15 * (np.ptp(values) or 1)
    figure.update_xaxes(
        range=(values.min() - room, values.max() + room), gridcolor=theme.GRID, fixedrange=True
    )
    figure.update_yaxes(categoryorder="array", categoryarray=rows, automargin=True, fixedrange=True)
    return figure


def edit_bars(changes: Sequence[Change], title: str, statistic: str) -> go.Figure:
    """How far each edit makes the target fall, the first on top; a tick is its control."""
    names = [html.escape(change.name) for change in changes]
    drops = np.array([change.drop for change in changes])
    bars = go.Bar(
        x=drops,
        y=list(range(len(changes))),
        orientation="h",
        marker={"color": [theme.MORE if drop > 0 else theme.LESS for drop in drops]},
        customdata=[html.escape(change.told) for change in changes],
        hovertemplate="%{customdata}<extra></extra>",
    )
    known = [(n, c.control) for n, c in enumerate(changes) if c.control is not None]
    ticks = go.Scatter(
        x=[control for _, control in known],
        y=[place for place, _ in known],
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 14, "color": theme.EARLIER},
        hovertemplate="control: %{x:.2f} logits<extra></extra>",
    )
    height = HEAD_PX + ROW_PX * len(changes) + 36
    figure = go.Figure([bars, ticks], _layout(title, statistic, height))
    values = np.array([0.0, *drops, *(control for _, control in known)])
    room = 0.08 * (np.ptp(values) or 1.0)
    figure.update_xaxes(
        range=(values.min() - room, values.max() + room), gridcolor=theme.GRID, fixedrange=True
    )
    figure.update_yaxes(theme.labelled_axis(names), automargin=True)
    figure.update_yaxes(range=(len(changes) - 0.5, -0.5))
    return figure


def _layout(title: str, statistic: str, height: int, **margins: int) -> dict[str, Any]:
    """With room for each line of the statistic."""
    more = LINE_PX * statistic.count("<br>")
    return theme.layout(title, statistic, height + more, **{"t": TOP_PX + more, "b": 36, **margins})
