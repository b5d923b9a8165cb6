"""A figure as files: its numbers as CSV, and the script that saves its drawing."""

import csv
import html
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
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
    rows = [
        row | ({"frame": frame} if frame else {})
        for frame, part in parts
        if _is_seen(part)
        for row in _rows(figure, part)
    ]
    kept = [name for name in KEPT if any(name in row for row in rows)]
    title, statistic = figure.layout.title, figure.layout.title.subtitle
    told = {"figure": _text(title.text), "statistic": _text(statistic.text), "about": about}
    return _written([*told, "series", "x", "y", *kept], [told | row for row in rows])


def table_as_csv(columns: Mapping[str, Sequence[Any]], about: str) -> str:
    """A row a row of the table, with what it is about."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return _written([*columns, "about"], [row | {"about": about} for row in rows])


def file_name(figure: go.Figure) -> str:
    """Of the files, without an ending."""
    words = re.findall(r"\w+", _text(figure.layout.title.text).lower())
    return "-".join(["lxmert", *words])[:60]


def script() -> str:
    return "\n".join((ASSETS / f"{name}.js").read_text() for name in FILES)


def style() -> str:
    return (ASSETS / "saving" / "saving.css").read_text()


def _written(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    written = io.StringIO()
    table = csv.DictWriter(written, names, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return written.getvalue()


def _is_seen(part: Any) -> bool:
    if part.meta == theme.PAINT:
        return False
    return part.type != "scatter" or part.marker.opacity != 0 or "text" in (part.mode or "")


def _rows(figure: go.Figure, part: Any) -> Iterator[dict[str, Any]]:
    x_labels, y_labels = _labels(figure, part.xaxis or "x"), _labels(figure, part.yaxis or "y")
    told = part.hovertext if part.hovertext is not None else part.text
    if part.type == "heatmap":
        for (row, column), value in np.ndenumerate(np.asarray(part.z)):
            if np.isnan(value):
                continue
            x, y = _at(part.x, column, column), _at(part.y, row, row)
            label = {} if told is None else {"label": _text(told[row][column])}
            yield _row(part, x_labels, y_labels, x, y) | {"value": value} | label
        return
    for place, (x, y) in enumerate(zip(part.x, part.y, strict=True)):
        label = {} if told is None else {"label": _text(_at(told, place, ""))}
        yield _row(part, x_labels, y_labels, x, y) | _errors(part, place) | label


def _row(
    part: Any, x_labels: dict[float, str], y_labels: dict[float, str], x: Any, y: Any
) -> dict[str, Any]:
    named = {"x": x_labels.get(x, x), "y": y_labels.get(y, y)}
    return {"series": _text(part.name)} | named


def _errors(part: Any, place: int) -> dict[str, Any]:
    bars = next((e for e in (part.error_x, part.error_y) if e.array is not None), None)
    if bars is None:
        return {}
    below = bars.array if bars.arrayminus is None else bars.arrayminus
    return {"minus": below[place], "plus": bars.array[place]}


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
