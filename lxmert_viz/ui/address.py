"""What was chosen, as keys of the page's address: a reload or a shared link finds it again.

The stage writes keys of its own, which stay as they are.
"""

import streamlit as st

from lxmert_viz.ui import board_state, resources

KEYS = ("model", "example", "picture", "question", *board_state.KEYS)


def read() -> None:
    """Fills a new session with what the address names; unknown names leave the first choices."""
    state, address = st.session_state, st.query_params
    if "address.read" in state:
        return
    state["address.read"] = True
    if address.get("model") in resources.model_names():
        state["model.name"] = address["model"]
    board_state.put(**{key: address[key] for key in board_state.KEYS if key in address})
    scenes = {scene.name: scene for scene in resources.examples()}
    if address.get("example") in scenes:
        state["picture.example"] = address["example"]
    elif address.get("picture"):
        state["picture.source"] = "upload"
        state["picture.own.upload"] = address["picture"]
    if "question" in address:
        text = address["question"]
    elif address.get("example") in scenes:
        text = scenes[address["example"]].questions[0].text
    else:
        return
    state["question.typed"] = state["question.asked"] = text


def write() -> None:
    """States the choices; only where they changed, because every change is sent to the browser."""
    state = st.session_state
    source = state["picture.source"]
    own = state.get(f"picture.own.{source}", "")
    chosen = {
        "model": state["model.name"],
        "example": state["picture.example"] if source == "examples" else "",
        "picture": own if source != "examples" else "",
        "question": state["question.asked"],
    } | board_state.address()
    wanted = {key: value for key, value in chosen.items() if value}
    before = st.query_params.to_dict()
    if {key: before[key] for key in KEYS if key in before} != wanted:
        others = {key: value for key, value in before.items() if key not in KEYS}
        st.query_params.from_dict(wanted | others)
