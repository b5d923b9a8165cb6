"""Which stored picture is looked at, where the model has no detector."""

import streamlit as st

from lxmert_viz.errors import DatasetError
from lxmert_viz.picture import Picture
from lxmert_viz.ui.frame import handover
from lxmert_viz.ui.server import pictures, stored_pictures
from lxmert_viz.ui.server.variant import RegionsAsked, Stored
from lxmert_viz.ui.wording import plain

SHOWN = 3  # ids, as examples
NO_DETECTOR = "{} has no detector: it answers about pictures whose regions are stored in a file."
NO_FILES = (
    "No file of regions that fits it lies in the data folder: start the server with --data and the "
    "folder that holds one, or put a detector into the model's folder."
)


def choose(model: str) -> None:
    """Widgets: a file of regions, and a picture in it."""
    st.caption(NO_DETECTOR.format(plain(model)))
    found = stored_pictures.files(model)
    if not found:
        st.info(NO_FILES, icon=":material/folder_off:")
        return
    left, right = st.columns(2)
    with left:
        label = st.selectbox(
            "Regions from", list(found), key=handover.STORED_FILE, persist_state="session"
        )
    known = stored_pictures.pictures(model, found[label])
    if known:
        st.session_state.setdefault(handover.STORED_PICTURE, known[0])
    with right:
        st.text_input(
            "Picture",
            key=handover.STORED_PICTURE,
            help="Its id in the file",
            persist_state="session",
        )
    examples = ", ".join(known[:SHOWN]) + (", …" if len(known) > SHOWN else "")
    st.caption(f"{len(known):,} pictures: {plain(examples)}")
    try:
        where = _place(model)
        stored_pictures.regions(model, where)
        pictures.kept_pictures().keep(stored_pictures.picture(model, where))
    except DatasetError as error:
        st.error(plain(str(error)), icon=":material/hide_image:")


def chosen(model: str) -> tuple[Picture | None, RegionsAsked]:
    """The picture, None where the file has no such; and where its regions are."""
    where = _place(model)
    asked = RegionsAsked("", stored=where)
    try:
        return (stored_pictures.picture(model, where) if where.file else None), asked
    except DatasetError:  # `choose` tells it
        return None, asked


def other(model: str, first: RegionsAsked, picture: str) -> tuple[Picture, RegionsAsked]:
    """Another picture of the same file. Raises DatasetError."""
    where = first.stored._replace(picture=picture)
    stored_pictures.regions(model, where)
    return stored_pictures.picture(model, where), RegionsAsked("", stored=where)


def _place(model: str) -> Stored:
    label, picture = handover.stored()
    return stored_pictures.place(stored_pictures.files(model).get(label, ""), picture)
