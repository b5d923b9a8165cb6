"""Figures as files: a page that works offline, or a picture where the exporter is installed."""

from importlib.util import find_spec
from pathlib import Path

import plotly.graph_objects as go

from lxmert_viz.errors import FigureError
from lxmert_viz.whole_files import written_whole

PICTURES = (".png", ".svg", ".pdf")
WIDTH_PX, SCALE = 1100, 2


def check(path: Path) -> None:
    """path ends in .html, or in one of PICTURES, which need kaleido. Raises FigureError."""
    kind = path.suffix.lower()
    if kind not in (".html", *PICTURES):
        raise FigureError(f"{path.name} is not written; end it in .html, {', '.join(PICTURES)}.")
    if kind in PICTURES and find_spec("kaleido") is None:
        raise FigureError(
            f"{kind} needs the exporter: pip install kaleido, or write .html, which needs nothing."
        )


def write(figure: go.Figure, path: Path) -> None:
    """Raises FigureError, as `check` does."""
    check(path)
    kind = path.suffix.lower().removeprefix(".")
    shown = go.Figure(figure).update_layout(title_pad_l=12)  # on a page of its own
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as unfinished:
            if kind == "html":
                shown.write_html(unfinished, include_plotlyjs=True)
            else:
                shown.write_image(unfinished, format=kind, width=WIDTH_PX, scale=SCALE)
    except (OSError, RuntimeError) as error:
        raise FigureError(f"{path} cannot be written: {str(error).splitlines()[0]}.") from error
