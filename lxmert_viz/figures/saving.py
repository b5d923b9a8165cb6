"""A figure as files: its numbers as CSV, and the script that saves its drawing."""

import html
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lxmert_viz.figures import theme
from lxmert_viz.places import ASSETS

MARKUP = re.compile(r"<[^<>]*>")
FILES = ("stage/elements", "stage/vector", "saving/saving")
KEPT = ("frame", "value", "minus", "plus", "label")  # columns that appear where a figure has them


def numbers_as_csv(figure: go.Figure, about: str) -> str:
    """A row a point or cell, with the figure's title and statistic, and what it is about.

    Axes give their labels where they have some. `frame` is a step of the slider, `value` is of
    cells, `minus` and `plus` are the lengths of error bars, `label` is what pointing tells. Points
    that are there to be clicked and cannot be seen are left out, and so are empty cells.
    """
    frames = [(frame.name, part) for frame in figure.frames for part in frame.data]
    parts = frames or [("", part) for part in figure.data]
    read = [
        _points(figure, part).assign(**({"frame": frame} if frame else {}))
        for frame, part in parts
        if _is_seen(part)
    ]
    title, statistic = figure.layout.title, figure.layout.title.subtitle
    told = {"figure": _text(title.text), "statistic": _text(statistic.text), "about": about}
    table = pd.concat(read, ignore_index=True).assign(**told)
    columns = [*told, "series", "x", "y", *(name for name in KEPT if name in table)]
    return table[columns].to_csv(index=False, lineterminator="\n")


def table_as_csv(table: pd.DataFrame, about: str) -> str:
    """A row a row of the table, with what it is about."""
    return table.assign(about=about).to_csv(index=False, lineterminator="\n")


def file_name(figure: go.Figure) -> str:
    """Of the files, without an ending."""
    words = re.findall(r"\w+", _text(figure.layout.title.text).lower())
    return "-".join(["lxmert", *words])[:60]


def script() -> str:
    return "\n".join((ASSETS / f"{name}.js").read_text() for name in FILES)


def style() -> str:
    return (ASSETS / "saving" / "saving.css").read_text()


def _is_seen(part: Any) -> bool:
    if part.meta == theme.PAINT:
        return False
    return part.type != "scatter" or part.marker.opacity != 0 or "text" in (part.mode or "")


def _points(figure: go.Figure, part: Any) -> pd.DataFrame:
    """A row a point or cell of one trace of a figure."""
    x_labels, y_labels = _labels(figure, part.xaxis or "x"), _labels(figure, part.yaxis or "y")
    told = part.hovertext if part.hovertext is not None else part.text
    columns: dict[str, Sequence[Any]] = {}
    if part.type == "heatmap":
        cells = np.asarray(part.z)
        places = [place for place in np.ndindex(cells.shape) if not np.isnan(cells[place])]
        at = [(_at(part.x, column, column), _at(part.y, row, row)) for row, column in places]
        columns["value"] = [cells[place] for place in places]
        labels = None if told is None else [told[row][column] for row, column in places]
    else:
        at = list(zip(part.x, part.y, strict=True))
        columns |= _errors(part)
        labels = None if told is None else [_at(told, place, "") for place in range(len(at))]
    if labels is not None:
        columns["label"] = [_text(label) for label in labels]
    x, y = [x_labels.get(x, x) for x, _ in at], [y_labels.get(y, y) for _, y in at]
    named = {"series": [_text(part.name)] * len(at), "x": x, "y": y}
    return pd.DataFrame(named | columns, dtype=object)


def _errors(part: Any) -> dict[str, Sequence[Any]]:
    bars = next((e for e in (part.error_x, part.error_y) if e.array is not None), None)
    if bars is None:
        return {}
    below = bars.array if bars.arrayminus is None else bars.arrayminus
    return {"minus": below, "plus": bars.array}


def _labels(figure: go.Figure, axis: str) -> dict[float, str]:
    """Position -> label. axis: as a trace names it, "x" or "y2"."""
    ticks = figure.layout[f"{axis[0]}axis{axis[1:]}"]
    if ticks.ticktext is None:
        return {}
    return dict(zip(ticks.tickvals, map(_text, ticks.ticktext), strict=True))


def _at(values: Sequence[Any] | str | None, place: int, missing: Any) -> Any:
    """One of many; a lone text is everyone's."""
    if values is None or isinstance(values, str):
        return missing if values is None else values
    return values[place]


def _text(written: Any) -> str:
    return html.unescape(MARKUP.sub(" ", "" if written is None else str(written))).strip()
