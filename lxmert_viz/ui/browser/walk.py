"""The guided walk on a page; nothing that a person does there comes back to the server."""

from collections.abc import Mapping

import streamlit as st

from lxmert_viz.figures import walk

PLACE = '<div class="walk-frame"><div class="walk"></div></div>'
MOUNT = "\nexport default ({ data, parentElement }) => mountWalk(parentElement, data);\n"
_component = st.components.v2.component(
    "lxmert_viz.walk", html=PLACE, css=walk.style(), js=walk.script() + MOUNT
)


def show(payload: str, pages: Mapping[str, str]) -> None:
    """pages: title of a page that the stations speak of, and its address."""
    _component(data={"walk": payload, "pages": dict(pages)}, key="walk.stations")
