"""Boxes, edits and comparisons as keys of the page's address, beside those of every page."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from lxmert_viz.experiments.edits import AS_IT_IS, OPERATORS, PictureEdit
from lxmert_viz.picture import Picture
from lxmert_viz.records import Regions
from lxmert_viz.ui.frame import address
from lxmert_viz.ui.server import answers, examples, models, pictures, variant
from lxmert_viz.ui.server.variant import Variant
from lxmert_viz.ui.what_if import kept_steps
from lxmert_viz.ui.what_if.history import History
from lxmert_viz.ui.wording import plain

SHORT = dict(zip(("", "zeroed", "none", "shuffled"), OPERATORS, strict=True))
FROM_LINK = "from the link"
# what the widgets of the other side hold
KIND, TEXT, MODEL = "compare.kind", "compare.text", "compare.model"
SCENE, OWN, STORED = "compare.scene", "compare.own", "compare.stored"
NO_STEPS = (
    "The earlier steps of this link are kept for a day on the machine where it was made, and are "
    "not here. Its last step is below."
)
FEWER_STEPS = "{} of this link's steps are left out: their picture or their model is not here."
NO_OTHER_MODEL = (
    "This link asks another model too, {}, which is not here: the page Models fetches it."
)
NO_OTHER_PICTURE = (
    "This link compares with a picture that is not kept here (its SHA-256 begins with {}). Give it "
    "again below, or choose another."
)


def follow_edit(steps: History, chosen: Variant, regions_of: Callable[[Variant], Regions]) -> None:
    """Once for each address: the steps that it names, or else the last of them."""
    state = st.session_state
    if state.get("links.edit") == address.readings():
        return
    state["links.edit"] = address.readings()
    kept = address.steps()
    if not (kept and _put_back(steps, kept)):
        asked = _edited(chosen, regions_of)
        if asked != chosen:
            steps.change(FROM_LINK, asked)
        if kept:
            address.say_missing(NO_STEPS)
    address.begin_again_to_say_it()


def _put_back(steps: History, digest: str) -> bool:
    kept = pictures.kept_pictures().find(digest)
    if kept is None:
        return False
    try:
        found = kept_steps.read(kept.content, pictures.picture_of, models.model_names())
    except ValueError:  # the address names something else of the store
        return False
    if found.lost:
        address.say_missing(FEWER_STEPS.format(found.lost))
    if found.steps:
        steps.put_back(found.steps, found.now, found.before)
    return bool(found.steps)


def _edited(chosen: Variant, regions_of: Callable[[Variant], Regions]) -> Variant:
    """What the other keys say of the last step; what its picture lacks is left out."""
    told = address.told()
    model = told.get("ask", "")
    if model and model not in models.model_names():
        address.say_missing(NO_OTHER_MODEL.format(plain(model)))
        model = ""
    asked = replace(chosen, text=told.get("text") or chosen.text)
    if model:
        asked = variant.with_model(asked, model)
    count = len(regions_of(asked))
    off = {address.number(number) or 0 for number in told.get("off", "").split("_")}
    edit = PictureEdit(
        SHORT.get(told.get("regions", ""), AS_IT_IS),
        tuple(number - 1 for number in sorted(off) if 1 <= number <= count),
        address.number(told.get("seed", "")) or 0,
    )
    return replace(asked, edit=edit)


def state_edit(steps: History, chosen: Variant) -> None:
    """Steps are kept in the server's store from the second on."""
    now = steps.step(steps.now).variant
    edit = now.edit
    short = next(name for name, operator in SHORT.items() if operator == edit.operator)
    kept = ""
    if len(steps.steps) > 1:
        written = Picture.of(kept_steps.written(steps))
        kept = pictures.kept_pictures().keep(written)
    address.keep_steps(kept)
    address.put(
        {
            "text": now.text if now.text != chosen.text else "",
            "regions": short,
            "off": "_".join(str(place + 1) for place in edit.off),
            "seed": str(edit.seed) if edit.seed else "",
            "ask": now.model if now.model != chosen.model else "",
        },
        of_question=True,
    )
    address.put({"steps": kept})


def follow_comparison() -> None:
    """Once for each address: fills the widgets of the other side."""
    state, told = st.session_state, address.told()
    if state.get("links.compare") == address.readings():
        return
    state["links.compare"] = address.readings()
    kind, other = told.get("with", ""), told.get("other", "")
    if kind not in ("picture", "stored", "question", "model") or not other:
        return
    state[KIND] = "picture" if kind == "stored" else kind
    if kind == "stored":
        state[STORED] = other
    elif kind == "question":
        state[TEXT] = other
    elif kind == "model" and other in models.model_names():
        state[MODEL] = other
    elif kind == "model":
        address.say_missing(NO_OTHER_MODEL.format(plain(other)))
    elif kind == "picture" and other in {scene.name for scene in examples.examples()}:
        state[SCENE] = other
    elif kind == "picture" and pictures.kept_pictures().find(other) is not None:
        state[OWN], state[SCENE] = other, answers.OWN_PICTURE
    else:
        state[SCENE] = answers.OWN_PICTURE
        address.say_missing(NO_OTHER_PICTURE.format(plain(other[:12])))
    address.begin_again_to_say_it()


def state_comparison(kind: str, other: str) -> None:
    address.put({"with": kind, "other": other})
