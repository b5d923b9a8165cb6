"""Clusters of examples on a plane."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme

HEIGHT = 420
COLOURS = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7"),
    *("#56b4e9", "#d55e00", "#7f7f7f", "#8c6bb1"),
)
SYMBOLS = (
    *("circle", "square", "diamond", "triangle-up"),
    *("cross", "star", "pentagon", "hexagon"),
)


def cluster_plane(plane: np.ndarray, labels: np.ndarray, texts: Sequence[str]) -> go.Figure:
    """One point an example, by colour and shape of its cluster; clicked points carry its place.

    plane: (N, 2). labels: (N,) from 0. texts: N, shown where a point is pointed at.
    """
    if not len(plane) == len(labels) == len(texts):
        raise ValueError(f"{len(plane)} points, {len(labels)} labels, {len(texts)} texts")
    groups = []
    for cluster in np.unique(labels):
        places = np.flatnonzero(labels == cluster)
        look = int(cluster) % len(COLOURS)
        groups.append(
            go.Scatter(
                x=plane[places, 0],
                y=plane[places, 1],
                mode="markers",
                name=f"Cluster {cluster + 1} ({len(places):,})",
                marker={"color": COLOURS[look], "symbol": SYMBOLS[look], "size": 9},
                customdata=places,
                hovertext=[html.escape(texts[place]) for place in places],
                hoverinfo="text",
            )
        )
    title = "First two principal axes"
    subtitle = "in standard deviations of the first; near points are alike; click one to see it"
    figure = go.Figure(groups, theme.layout(title, subtitle, HEIGHT, r=8))
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.08})
    figure.update_xaxes(gridcolor=theme.GRID, zeroline=False, fixedrange=True)
    figure.update_yaxes(
        gridcolor=theme.GRID, zeroline=False, fixedrange=True, scaleanchor="x", scaleratio=1
    )
    return figure
