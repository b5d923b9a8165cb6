"""Where a person is on the board: run, filter, order, page, view, row. It lives in the address."""

import streamlit as st

from lxmert_viz.results.row_filter import with_term
from lxmert_viz.ui import resources, runs

KEYS = ("run", "where", "sort", "order", "page", "view", "row")  # of the address
TABLE = "Table"
DOWN, UP = "largest first", "smallest first"
FIRST = {"where": "", "sort": "", "order": DOWN, "page": "1", "view": TABLE, "row": ""}


def get(key: str) -> str:
    return st.session_state.get(f"mistakes.{key}") or FIRST.get(key, "")


def put(**values: str) -> None:
    for key, value in values.items():
        st.session_state[f"mistakes.{key}"] = value


def page_number() -> int:
    text = get("page")
    return max(int(text), 1) if text.isdigit() else 1


def address() -> dict[str, str]:
    """What the address says; what is as at first is left out."""
    held = {key: get(key) for key in KEYS}
    return {key: value for key, value in held.items() if value and value != FIRST.get(key)}


def filter_by(text: str) -> None:
    """Another filter begins at its first page."""
    put(where=text, page="1", row="")


def show_only(column: str, value: object) -> None:
    """One more term, and the rows that it leaves."""
    filter_by(with_term(get("where"), column, value))
    put(view=TABLE)


def open_in_explorer(row: dict[str, object], model: str) -> None:
    """Model, picture, question and right answer of a row: the next page begins with them.

    Raises PictureError where the picture cannot be shown.
    """
    digest = resources.kept_pictures().keep(runs.picture_of(row))
    text = str(row["text"])
    put(row=str(row["question_id"]))
    st.session_state["mistakes.next"] = {
        **({"model.name": model} if model in resources.model_names() else {}),
        "picture.source": "upload",
        "picture.own.upload": digest,
        "question.typed": text,
        "question.asked": text,
        "answers.marked": (digest, text, str(row["right"] or "")),
        "mistakes.opened": (digest, text),
        "mistakes.shipped": digest if runs.is_shipped(row) else "",
    }


def is_shipped(digest: str) -> bool:
    """Whether a picture that was opened from the board belongs to the study set."""
    return digest == st.session_state.get("mistakes.shipped")


def take_next() -> None:
    """Fills in what was opened, before any widget holds something else."""
    st.session_state.update(st.session_state.pop("mistakes.next", {}))


def came_from_here() -> bool:
    """Whether the explorer still looks at the row that was opened from the board."""
    state = st.session_state
    now = (state.get("picture.own.upload"), state.get("question.asked"))
    return state.get("picture.source") == "upload" and state.get("mistakes.opened") == now
