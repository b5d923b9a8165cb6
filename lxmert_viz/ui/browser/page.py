"""What every page has in the browser: ways past and out of the frame, keys, Plotly early."""

from functools import cache
from pathlib import Path

import streamlit as st

from lxmert_viz.places import ASSETS

FILES = ("keys", "skip", "pages", "question", "early")
MOUNT = """
export default ({ data }) => {
  mountKeyboard();
  mountPages();
  mountQuestion();
  loadEarly(data);
};
"""
_component = st.components.v2.component(
    "lxmert_viz.page",
    html="<span></span>",
    js="\n".join([*((ASSETS / "frame" / f"{name}.js").read_text() for name in FILES), MOUNT]),
)


def serve() -> None:
    _component(data=plotly(), key="frame.page")


@cache
def plotly() -> list[str]:
    """Streamlit's own file with Plotly, as a page names it: the browser asks for it early."""
    folder = Path(st.__file__).parent / "static"
    return [
        file.relative_to(folder).as_posix() for file in folder.glob("static/js/PlotlyChart.*.js")
    ]
