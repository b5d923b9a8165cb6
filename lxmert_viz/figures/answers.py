"""Answers as bars."""

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from lxmert_viz.figures import theme
from lxmert_viz.records import Standing
from lxmert_viz.rounding import probability

ROW_PX = 34
PAIR_PX = 48


def statistic(kind: str, count: int) -> str:
    """The name of the numbers that an answer head gives, as the head was trained."""
    if kind == "softmax":
        return f"softmax over {count:,} answers"
    if kind == "sigmoid":
        return f"sigmoid of each of {count:,} answers alone; they need not sum to 1"
    raise ValueError(
        f"an output head for answers is trained as 'softmax' or 'sigmoid', not {kind!r}"
    )


def answer_bars(
    answers: Sequence[Standing], kind: str, right: str | None = None, asked: str | None = None
) -> go.Figure:
    """Answers in order of rank, from 0 to 1; `right` and `asked` are answers to be marked."""
    if not answers:
        raise ValueError("there are no answers to draw")
    bars = go.Bar(
        x=[answer.probability for answer in answers],
        y=list(range(len(answers))),
        orientation="h",
        marker_color=[_colour(answer.text, right, asked) for answer in answers],
        text=[probability(answer.probability, 3) for answer in answers],
        textposition="outside",
        cliponaxis=False,
        hovertext=[
            f"{html.escape(a.text)}: {a.probability:.4f}, rank {a.rank:,} of {a.of:,}"
            for a in answers
        ],
        hoverinfo="text",
    )
    height = 100 + ROW_PX * len(answers)
    named = statistic(kind, answers[0].of)
    figure = go.Figure(bars, theme.layout("Probability of each answer", named, height, r=40))
    figure.update_xaxes(
        range=(0, 1), fixedrange=True, dtick=0.25, gridcolor=theme.GRID, zeroline=False
    )
    labels = [_label(answer, right, asked) for answer in answers]
    figure.update_yaxes(theme.labelled_axis(labels), autorange="reversed", automargin=True)
    return figure


def paired_bars(
    texts: Sequence[str],
    sides: dict[str, Sequence[float | None]],
    subtitle: str,
) -> go.Figure:
    """Answers with one bar a side, from 0 to 1. sides: name -> one probability a text, or None."""
    if len(sides) != 2 or any(len(values) != len(texts) for values in sides.values()):
        raise ValueError(f"two sides need {len(texts)} numbers each, not {sides}")
    bars = [
        go.Bar(
            name=html.escape(name),
            x=[value or 0 for value in values],
            y=list(range(len(texts))),
            orientation="h",
            marker_color=colour,
            text=["not one of its answers" if v is None else probability(v, 3) for v in values],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
        for (name, values), colour in zip(sides.items(), (theme.EARLIER, theme.OTHER), strict=True)
    ]
    height = 130 + PAIR_PX * len(texts)
    figure = go.Figure(bars, theme.layout("Probability of each answer", subtitle, height, r=40))
    figure.update_layout(
        showlegend=True,
        barmode="group",
        legend={"orientation": "h", "x": 0, "yanchor": "top", "traceorder": "normal"}
        | {"yref": "paper", "y": -32 / (height - 76), "itemclick": False}
        | {"bgcolor": "rgba(0, 0, 0, 0)"},  # its margin reaches over the axis' numbers
    )
    figure.update_xaxes(
        range=(0, 1), fixedrange=True, dtick=0.25, gridcolor=theme.GRID, zeroline=False
    )
    figure.update_yaxes(theme.labelled_axis(texts), autorange="reversed", automargin=True)
    return figure


def _label(answer: Standing, right: str | None, asked: str | None) -> str:
    marks = [mark for mark, text in (("✓ right", right), ("asked", asked)) if answer.text == text]
    note = f" ({', '.join(marks)})" if marks else ""
    return f"{answer.rank}. {answer.text}{note}"


def _colour(text: str, right: str | None, asked: str | None) -> str:
    if text == right:
        return theme.RIGHT
    return theme.CHOSEN if text == asked else theme.PLAIN
