"""The flow graph: layers upward, words and regions across, edges as wide as what flows in them."""

import html
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme

GAP = 1.5  # columns between words and regions
ROW_PX, MORE_PX = 46, 190
WIDTHS = (1.0, 2.5, 4.5, 8.0)  # of edges, by their influence
FROM = (0.0, 0.02, 0.08, 0.25)  # share of the largest, from which an edge has each width
OWN, CROSSING = theme.LINES[0], theme.LINES[1]
NODE_PX = (7, 26)
NAMED, FEW = 58, 14  # columns that are named at most, and named aslant


class Point(NamedTuple):
    """A state as it is drawn, or several as one."""

    stream: str  # "lang" or "vision"
    depth: int
    place: int
    weight: float  # 0..1
    label: str = ""  # a person's own, beside it
    is_pinned: bool = False


class Line(NamedTuple):
    """From one state up to another. Indices of points."""

    source: int
    target: int
    weight: float  # 0..1
    told: str  # what pointing says


def flow_graph(
    points: Sequence[Point],
    lines: Sequence[Line],
    names: Mapping[str, Sequence[str]],
    root: int,
    title: str,
    statistic: str,
) -> go.Figure:
    """names: of every word ("lang") and region ("vision"), drawn or not. root: the index of one.

    Points carry their (stream, depth, place) as customdata, for clicks; edges those of their source
    and then those of their target.
    """
    depths = [point.depth for point in points]
    span = max(depths) - min(depths) + 1
    layout = theme.layout(title, statistic, MORE_PX + ROW_PX * span, t=84, b=96)
    figure = go.Figure(layout=layout)
    columns = _columns(points, names)
    spots = np.array([(columns[p.stream, p.place], p.depth) for p in points], float)
    for trace in _edges(spots, points, lines):
        figure.add_trace(trace)
    figure.add_trace(_nodes(spots, points, names, root))
    _name_axes(figure, columns, _named(points, columns), depths, names)
    return figure


def _named(
    points: Sequence[Point], columns: Mapping[tuple[str, int], float]
) -> list[tuple[str, int]]:
    """The columns whose names do not touch: where not all can be named, the heaviest are."""
    most: dict[tuple[str, int], float] = {}
    for point in points:
        key = (point.stream, point.place)
        most[key] = max(most.get(key, 0.0), point.weight)
    apart, chosen = max(columns.values()) / NAMED, []
    for key in sorted(most, key=lambda key: -most[key]):
        if all(abs(columns[key] - columns[other]) >= apart for other in chosen):
            chosen.append(key)
    return chosen[:NAMED]


def _name_axes(
    figure: go.Figure,
    columns: Mapping[tuple[str, int], float],
    named_columns: Collection[tuple[str, int]],
    depths: Sequence[int],
    names: Mapping[str, Sequence[str]],
) -> None:
    ticks = sorted(columns.items(), key=lambda item: item[1])
    ticks = [tick for tick in ticks if tick[0] in named_columns]
    figure.update_xaxes(
        theme.labelled_axis([]),
        tickvals=[x for _, x in ticks],
        ticktext=[html.escape(_short(names[s][place], s)) for (s, place), _ in ticks],
        tickangle=-45 if len(ticks) <= FEW else -90,
        range=(-0.7, max(columns.values()) + 0.7),
    )
    named = {depth: _depth_named(depth) for depth in range(min(depths), max(depths) + 1)}
    figure.update_yaxes(
        tickvals=list(named),
        ticktext=list(named.values()),
        range=(min(depths) - 0.6, max(depths) + 0.6),
        fixedrange=True,
        gridcolor=theme.GRID,
        zeroline=False,
        automargin=True,
    )


def _columns(
    points: Sequence[Point], names: Mapping[str, Sequence[str]]
) -> dict[tuple[str, int], float]:
    """A column for every word and region that is drawn anywhere, in their order."""
    found, at = {}, 0.0
    for stream in ("lang", "vision"):
        drawn = sorted({p.place for p in points if p.stream == stream})
        for place in drawn:
            if not 0 <= place < len(names[stream]):
                raise ValueError(f"{stream} {place} has no name among {len(names[stream])}")
            found[stream, place] = at
            at += 1
        at += GAP
    return found


