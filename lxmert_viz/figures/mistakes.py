"""Scores of groups, confusions, and whether a model is right as often as it is sure."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lxmert_viz.figures import theme

ROW_PX = 30
SIDE_PX = 34
EMPTY = "rgba(128, 128, 128, 0.06)"
MISSED = [[0, EMPTY], [1e-6, "#f8e4e1"], [1, "#e58a7e"]]  # under dark text
QUIET = "rgba(128, 128, 128, 1)"
DIFFERENCES = [[0, "#0072b2"], [0.5, "rgba(128, 128, 128, 0.12)"], [1, "#d55e00"]]
SURE = 0.05


def group_bars(
    labels: Sequence[str],
    means: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    counts: Sequence[int],
    overall: float,
    order: str,
) -> go.Figure:
    """Mean score of each group, 0 to 1, with its 95% interval; the dotted line is the mean of all.

    intervals: ends of each. order: of the groups. Clicked points carry the place of their group.
    """
    bars = _bars(labels, means, intervals, counts)
    height = 104 + ROW_PX * len(labels)
    subtitle = (
        f"{order}; mean with its 95% interval; dotted line: mean of all rows, {overall:.3f}; "
        "click to filter"
    )
    figure = go.Figure(bars, theme.layout("Score, 0 to 1", subtitle, height, r=56))
    for place, mean in enumerate(means):  # beside the axis, where no interval crosses them
        told = {"text": f"{mean:.3f}", "x": 1, "xref": "paper", "y": place}
        figure.add_annotation(told, xanchor="left", xshift=8, showarrow=False)
    figure.add_vline(x=overall, line={"dash": "dot", "color": "rgba(128, 128, 128, 0.9)"})
    figure.update_xaxes(range=(0, 1), fixedrange=True, dtick=0.25, gridcolor=theme.GRID)
    named = [f"{label} ({count:,})" for label, count in zip(labels, counts, strict=True)]
    figure.update_yaxes(theme.labelled_axis(named), autorange="reversed", automargin=True)
    return figure


def confusion(counts: np.ndarray, right: Sequence[str], answered: Sequence[str]) -> go.Figure:
    """counts: (right, answered). Only mistakes are coloured; what is right is a quiet number.

    Clicked points carry the places of both.
    """
    if counts.shape != (len(right), len(answered)):
        raise ValueError(f"counts are {counts.shape}, labels ({len(right)}, {len(answered)})")
    is_right = np.equal.outer(np.array(right, object), np.array(answered, object))
    missed = np.where(is_right, 0, counts)
    most = max(int(missed.max(initial=0)), 1)
    heats = [
        _heat(np.where(is_right, np.nan, counts), MISSED, most).update(
            showscale=True,
            colorbar={
                "thickness": 10,
                "outlinewidth": 0,
                "tickvals": [0, most],
                "title": "mistakes",
            },
        ),
        _heat(np.where(is_right, counts, np.nan), [[0, EMPTY], [1, EMPTY]], 1),
    ]
    points = _numbers(counts, missed, right, answered)
    height = 150 + SIDE_PX * len(right)
    title = "What was answered instead"
    subtitle = "number of examples; coloured: mistakes; grey numbers: right; click a cell to filter"
    figure = go.Figure([*heats, points], theme.layout(title, subtitle, height, b=60, t=76))
    figure.update_xaxes(theme.labelled_axis(answered, "answered"), automargin=True)
    figure.update_xaxes(range=(-0.5, len(answered) - 0.5))
    figure.update_yaxes(theme.labelled_axis(right, "right"), automargin=True)
    figure.update_yaxes(range=(len(right) - 0.5, -0.5))
    return figure


def reliability(
    confidence: Sequence[float], accuracy: Sequence[float], counts: Sequence[int], error: float
) -> go.Figure:
    """Mean score against mean confidence of each bin; the diagonal is calibrated."""
    line = {"dash": "dot", "color": "rgba(128, 128, 128, 0.9)"}
    diagonal = go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, hoverinfo="skip")
    size = 4 + 9 * np.sqrt(np.asarray(counts) / max(counts))
    bins = go.Scatter(
        x=list(confidence),
        y=list(accuracy),
        mode="lines+markers",
        line={"color": theme.PLAIN},
        marker={"size": size, "color": theme.PLAIN},
        hovertext=[
            f"certainty {sure:.3f}, score {score:.3f}, {count:,} examples"
            for sure, score, count in zip(confidence, accuracy, counts, strict=True)
        ],
        hoverinfo="text",
    )
    subtitle = (
        f"{len(counts)} bins of about equally many; mean gap {error:.3f}; "
        "dotted line: as certain as right"
    )
    figure = go.Figure(
        [diagonal, bins], theme.layout("How certain, how right", subtitle, 380, b=48)
    )
    figure.update_xaxes(range=(0, 1.02), title="mean probability of the answer", fixedrange=True)
    figure.update_yaxes(range=(0, 1.02), title="mean score", fixedrange=True, gridcolor=theme.GRID)
    return figure


def risk_coverage(coverage: np.ndarray, risk: np.ndarray, area: float) -> go.Figure:
    """Share answered against 1 - mean score of what is answered. Both (N,)."""
    points = min(len(coverage), 500)  # as many as a screen can show, the first and the last too
    shown = np.linspace(0, len(coverage) - 1, points).round().astype(int)
    curve = go.Scatter(
        x=coverage[shown],
        y=risk[shown],
        mode="lines",
        line={"color": theme.PLAIN},
        hovertemplate="answering %{x:.1%}: risk %{y:.3f}<extra></extra>",
    )
    subtitle = f"the most certain first; area under the curve {area:.3f}, lower is better"
    figure = go.Figure(
        curve, theme.layout("If only the most certain are answered", subtitle, 380, b=48)
    )
    figure.update_xaxes(range=(0, 1), title="share answered", fixedrange=True, tickformat=".0%")
    top = min(1.0, float(risk.max(initial=0)) * 1.15 + 0.02)
    figure.update_yaxes(range=(0, top), title="risk: 1 − mean score", fixedrange=True)
    return figure


def head_differences(effect: np.ndarray, p: np.ndarray, labels: Sequence[str]) -> go.Figure:
    """How each head differs in wrong answers; a dot where chance does not explain it.

    effect, p: (rows, H); a row is a layer of a family.
    """
    if effect.shape != p.shape or len(labels) != len(effect):
        raise ValueError(f"effect {effect.shape}, p {p.shape} and {len(labels)} labels differ")
    top = max(float(np.abs(effect).max(initial=0)), 0.2)
    heads = [str(head + 1) for head in range(effect.shape[1])]
    heat = go.Heatmap(
        z=effect,
        zmin=-top,
        zmax=top,
        colorscale=DIFFERENCES,
        text=[["•" if value < SURE else "" for value in row] for row in p],
        texttemplate="%{text}",
        textfont={"size": 18},
        hovertext=[
            [
                f"{label}, head {head + 1}: {size:+.2f} standard deviations, p {value:.3f}"
                for head, (size, value) in enumerate(zip(*pair, strict=True))
            ]
            for label, pair in zip(labels, zip(effect, p, strict=True), strict=True)
        ],
        hoverinfo="text",
        xgap=2,
        ygap=2,
        colorbar={"title": "Cohen's d", "thickness": 12},
    )
    subtitle = "wrong less right, in standard deviations; dot: beyond chance (5%)"
    height = 120 + 24 * len(labels)
    figure = go.Figure(heat, theme.layout("Heads in wrong answers", subtitle, height, b=44))
    figure.update_xaxes(theme.labelled_axis(heads, "head"))
    figure.update_yaxes(theme.labelled_axis(labels), autorange="reversed", automargin=True)
    return figure


def _bars(
    labels: Sequence[str],
    means: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    counts: Sequence[int],
) -> go.Bar:
    reach = {
        "array": [high - mean for mean, (_, high) in zip(means, intervals, strict=True)],
        "arrayminus": [mean - low for mean, (low, _) in zip(means, intervals, strict=True)],
    }
    return go.Bar(
        x=list(means),
        y=list(range(len(labels))),
        orientation="h",
        marker={"color": theme.PLAIN, "opacity": 0.6},
        error_x={"type": "data", "symmetric": False, "color": QUIET, "thickness": 1.5} | reach,
        customdata=list(range(len(labels))),
        hovertext=[
            f"{html.escape(label)}: {mean:.3f} ({low:.3f} to {high:.3f}), {count:,} examples"
            for label, mean, (low, high), count in zip(
                labels, means, intervals, counts, strict=True
            )
        ],
        hoverinfo="text",
    )


def _heat(counts: np.ndarray, colours: list, most: int) -> go.Heatmap:
    """counts: NaN where there is no cell."""
    heat = go.Heatmap(z=counts, colorscale=colours, zmin=0, zmax=most, showscale=False)
    return heat.update(hoverinfo="skip", xgap=1, ygap=1)


def _numbers(
    counts: np.ndarray, missed: np.ndarray, right: Sequence[str], answered: Sequence[str]
) -> go.Scatter:
    rows, columns = np.nonzero(counts)
    shown = counts[rows, columns]
    # heatmaps cannot be clicked in Streamlit; points on their cells can
    return go.Scatter(
        x=columns,
        y=rows,
        mode="markers+text",
        marker={"size": SIDE_PX - 8, "opacity": 0, "symbol": "square"},
        text=[f"{count:,}" for count in shown],
        textfont={
            "size": 11,
            "color": [theme.INK if n else QUIET for n in missed[rows, columns]],
        },
        customdata=np.stack([rows, columns], 1),
        hovertext=[
            f"right {html.escape(right[r])}, answered {html.escape(answered[c])}: {n:,}"
            for r, c, n in zip(rows, columns, shown, strict=True)
        ],
        hoverinfo="text",
    )
