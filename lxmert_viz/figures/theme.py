"""Colours and axes that every figure shares.

One meaning a colour everywhere: blue is what a person chose or locked, green is right, magenta is
the other side of a comparison; the stage's own `assets/stage/colours.js` has orange for attention
and violet for statistics of heads. Regions have colours of their own, and so have lines in legends.
Nothing is said by colour alone. Text keeps the colour of the page, light or dark.
"""

import html
import textwrap
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

WHITE = {"layout": {"paper_bgcolor": "white", "plot_bgcolor": "white"}}
CHOSEN = "#56b4e9"
RIGHT = "#009e73"
OTHER = "#b04a82"
PLAIN = "#5b8fa8"
EARLIER = "#9aa5ab"
MORE = "#c95f0c"  # of signed numbers, as the stage draws differences
LESS = "#7562b0"
MIDDLE = "#f4f4f4"
GRID = "rgba(128, 128, 128, 0.25)"

SHARES = ((0, "#f1f4f6"), (0.5, "#b5dcec"), (1, "#4fb0d6"))  # 0 to 1, under dark text
SIGNED = ((0, "#b0a3d8"), (0.5, MIDDLE), (1, "#eda768"))  # -1 to 1, under dark text
STRONG = ((0, LESS), (0.5, MIDDLE), (1, MORE))  # -1 to 1, without text
INK = "#10171b"
DARK = {  # the same under light text, on a dark page
    SHARES: ((0, "#20303a"), (0.5, "#1f5a75"), (1, "#227fa5")),
    SIGNED: ((0, "#7a66c0"), (0.5, "#2a3238"), (1, "#b0611a")),
    STRONG: ((0, LESS), (0.5, "#2a3238"), (1, MORE)),
}
PALE = "#ffffff"
PAINT = "paint"  # meta of cells that only colour what other parts of the figure tell
FRAME = "#d55e00"
LINES = ("#2f8fb5", "#d55e00", "#6b8e23", "#b45f96", "#a08a00", "#5b6770", "#8aa1c1", "#e69f00")

NARROW, LINE_PX = 72, 16  # letters of a line of a subtitle on a phone, and how high a line is

# below everything, whose labels may turn and take more room
LEGEND = {"orientation": "h", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom"}

# Room that is there from the beginning: where axes or a scale find too little, Plotly draws the
# whole figure a second time.
TICKS_PX = 44  # left of an axis of numbers
SCALE_PX = 84  # right of cells, for their scale of colours
LEGEND_PX = 72  # below an axis with one line of labels, for a legend of one line
LETTER_PX, TICK_PX = 6.5, 24

# what tells boxes apart on any picture, for all kinds of colour vision
BOX_COLOURS = ("#c9b3ff", "#e69f00", "#f0e442", "#cc79a7", "#d9c3a0", "#ffffff")


def layout(title: str, subtitle: str, height: int, **margins: int) -> dict[str, Any]:
    """What all figures have in common. Sizes in pixels.

    Lines of the subtitle that a phone would cut become two, and the figure as much higher.
    """
    lines = subtitle.split("<br>")
    narrow = [part for line in lines for part in _wrapped(line) or [""]]
    more = LINE_PX * (len(narrow) - len(lines))
    height, subtitle = height + more, "<br>".join(narrow)
    margins["t"] = margins.get("t", 68) + more
    return {
        "title": {
            "text": title,
            "subtitle": {"text": subtitle, "font": {"size": 12}},
            "font": {"size": 15},
            "x": 0,
            "xanchor": "left",
            "y": 1 - 24 / height,
            "yref": "container",
            "yanchor": "middle",
            "pad": {"t": 0, "l": 0},
        },
        "height": height,
        "margin": {"l": 8, "r": 8, "b": 8, **margins},
        "template": WHITE,  # in a notebook, dark or light; the app puts its own there
        "showlegend": False,
        "dragmode": False,
    }


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, NARROW, break_long_words=False, break_on_hyphens=False)


def in_the_dark(figure: go.Figure) -> go.Figure:
    """The same for a dark page: cells and points of these scales are dark, and text is light."""
    darker = go.Figure(figure)
    for cells in darker.select_traces({"type": "heatmap"}):
        if cells.colorscale in DARK:
            cells.colorscale = DARK[cells.colorscale]
            if cells.textfont.color == INK:
                cells.textfont.color = PALE
    for points in darker.select_traces({"type": "scatter"}):
        if points.marker.colorscale in DARK:
            points.marker.colorscale = DARK[points.marker.colorscale]
    return darker


def room(labels: Sequence[str]) -> int:
    """Pixels left of an axis with these labels."""
    return round(TICK_PX + LETTER_PX * max(map(len, labels), default=0))


def dash(place: int) -> str:
    """Lines differ by more than colour."""
    return ("solid", "dash", "dot", "dashdot")[place % 4]


def labelled_axis(labels: Sequence[str], title: str = "") -> dict[str, Any]:
    """An axis with one label a position; equal labels stay apart, unlike as categories."""
    return {
        "tickmode": "array",
        "tickvals": list(range(len(labels))),
        "ticktext": [html.escape(label) for label in labels],
        "title": title,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }
