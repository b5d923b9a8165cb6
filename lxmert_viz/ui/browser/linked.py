"""Figures of a page that mark the same things; nothing of it comes back to the server."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lxmert_viz.figures import linked

PLACE = '<div class="linked"></div>'
MOUNT = "\nexport default ({ data, parentElement }) => mountLinked(parentElement, data);\n"
_component = st.components.v2.component(
    "lxmert_viz.linked", html=PLACE, css=linked.style(), js=linked.script() + MOUNT
)


def show(payload: Mapping[str, Any], key: str) -> None:
    """Says what is pointed at. payload: as figures.linked has it, of figures that are drawn."""
    _component(data=dict(payload), key=key)
