"""What changed from one run to another, by kind of example."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from lxmert_viz.figures import theme

ROW_PX = 30
LEAST_REACH = 0.05  # of the axis, so that no difference looks large


def gain_points(
    labels: Sequence[str],
    gains: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    notes: Sequence[str],
) -> go.Figure:
    """Mean score after less before, -1 to 1, with its 95% interval; 0 is no change.

    notes: what stands beside each label when it is pointed at.
    """
    places = list(range(len(labels)))
    rows = list(zip(labels, gains, intervals, notes, strict=True))
    points = go.Scatter(
        x=list(gains),
        y=places,
        mode="markers",
        marker={"size": 10, "color": theme.PLAIN},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - gain for _, gain, (_, high), _ in rows],
            "arrayminus": [gain - low for _, gain, (low, _), _ in rows],
            "color": theme.PLAIN,
        },
        customdata=places,
        hovertext=[
            f"{html.escape(label)}: {gain:+.3f} ({low:+.3f} to {high:+.3f}); {html.escape(note)}"
            for label, gain, (low, high), note in rows
        ],
        hoverinfo="text",
    )
    height = 110 + ROW_PX * len(labels)
    subtitle = "after less before, with its 95% interval; right of the line is better"
    figure = go.Figure(points, theme.layout("Gain in mean score", subtitle, height, r=16))
    reach = max([LEAST_REACH, *(abs(edge) for pair in intervals for edge in pair)]) * 1.08
    figure.update_xaxes(range=(-reach, reach), fixedrange=True, gridcolor=theme.GRID)
    figure.update_xaxes(zeroline=True, zerolinecolor="rgba(128, 128, 128, 0.9)")
    figure.update_yaxes(theme.labelled_axis(labels), automargin=True)
    figure.update_yaxes(range=(len(labels) - 0.5, -0.5))
    return figure
