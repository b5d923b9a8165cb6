"""The stage on a page: its script is registered once, its payload sent once a trace."""

import json

import streamlit as st

from lxmert_viz.figures import stage

PLACE = '<div class="stage-frame"><div class="stage"></div></div>'
MOUNT = """
const SOURCES = {sources}; // for the page that a person saves
export default ({{ data, parentElement }}) => mountStage(parentElement, data, SOURCES);
"""


def _script() -> str:
    sources = json.dumps(
        {"script": stage.script(), "style": stage.style(), "pageStyle": stage.page_style()}
    )
    return stage.script() + MOUNT.format(sources=sources)


_component = st.components.v2.component(
    "lxmert_viz.stage", html=PLACE, css=stage.style(), js=_script()
)


def show(payload: bytes, key: str = "stage") -> None:
    """Mounts the stage; nothing that a person does there comes back to the server.

    Stages on one page, each with its key, move together.
    """
    _component(data=payload, key=key)