def _edges(spots: np.ndarray, points: Sequence[Point], lines: Sequence[Line]) -> list[go.Scatter]:
    """One trace a colour and width, then one of points in the middle, which tell the numbers."""
    top, traces = max((line.weight for line in lines), default=1.0) or 1.0, []
    for crosses, colour in ((False, OWN), (True, CROSSING)):
        own = [n for n in lines if (points[n.source].stream != points[n.target].stream) is crosses]
        for place, width in enumerate(WIDTHS):
            ends = [*FROM, 1.1]
            some = [n for n in own if ends[place] <= n.weight / top < ends[place + 1]]
            if not some:
                continue
            xs, ys = (
                [v for n in some for v in (spots[n.source, axis], spots[n.target, axis], None)]
                for axis in (0, 1)
            )
            line = {"color": colour, "width": width, "dash": "dot" if crosses else "solid"}
            traces.append(
                go.Scatter(x=xs, y=ys, mode="lines", line=line, opacity=0.6, hoverinfo="skip")
            )
    middles = np.array([(spots[n.source] + spots[n.target]) / 2 for n in lines]).reshape(-1, 2)
    told = [html.escape(line.told) for line in lines]
    traces.append(
        go.Scatter(
            x=middles[:, 0],
            y=middles[:, 1],
            mode="markers",
            marker={"size": 11, "opacity": 0},
            customdata=[[*points[n.source][:3], *points[n.target][:3]] for n in lines],
            text=told,
            hovertemplate="%{text}<extra></extra>",
            meta=theme.PAINT,
        )
    )
    return traces


def _nodes(
    spots: np.ndarray, points: Sequence[Point], names: Mapping[str, Sequence[str]], root: int
) -> go.Scatter:
    low, high = NODE_PX
    sizes = [low + (high - low) * np.sqrt(max(point.weight, 0)) for point in points]
    told = [
        f"{html.escape(names[p.stream][p.place])}, {_depth_named(p.depth)}: {p.weight:.1%} of the "
        "root"
        for p in points
    ]
    marker = {
        "size": sizes,
        "color": [theme.CHOSEN if n == root else theme.PLAIN for n in range(len(points))],
        "symbol": ["diamond" if point.is_pinned else "circle" for point in points],
        "line": {
            "width": [2.5 if point.is_pinned else 1.5 for point in points],
            "color": [theme.FRAME if point.is_pinned else "white" for point in points],
        },
    }
    return go.Scatter(
        x=spots[:, 0],
        y=spots[:, 1],
        mode="markers+text",
        marker=marker,
        text=[html.escape(point.label) for point in points],
        textposition="top right",
        textfont={"size": 13},
        customdata=[list(point[:3]) for point in points],
        hovertext=told,
        hovertemplate="%{hovertext}<extra></extra>",
    )


def by_head(
    share: np.ndarray, attribution: np.ndarray, fall: np.ndarray, title: str, statistic: str
) -> go.Figure:
    """An edge opened: a row a head, what it does by two measures in logits. All (H,)."""
    heads = [f"head {n + 1}" for n in range(len(share))]
    figure = go.Figure(layout=theme.layout(title, statistic, 150 + 30 * len(heads), t=84, b=60))
    for name, values, colour in (
        ("along the gradient", attribution, theme.PLAIN),
        ("cut alone: the target falls by", fall, theme.MORE),
    ):
        figure.add_trace(
            go.Bar(
                x=values,
                y=heads,
                name=name,
                orientation="h",
                marker={"color": colour},
                customdata=share,
                hovertemplate="%{y}: %{x:.3f} logits; carries %{customdata:.0%} of the edge",
            )
        )
    figure.update_layout(showlegend=True, legend=theme.LEGEND, barmode="group")
    figure.update_xaxes(gridcolor=theme.GRID, fixedrange=True, zerolinecolor=theme.GRID)
    figure.update_yaxes(autorange="reversed", fixedrange=True, automargin=True)
    return figure


def _short(name: str, stream: str) -> str:
    """A region by its number and the last word of its name: "4 cone"."""
    parts = name.split()
    return f"{parts[0]} {parts[-1]}" if stream == "vision" and len(parts) > 2 else name


def _depth_named(depth: int) -> str:
    if depth > 0:
        return f"cross layer {depth}"
    return "enters crossing" if depth == 0 else f"{-depth} below"
