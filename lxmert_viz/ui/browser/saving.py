"""Below a figure: its drawing as SVG and PNG, its numbers as CSV, made in the browser."""

import re
from collections.abc import Sequence
from typing import Any

import streamlit as st

from lxmert_viz.analysis import frames
from lxmert_viz.figures import saving, theme
from lxmert_viz.records import Regions, Trace

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


def draw(figure: saving.go.Figure, about: Sequence[str], key: str, **options: Any) -> Any:
    """A Plotly figure with its Save below; what st.plotly_chart gives for these options.

    about: lines of the saved figure's caption.
    """
    if st.context.theme.type == "dark":
        figure = theme.in_the_dark(figure)
    event = st.plotly_chart(figure, config={"displayModeBar": False}, key=key, **options)
    data = {
        "kind": "plot",
        "key": re.sub(r"[^\w-]", "-", key, flags=re.ASCII),  # as Streamlit makes a class of it
        "file": saving.file_name(figure),
        "caption": list(about),
        "numbers": saving.numbers_as_csv(figure, " ".join(about)),
    }
    _component(data=data, key=f"saving.of {key}")
    return event


def offer_regions(seen: Regions, key: str) -> None:
    """To be called right after the picture with its regions is drawn."""
    caption = f"{len(seen)} regions, detector {seen.detector}, profile {seen.profile}"
    data = {
        "kind": "regions",
        "file": "lxmert-regions",
        "caption": [caption],
        "numbers": saving.table_as_csv(frames.regions(seen), caption),
    }
    _component(data=data, key=f"saving.of {key}")


def about(*found: Trace) -> list[str]:
    """Model and text of each, as the caption's lines."""
    return list(dict.fromkeys(f"Model {one.model}. “{one.tokens.text}”" for one in found))
