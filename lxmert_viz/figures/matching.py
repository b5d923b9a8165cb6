"""How captions belong to pictures: scores l1 - l0 as cells, and what words and regions do."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme

ROW_PX, THUMB_PX, FOOT_PX = 24, 76, 90
LONGEST = 60  # letters of a caption beside its row
WRITTEN = 20  # columns, in which numbers still have room
BLANK = "no picture"
BINS = 40


def cells(
    scores: np.ndarray,
    blank: np.ndarray,
    captions: Sequence[str],
    pictures: Sequence[str],
    thumbnails: Sequence[str],
) -> go.Figure:
    """scores: (C, P) l1 - l0; blank: (C,) of the words alone; each row's best picture is framed.

    thumbnails: addresses that an <img> takes, one a picture.
    """
    if scores.shape != (len(captions), len(pictures)) or len(thumbnails) != len(pictures):
        raise ValueError(
            f"scores are {scores.shape}, labels ({len(captions)}, {len(pictures)}), "
            f"thumbnails {len(thumbnails)}"
        )
    values = np.hstack([blank[:, None], scores])
    names = [BLANK, *pictures]
    reach = float(np.abs(values).max(initial=0)) or 1.0
    height = 68 + THUMB_PX + FOOT_PX + ROW_PX * len(captions)
    title = "Score of every caption with every picture"
    statistic = "l1 − l0: above 0 is a match. Framed: a caption's best picture. "
    statistic += f"Colours end at ±{reach:.1f}"
    figure = go.Figure(
        _heat(values, captions, names, reach),
        theme.layout(title, statistic, height, t=68 + THUMB_PX),
    )
    _frame_best(figure, scores)
    _draw_thumbnails(figure, thumbnails, height)
    labels = [c if len(c) <= LONGEST else f"{c[: LONGEST - 1]}…" for c in captions]
    figure.update_xaxes(theme.labelled_axis(names), automargin=True)
    figure.update_yaxes(theme.labelled_axis(labels), autorange="reversed", automargin=True)
    return figure


def _heat(
    values: np.ndarray, captions: Sequence[str], names: Sequence[str], reach: float
) -> go.Heatmap:
    told = [[f"{html.escape(c)}<br>{html.escape(p)}" for p in names] for c in captions]
    return go.Heatmap(
        z=values,
        zmin=-reach,
        zmax=reach,
        colorscale=theme.SIGNED,
        xgap=1,
        ygap=1,
        customdata=told,
        hovertemplate="%{customdata}<br>l1 − l0 = %{z:.2f}<extra></extra>",
        texttemplate="%{z:.1f}" if len(names) <= WRITTEN else None,
        textfont={"size": 11, "color": theme.INK},
        colorbar={"thickness": 10, "outlinewidth": 0},
    )


def _frame_best(figure: go.Figure, scores: np.ndarray) -> None:
    for row, column in enumerate(scores.argmax(axis=1)):
        figure.add_shape(
            type="rect",
            x0=column + 0.5,
            x1=column + 1.5,
            y0=row - 0.5,
            y1=row + 0.5,
            line={"color": theme.FRAME, "width": 2},
        )


def _draw_thumbnails(figure: go.Figure, thumbnails: Sequence[str], height: int) -> None:
    """Above the columns, as high as the margin lets them be."""
    inside = height - 68 - THUMB_PX - FOOT_PX
    for column, address in enumerate(thumbnails, start=1):
        figure.add_layout_image(
            source=address,
            xref="x",
            yref="paper",
            x=column,
            y=1 + 4 / inside,
            sizex=0.9,
            sizey=(THUMB_PX - 10) / inside,
            xanchor="center",
            yanchor="bottom",
        )


def word_changes(words: Sequence[str], changes: np.ndarray, reach: float, title: str) -> go.Figure:
    """What hiding each word does to the score, in the order of the text. reach: end of the scale.

    changes: (W,) of l1 - l0.
    """
    if changes.shape != (len(words),):
        raise ValueError(f"{len(words)} words do not fit changes {changes.shape}")
    bars = go.Bar(
        x=list(range(len(words))),
        y=changes,
        marker_color=[theme.MORE if change > 0 else theme.LESS for change in changes],
        text=[f"{round(change, 2) + 0.0:+.2f}" for change in changes],
        textposition="outside",
        cliponaxis=False,
        customdata=[html.escape(word) for word in words],
        hovertemplate="without “%{customdata}”: %{y:+.3f}<extra></extra>",
    )
    statistic = "Change of l1 − l0 when the word is [MASK]; below 0 it spoke for a match"
    figure = go.Figure(bars, theme.layout(title, statistic, 260, t=76, b=8))
    figure.update_yaxes(
        range=(-1.25 * reach, 1.25 * reach), fixedrange=True, gridcolor=theme.GRID, zeroline=True
    )
    figure.update_xaxes(theme.labelled_axis(words), automargin=True)
    return figure


def distributions(captions: np.ndarray, foils: np.ndarray) -> go.Figure:
    """How the scores of captions and of foils lie, as shares of each; both (N,) l1 - l0."""
    both = np.concatenate([captions, foils])
    ends = np.linspace(both.min(initial=0), both.max(initial=0) + 1e-6, BINS + 1)
    figure = go.Figure(
        layout=theme.layout(
            "Scores of captions and of foils",
            "Share of each within steps of l1 − l0; above 0 is a match",
            340,
            b=64,
        )
    )
    kinds = (("captions", captions, theme.RIGHT), ("foils", foils, theme.FRAME))
    for name, values, colour in kinds:
        counts, _ = np.histogram(values, ends)
        figure.add_trace(
            go.Scatter(
                x=(ends[:-1] + ends[1:]) / 2,
                y=counts / max(len(values), 1),
                name=f"{name} ({len(values):,})",
                mode="lines",
                line={"shape": "hvh", "color": colour, "dash": theme.dash(name == "foils")},
                fill="tozeroy",
                hovertemplate=f"{name} near %{{x:.2f}}: %{{y:.1%}}<extra></extra>",
            )
        )
    figure.update_layout(showlegend=True, legend=theme.LEGEND)
    figure.add_vline(x=0, line={"dash": "dot", "color": "rgba(128, 128, 128, 0.9)"})
    figure.update_yaxes(fixedrange=True, gridcolor=theme.GRID, tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(fixedrange=True, gridcolor=theme.GRID)
    return figure
