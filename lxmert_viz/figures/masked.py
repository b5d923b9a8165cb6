"""Words for a [MASK], side by side for several pictures."""

import html
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lxmert_viz.figures import theme
from lxmert_viz.records import Answer
from lxmert_viz.rounding import probability

ROW_PX = 30


def masked_bars(guesses: Mapping[str, Sequence[Answer]], mask: str) -> go.Figure:
    """One panel a picture, most probable word first, all from 0 to 1.

    guesses: what the picture is -> its words.
    """
    figure = make_subplots(1, len(guesses), subplot_titles=[html.escape(n) for n in guesses])
    rows = max(len(column) for column in guesses.values())
    figure.update_layout(
        theme.layout(mask, "softmax over the vocabulary, 0 to 1", 120 + ROW_PX * rows, t=96)
    )
    for place, column in enumerate(guesses.values(), start=1):
        bars = go.Bar(
            x=[word.probability for word in column],
            y=list(range(len(column))),
            orientation="h",
            marker_color=theme.PLAIN,
            text=[
                f"{html.escape(word.text)} {probability(word.probability, 3)}" for word in column
            ],
            textposition="auto",
            insidetextanchor="start",
            cliponaxis=False,
            hoverinfo="text",
        )
        figure.add_trace(bars, 1, place)
    figure.update_annotations(font_size=13)
    figure.update_xaxes(range=(0, 1), fixedrange=True, dtick=0.5, gridcolor=theme.GRID)
    figure.update_yaxes(visible=False, fixedrange=True, autorange="reversed")
    return figure
