"""Inside one head: what makes a score, and what the head writes."""

import html

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme

HEIGHT_PX = 280
STRIP_PX = 190


def contribution_bars(
    query: np.ndarray, key: np.ndarray, contributions: np.ndarray, names: tuple[str, str]
) -> go.Figure:
    """What each dimension adds to one score. query, key, contributions: (d,), their sum the score.

    names: of who reads and of what is read.
    """
    if not query.shape == key.shape == contributions.shape:
        raise ValueError(f"shapes {query.shape}, {key.shape}, {contributions.shape} are not alike")
    bars = go.Bar(
        x=list(range(1, len(contributions) + 1)),
        y=contributions.tolist(),
        marker_color=[theme.MORE if value >= 0 else theme.LESS for value in contributions],
        customdata=np.stack([query, key], axis=1),
        hovertemplate="dimension %{x}: query %{customdata[0]:.3f}, key %{customdata[1]:.3f}, "
        "adds %{y:.3f}<extra></extra>",
    )
    reader, read = (html.escape(name) for name in names)
    total = f"“{reader}” · “{read}”: the sum over {len(contributions)} dimensions is the score "
    title = theme.layout(
        "What each dimension adds to q·k / √d", f"{total}{contributions.sum():.3f}", HEIGHT_PX
    )
    figure = go.Figure(bars, title)
    figure.update_xaxes(title="dimension of the head", fixedrange=True, showgrid=False)
    figure.update_yaxes(fixedrange=True, gridcolor=theme.GRID, zerolinecolor=theme.GRID)
    return figure


def written_strip(written: np.ndarray, heads: int, head: int) -> go.Figure:
    """The vector that a head adds to a state. written: (D,)."""
    top = float(np.abs(written).max(initial=0)) or 1.0
    strip = go.Heatmap(
        z=written[None],
        x=list(range(1, len(written) + 1)),
        y=[""],
        zmin=-top,
        zmax=top,
        colorscale=theme.STRONG,
        showscale=False,
        hovertemplate="dimension %{x}: %{z:.3f}<extra></extra>",
    )
    length = float(np.linalg.norm(written))
    about = f"length {length:.3f}; colours from −{top:.3f} (purple) to +{top:.3f} (orange)"
    title = theme.layout(f"What head {head + 1} of {heads} writes into the state", about, STRIP_PX)
    figure = go.Figure(strip, title)
    figure.update_xaxes(fixedrange=True, showgrid=False)
    figure.update_yaxes(fixedrange=True, showgrid=False)
    return figure
