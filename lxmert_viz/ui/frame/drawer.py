"""Where the picture comes from: an example scene, a file, the camera, or a file of regions."""

import streamlit as st

from lxmert_viz.picture import PICTURE_ENDINGS, Picture
from lxmert_viz.ui.frame import handover
from lxmert_viz.ui.server import examples, pictures
from lxmert_viz.ui.server.examples import ExampleScene
from lxmert_viz.ui.server.upload_limits import PICTURE_MB
from lxmert_viz.ui.wording import plain

SOURCES = {
    handover.EXAMPLES: ":material/photo_library: Examples",
    handover.UPLOAD: ":material/upload: Upload",
    handover.CAMERA: ":material/photo_camera: Camera",
}
UPLOADED, TAKEN = "picture.upload", "picture.camera"


def choose() -> None:
    """Widgets of the drawer. Raises PictureError for a file that is no picture."""
    st.caption("Take a scene, or give a picture of your own.")
    source = st.segmented_control(
        "Picture",
        list(SOURCES),
        key=handover.SOURCE,
        format_func=SOURCES.get,
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    if source == handover.EXAMPLES:
        _gallery()
        return
    st.caption(_in_use(source))
    if source == handover.UPLOAD:
        given = st.file_uploader(
            "Your picture",
            PICTURE_ENDINGS,
            key=UPLOADED,
            max_upload_size=PICTURE_MB,
            on_change=_taken_away,
            args=(source, UPLOADED),
        )
    else:
        given = st.camera_input(
            "Take a picture", key=TAKEN, on_change=_taken_away, args=(source, TAKEN)
        )
    if given is None:
        return
    if handover.take_picture(source, given.file_id, Picture.of(given.getvalue())):
        st.rerun()  # the drawer closes


def _in_use(source: str) -> str:
    digest = handover.own_picture(source)
    if pictures.kept_pictures().find(digest) is None:
        return "No picture yet."
    row = handover.row_of(digest)
    return f"In use: the picture of {plain(row)}, from Mistakes." if row else "Yours is in use."


def _taken_away(source: str, key: str) -> None:
    """A picture stays until another is given or the person takes this one away."""
    if st.session_state[key] is None:
        handover.drop_picture(source)


def _gallery() -> None:
    """Scenes as buttons that carry their picture; the one in use is framed."""
    scenes = examples.examples()
    addresses = [pictures.thumbnail(scene.picture) for scene in scenes]
    looks = [
        f'.st-key-drawer-scene-{number} button {{ background-image: url("{address}") }}'
        for number, address in enumerate(addresses)
    ]
    st.html(f"<style>{''.join(looks)}</style>")
    in_use = handover.scene()
    with st.container(horizontal=True, key="drawer.gallery", gap="xsmall"):
        for number, scene in enumerate(scenes):
            st.button(
                plain(scene.title),
                key=f"drawer.scene {number}",
                type="primary" if scene.name == in_use else "secondary",
                on_click=_take_scene,
                args=(scene,),
            )


def _take_scene(scene: ExampleScene) -> None:
    handover.pick_scene(scene.name)
    handover.ask(scene.questions[0].text)
