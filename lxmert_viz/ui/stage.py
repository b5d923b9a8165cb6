"""The stage on a page: its script is registered once, its payload sent once a trace."""

import streamlit as st

from lxmert_viz.figures import stage

PLACE = '<div class="stage-frame"><div class="stage"></div></div>'
MOUNT = "export default ({ data, parentElement }) => mountStage(parentElement, data);"

_component = st.components.v2.component(
    "lxmert_viz.stage", html=PLACE, css=stage.style(), js=f"{stage.script()}\n{MOUNT}"
)


def show(payload: bytes) -> None:
    """Mounts the stage; nothing that a person does there comes back to the server."""
    _component(data=payload, key="stage")
