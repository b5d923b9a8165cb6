"""The stage on a page: its script is registered once, its payload sent once a trace."""

import json
from typing import Any

import streamlit as st

from lxmert_viz.figures import stage

PLACE = '<div class="stage-frame"><div class="stage"></div></div>'
MOUNT = """
const SOURCES = {sources}; // for the page that a person saves
export default ({{ data, parentElement, setTriggerValue }}) =>
  mountStage(parentElement, data, SOURCES, new PageAddress(), {look_inside});
"""
LOOK_INSIDE = '(place) => setTriggerValue("inside", place)'


def _script() -> str:
    sources = json.dumps(
        {"script": stage.script(), "style": stage.style(), "pageStyle": stage.page_style()}
    )
    return stage.script() + MOUNT.format(sources=sources, look_inside=LOOK_INSIDE)


_component = st.components.v2.component(
    "lxmert_viz.stage", html=PLACE, css=stage.style(), js=_script()
)


def show(payload: bytes, key: str = "stage.one") -> Any:
    """Mounts the stage. Stages on one page, each with its key, move together.

    Nothing that a person does there comes back to the server but the wish to look inside a head:
    that is returned, unchecked, in the one run that it starts, else None.
    """
    return _component(data=payload, key=key, on_inside_change=_heard).inside


def _heard() -> None:
    """The value comes with the result; Streamlit wants to tell someone too."""
