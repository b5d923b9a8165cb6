"""Which picture is looked at and what is asked of it, said by anything but the widgets themselves.

Nobody else writes these choices. The workbench's widgets hold them, and a widget that was drawn
can be filled in only at the start of the next run: `open_next` waits until then.
"""

import streamlit as st

from lxmert_viz.picture import Picture
from lxmert_viz.ui.server import models, pictures

NEXT = "handover.next"
OPENED = (
    "handover.opened"  # digest and text of what was opened from a board, its row, is it shipped
)


def ask(text: str) -> None:
    st.session_state["question.typed"] = st.session_state["question.asked"] = text


def look_at(digest: str) -> None:
    """A picture that the server keeps, or kept once."""
    st.session_state["picture.source"] = "upload"
    st.session_state["picture.own.upload"] = digest


def open_next(
    picture: Picture,
    text: str,
    *,
    model: str = "",
    right: str = "",
    row: str = "",
    is_shipped: bool = False,
) -> None:
    """The next run begins with this picture and text.

    model: "" or one that is not here leaves the chosen one. right: the right answer, where it is
    known. row: of the board, where it was opened from one. is_shipped: it is of the study set.
    """
    digest = pictures.kept_pictures().keep(picture)
    st.session_state[NEXT] = (digest, text, model, right, row, is_shipped)


def take_next() -> None:
    """Fills in what was opened, before any widget holds something else."""
    waiting = st.session_state.pop(NEXT, None)
    if waiting is None:
        return
    digest, text, model, right, row, is_shipped = waiting
    look_at(digest)
    ask(text)
    if model in models.model_names():
        st.session_state["model.name"] = model
    if right:
        mark_right(digest, text, right)
    if row:
        st.session_state[OPENED] = (digest, text, row, is_shipped)


def mark_right(digest: str, text: str, answer: str) -> None:
    """The answer that is right for a picture and a text; "" takes the mark away."""
    st.session_state["answers.marked"] = (digest, text, answer)


def marked_right(digest: str, text: str) -> str:
    """ "" where none is marked."""
    of, asked, answer = st.session_state.get("answers.marked", ("", "", ""))
    return answer if (of, asked) == (digest, text) else ""


def row_in_sight() -> str:
    """The board's row that was opened, while picture and text are still those of the row."""
    state = st.session_state
    digest, text, row, _ = state.get(OPENED, ("", "", "", False))
    now = (state.get("picture.own.upload"), state.get("question.asked"))
    return row if state.get("picture.source") == "upload" and (digest, text) == now else ""


def is_shipped(digest: str) -> bool:
    """Whether a picture that was opened from a board belongs to the study set."""
    of, _, _, shipped = st.session_state.get(OPENED, ("", "", "", False))
    return shipped and of == digest
