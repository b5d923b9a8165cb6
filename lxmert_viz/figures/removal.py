"""What a target does as words or regions leave."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme

TOP_PX, LINE_PX = 84, 18


def removal_curves(
    shares: np.ndarray,
    lines: dict[str, np.ndarray],
    band: np.ndarray,
    things: str,
    statistic: Sequence[str],
) -> go.Figure:
    """The target in logits as words or regions leave. shares: (V + 1,); lines: name -> (V + 1,);
    band: (2, V + 1), low and high end of what random orders do; things: what leaves."""
    if band.shape != (2, len(shares)) or any(v.shape != shares.shape for v in lines.values()):
        raise ValueError(f"curves do not fit {shares.shape} steps; the band is {band.shape}")
    top = TOP_PX + LINE_PX * (len(statistic) - 1)
    title = f"As {things} leave"
    figure = go.Figure(layout=theme.layout(title, "<br>".join(statistic), 330 + top, t=top))
    grey = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(x=shares, y=band[0], name="95 % of random orders, low end", **grey)
    figure.add_scatter(x=shares, y=band[1], name="95 % of random orders", fill="tonexty", **grey)
    figure.data[0].showlegend = False
    figure.data[1].fillcolor = "rgba(128, 128, 128, 0.25)"
    for place, (name, values) in enumerate(lines.items()):
        figure.add_scatter(
            x=shares,
            y=values,
            name=html.escape(name),
            mode="lines+markers",
            line={"color": theme.LINES[place % len(theme.LINES)], "dash": theme.dash(place)},
            hovertemplate="%{x:.0%} gone: %{y:.2f}",
        )
    figure.update_layout(showlegend=True, legend=theme.LEGEND | {"traceorder": "normal"})
    figure.update_xaxes(
        title=f"share of {things} gone",
        tickformat=".0%",
        fixedrange=True,
        showgrid=False,
        dtick=0.25,
    )
    figure.update_xaxes(range=(-0.02, 1.02), automargin=True)
    figure.update_yaxes(title="target, logits", fixedrange=True, gridcolor=theme.GRID)
    return figure
