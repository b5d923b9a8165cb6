"""What a head says of every state: a grid of words or regions x layers, and one cell's history."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme

ROW_PX = 34
LETTERS = 100  # of labels across the figure; pointing at a cell shows its whole label
FEWEST_LETTERS = 6
ALONE_LETTERS, LINE_PX = 20, 19  # of a legend
FEWEST_ROWS = 4  # below, a scale of colours has no room
RISE, FALL = "\u25b2", "\u25bc"


def lens_grid(
    labels: Sequence[Sequence[str]],
    shares: np.ndarray,
    ranks: np.ndarray,
    rows: Sequence[str],
    depths: Sequence[str],
    *,
    title: str,
    statistic: str,
    chosen: tuple[int, int] | None = None,
) -> go.Figure:
    """The best label of every state, coloured from 0 to 1.

    labels, shares and ranks: (P, N), best label, its share, and its rank one depth below (0: there
    is none below). rows: N, depths: P. chosen: place of the framed cell, (row, depth). Each cell
    carries a point whose customdata is (row, depth), so that it can be clicked.
    """
    size = (len(depths), len(rows))
    if shares.shape != size or ranks.shape != size:
        raise ValueError(f"shares {shares.shape} and ranks {ranks.shape} are to be {size}")
    height = 104 + ROW_PX * len(rows)
    figure = go.Figure(
        [_cells(labels, shares, ranks, rows), _points(labels, shares, ranks, rows, depths)]
    )
    layout = theme.layout(title, statistic, height, t=96, l=theme.room(rows), r=theme.SCALE_PX)
    figure.update_layout(layout, clickmode="event+select")
    figure.update_xaxes(theme.labelled_axis(depths), side="top", range=(-0.5, len(depths) - 0.5))
    figure.update_yaxes(theme.labelled_axis(rows), range=(len(rows) - 0.5, -0.5), automargin=True)
    if chosen is not None:
        row, depth = chosen
        edge = {"color": theme.FRAME, "width": 3}
        figure.add_shape(x0=depth - 0.5, x1=depth + 0.5, y0=row - 0.5, y1=row + 0.5, line=edge)
    return figure


def lens_history(
    shares: np.ndarray, labels: Sequence[str], depths: Sequence[str], statistic: str
) -> go.Figure:
    """Shares (P, k) of some labels through the depths, from 0 to 1, or -1 where one is below 0."""
    if shares.shape != (len(depths), len(labels)):
        raise ValueError(f"shares are {shares.shape}, not ({len(depths)}, {len(labels)})")
    lines = [
        go.Scatter(
            x=list(range(len(depths))),
            y=shares[:, place],
            name=html.escape(label),
            mode="lines+markers",
            line={"color": theme.LINES[place % len(theme.LINES)], "dash": theme.dash(place)},
            hovertemplate="%{y:.3f}",
        )
        for place, label in enumerate(labels)
    ]
    alone = sum(len(label) > ALONE_LETTERS for label in labels)  # on lines of their own
    margins = {"l": theme.TICKS_PX, "b": theme.LEGEND_PX + LINE_PX * alone}
    layout = theme.layout("Through the layers", statistic, 330 + LINE_PX * alone, **margins)
    figure = go.Figure(lines, layout)
    figure.update_layout(showlegend=True, hovermode="x unified", legend=theme.LEGEND)
    figure.update_xaxes(theme.labelled_axis(depths), automargin=True)
    lowest = -1 if (shares < 0).any() else 0
    figure.update_yaxes(
        range=(lowest - 0.02, 1.02), fixedrange=True, gridcolor=theme.GRID, zeroline=False
    )
    return figure


def rise(rank_below: int, rank: int = 1) -> str:
    """How a label moved since the layer below: "▲ 3" came three places up, "=" stayed."""
    if rank_below == 0:
        return ""
    moved = rank_below - rank
    return "=" if moved == 0 else f"{RISE if moved > 0 else FALL} {abs(moved):,}"


def _cells(
    labels: Sequence[Sequence[str]], shares: np.ndarray, ranks: np.ndarray, names: Sequence[str]
) -> go.Heatmap:
    depths, rows = shares.shape
    longest = max(FEWEST_LETTERS, (LETTERS - max(map(len, names), default=0)) // depths)
    return go.Heatmap(
        z=shares.T,
        text=[
            [_cell(labels[p][n], ranks[p, n], longest) for p in range(depths)] for n in range(rows)
        ],
        texttemplate="%{text}",
        textfont={"size": 11, "color": theme.INK},
        zmin=0,
        zmax=1,
        colorscale=theme.SHARES,
        xgap=2,
        ygap=2,
        hoverinfo="skip",
        showscale=rows >= FEWEST_ROWS,
        colorbar={"thickness": 10, "tickvals": [0, 0.5, 1], "outlinewidth": 0},
    )


def _points(
    labels: Sequence[Sequence[str]],
    shares: np.ndarray,
    ranks: np.ndarray,
    rows: Sequence[str],
    depths: Sequence[str],
) -> go.Scatter:
    cells = [(n, p) for n in range(len(rows)) for p in range(len(depths))]
    return go.Scatter(
        x=[p for _, p in cells],
        y=[n for n, _ in cells],
        mode="markers",
        marker={"symbol": "square", "size": 26, "opacity": 0},
        customdata=cells,
        hovertext=[
            f"{html.escape(rows[n])}, {depths[p]}<br><b>{html.escape(labels[p][n])}</b> "
            f"{shares[p, n]:.3f}{_below(ranks[p, n])}"
            for n, p in cells
        ],
        hoverinfo="text",
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
    )


def _below(rank: int) -> str:
    return f"<br>rank one layer below: {rank:,}" if rank else ""


def _cell(label: str, rank_below: int, longest: int) -> str:
    short = label if len(label) <= longest else f"{label[: longest - 1]}\u2026"
    moved = rise(rank_below)
    return html.escape(short) + (f"<br><span style='font-size:9px'>{moved}</span>" if moved else "")
