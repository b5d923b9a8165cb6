"""The page for who has no mouse: a way past the frame, and figures that hear arrow keys."""

import streamlit as st

from lxmert_viz.places import ASSETS

FILES = ("keys", "skip")
MOUNT = "export default () => mountKeyboard();\n"
_component = st.components.v2.component(
    "lxmert_viz.keyboard",
    html="<span></span>",
    js="\n".join([*((ASSETS / "frame" / f"{name}.js").read_text() for name in FILES), MOUNT]),
)


def serve() -> None:
    _component(key="frame.keyboard")
