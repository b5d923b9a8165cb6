"""Colours and axes that every figure shares.

One meaning a colour everywhere: orange is attention, blue is what a person chose, green is right.
Nothing is said by colour alone. Text keeps the colour of the page, light or dark.
"""

import html
from collections.abc import Sequence
from typing import Any

WEIGHT_RGB = "213, 94, 0"  # vermilion of Okabe and Ito's palette
CHOSEN = "#56b4e9"
RIGHT = "#009e73"
PLAIN = "#5b8fa8"
GRID = "rgba(128, 128, 128, 0.25)"

# dark to light in even steps, on light and dark pages alike; written as rgb(), because Streamlit
# takes near-blacks like "#000003" for places to put its own colours
ATTENTION = (
    (0.0, "rgb(24, 18, 43)"),
    (0.25, "rgb(96, 24, 92)"),
    (0.5, "rgb(176, 48, 72)"),
    (0.75, "rgb(231, 116, 36)"),
    (1.0, "rgb(252, 222, 92)"),
)

# what tells boxes apart on any picture, for all kinds of colour vision
BOX_COLOURS = ("#56b4e9", "#e69f00", "#f0e442", "#cc79a7", "#3cc7a0", "#ffffff")


def layout(title: str, subtitle: str, height: int, **margins: int) -> dict[str, Any]:
    """What all figures have in common. Sizes in pixels."""
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
        "margin": {"l": 8, "r": 8, "t": 68, "b": 8, **margins},
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "showlegend": False,
        "dragmode": False,
    }


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
