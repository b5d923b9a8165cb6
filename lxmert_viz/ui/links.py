"""What was edited or compared, as keys of the page's address, beside those of every page."""

from dataclasses import replace

import streamlit as st

from lxmert_viz.analysis.edits import AS_IT_IS, OPERATORS, PictureEdit
from lxmert_viz.records import Regions
from lxmert_viz.ui import resources
from lxmert_viz.ui.history import History, Variant

SHORT = dict(zip(("", "zeroed", "none", "shuffled"), OPERATORS, strict=True))
FROM_LINK = "from the link"


def follow_edit(steps: History, chosen: Variant, found: Regions) -> None:
    """Once a session: the step that the address names; what this picture lacks is left out.

    found: all regions of the picture.
    """
    if st.session_state.get("links.edit"):
        return
    st.session_state["links.edit"] = True
    address = st.query_params
    off = [int(n) - 1 for n in address.get("off", "").split("_") if n.isdecimal()]
    seed = address.get("seed", "")
    edit = PictureEdit(
        SHORT.get(address.get("regions", ""), AS_IT_IS),
        tuple(place for place in sorted(set(off)) if 0 <= place < len(found)),
        int(seed) if seed.isdecimal() and len(seed) < 6 else 0,
    )
    asked = replace(chosen, text=address.get("text") or chosen.text, edit=edit)
    if asked != chosen:
        steps.change(FROM_LINK, asked)


def state_edit(now: Variant, chosen: Variant) -> None:
    edit = now.edit
    short = next(name for name, operator in SHORT.items() if operator == edit.operator)
    _state(
        {
            "text": now.text if now.text != chosen.text else "",
            "regions": short,
            "off": "_".join(str(place + 1) for place in edit.off),
            "seed": str(edit.seed) if edit.seed else "",
        }
    )


def follow_comparison() -> None:
    """Once a session: fills the widgets of the other side."""
    state, address = st.session_state, st.query_params
    if state.get("links.compare"):
        return
    state["links.compare"] = True
    kind, other = address.get("with", ""), address.get("other", "")
    if kind not in ("picture", "question", "model") or not other:
        return
    state["compare.kind"] = kind
    if kind == "question":
        state["compare.text"] = other
    elif kind == "model" and other in resources.model_names():
        state["compare.model"] = other
    elif kind == "picture" and other in {scene.name for scene in resources.examples()}:
        state["compare.scene"] = other
    elif kind == "picture" and resources.kept_pictures().find(other) is not None:
        state["compare.own"], state["compare.scene"] = other, resources.OWN_PICTURE


def state_comparison(kind: str, other: str) -> None:
    _state({"with": kind, "other": other})


def _state(keys: dict[str, str]) -> None:
    """Only where they changed, because every change is sent to the browser."""
    address = st.query_params
    for name, value in keys.items():
        if value and address.get(name) != value:
            address[name] = value
        elif not value and name in address:
            del address[name]
