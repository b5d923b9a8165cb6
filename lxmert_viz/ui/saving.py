"""Below a Plotly figure: its drawing as SVG and PNG, its numbers as CSV, made in the browser."""

from collections.abc import Sequence

import streamlit as st

from lxmert_viz.figures import saving
from lxmert_viz.records import Trace

NO_BAR = {"displayModeBar": False}  # what Plotly is told of every figure
PLACE = '<div class="saving"></div>'
MOUNT = """
export default ({ data, parentElement }) => {
  const place = parentElement.querySelector(".saving");
  new FigureSaving(place, place.getRootNode().host, data);
};
"""

_component = st.components.v2.component(
    "lxmert_viz.saving", html=PLACE, css=saving.style(), js=saving.script() + MOUNT
)


def offer(figure: saving.go.Figure, about: Sequence[str], key: str) -> None:
    """To be called right after the figure is drawn. about: lines of the caption below it."""
    _component(
        data={
            "file": saving.file_name(figure),
            "caption": list(about),
            "numbers": saving.numbers_as_csv(figure, " ".join(about)),
        },
        key=f"saving.{key}",
    )


def about(*found: Trace) -> list[str]:
    """Model and text of each, as the caption's lines."""
    return list(dict.fromkeys(f"Model {one.model}. “{one.tokens.text}”" for one in found))
