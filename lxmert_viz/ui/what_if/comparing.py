"""Widgets that choose the other side of a comparison."""

from dataclasses import replace

import streamlit as st

from lxmert_viz.errors import DatasetError
from lxmert_viz.picture import PICTURE_ENDINGS, Picture
from lxmert_viz.ui.frame import navigation, own_boxes, stored_choice, workbench
from lxmert_viz.ui.server import answers, examples, models, pictures, variant
from lxmert_viz.ui.server.upload_limits import PICTURE_MB
from lxmert_viz.ui.server.variant import Variant
from lxmert_viz.ui.what_if import links
from lxmert_viz.ui.what_if.history import Step
from lxmert_viz.ui.wording import plain

KINDS = {
    "picture": ":material/image: Another picture",
    "question": ":material/edit: Another question",
    "model": ":material/deployed_code: Another checkpoint",
}


def other_side(first: Variant) -> Variant:
    """The same as `first` but for what the person chooses; stops the page until it is chosen."""
    links.follow_comparison()
    st.session_state.setdefault(links.KIND, "picture")
    with st.container(horizontal=True, vertical_alignment="bottom", key="compare.choice"):
        kind = st.segmented_control(
            "Compare with",
            list(KINDS),
            format_func=KINDS.get,
            required=True,
            key=links.KIND,
            persist_state="session",
            label_visibility="collapsed",
        )
        return _other(first, kind)


def _other(first: Variant, kind: str) -> Variant:
    if kind == "picture" and first.asked.stored is not None:
        return _other_stored(first)
    if kind == "picture":
        return own_boxes.of_picture(_other_picture(first.picture), first)
    if kind == "question":
        return replace(first, text=_other_question(first))
    return _other_model(first)


def steps(first: Variant, second: Variant) -> tuple[Step, Step]:
    """Both sides, named by what is unlike."""
    if first.model != second.model:
        names = (first.model, second.model)
    elif first.text != second.text:
        names = (first.text, second.text)
    else:
        names = ("this picture", "the other picture")
    return Step(1, names[0], first), Step(2, names[1], second)


def with_other(choice: workbench.Choice, second: Variant) -> workbench.Choice:
    """A person's own picture on either side is told about."""
    is_example = second.picture in {scene.picture for scene in examples.examples()}
    return replace(choice, own=choice.own or not is_example)


def _other_picture(own: Picture) -> Picture:
    scenes = {scene.name: scene for scene in examples.examples() if scene.picture != own}
    name = st.selectbox(
        "The other picture",
        [*scenes, answers.OWN_PICTURE],
        format_func=lambda name: scenes[name].title if name in scenes else "Upload one …",
        key=links.SCENE,
        persist_state="session",
        label_visibility="collapsed",
    )
    if name in scenes:
        links.state_comparison("picture", name)
        return scenes[name].picture
    given = st.file_uploader(
        "The other picture", PICTURE_ENDINGS, key="compare.upload", max_upload_size=PICTURE_MB
    )
    if given is not None:
        taken = Picture.of(given.getvalue())
        st.session_state[links.OWN] = pictures.kept_pictures().keep(taken)
    held = pictures.kept_pictures().find(st.session_state.get(links.OWN, ""))
    links.state_comparison("picture", st.session_state.get(links.OWN, ""))
    if held is None:
        st.info("Drop the other picture above.", icon=":material/add_photo_alternate:")
        st.stop()
    return held


def _other_stored(first: Variant) -> Variant:
    """Another picture of the same file of regions."""
    name = st.text_input("The other picture's id", key=links.STORED, persist_state="session")
    links.state_comparison("stored", name.strip())
    if not name.strip():
        st.info("Type the id of another picture of the same file.", icon=":material/edit:")
        st.stop()
    try:
        picture, asked = stored_choice.other(first.model, first.asked, name.strip())
    except DatasetError as error:
        st.error(plain(str(error)), icon=":material/hide_image:")
        st.stop()
    return replace(first, picture=picture, asked=asked)


def _other_question(first: Variant) -> str:
    text = st.text_input(
        "The other question",
        key=links.TEXT,
        persist_state="session",
        placeholder="Type another question or caption",
        label_visibility="collapsed",
    ).strip()
    links.state_comparison("question", text)
    if not text or text == first.text:
        st.info("Type another question about the same picture.", icon=":material/edit:")
        st.stop()
    return text


def _other_model(first: Variant) -> Variant:
    names = [name for name in models.model_names() if name != first.model]
    if not names:
        st.info(
            "Only one checkpoint is here. The page Models brings others.",
            icon=":material/deployed_code:",
        )
        navigation.link(navigation.MODELS, "Open Models")
        st.stop()
    name = st.selectbox(
        "The other checkpoint",
        names,
        key=links.MODEL,
        persist_state="session",
        label_visibility="collapsed",
    )
    links.state_comparison("model", name)
    return variant.with_model(first, name)
