"""What is known of one row of a run, and what a person says of it."""

from dataclasses import asdict

import pandas as pd
import streamlit as st

from lxmert_viz.analysis.mistakes import CAUSES
from lxmert_viz.errors import PictureError
from lxmert_viz.results.board import Board
from lxmert_viz.results.columns import COLUMNS
from lxmert_viz.results.row import Row
from lxmert_viz.results.verdicts import Note
from lxmert_viz.rounding import probability
from lxmert_viz.ui.frame import address, handover, navigation
from lxmert_viz.ui.frame.navigation import Page
from lxmert_viz.ui.mistakes import inside
from lxmert_viz.ui.mistakes.place import put
from lxmert_viz.ui.server import boards, models, pictures, stored_pictures
from lxmert_viz.ui.wording import plain

VERDICTS = {
    "model": "The model is wrong",
    "label": "The label is wrong",
    "both": "Both can be right",
    "unclear": "The question is unclear",
}
WAYS = (
    ("See its answers", navigation.ANSWERS),
    ("See its attention", navigation.ATTENTION),
    ("Why did it answer that?", navigation.WHY),
    ("What would have to be different?", navigation.CAUSES),
)
NOT_STORED = (
    "{} has no detector, and no file below the data folder is the one that this run took its "
    "regions from: put that file there."
)


def open_row(row: Row, model: str, page: Page = navigation.ATTENTION) -> None:
    """Turns to a page with the row's picture and question, or says that the picture is not here."""
    try:
        picture = boards.picture_of(row.picture, row.picture_file, row.part)
    except PictureError as error:
        st.warning(plain(str(error)), icon=":material/hide_image:")
        return
    in_file = None
    if model in models.model_names() and not stored_pictures.has_detector(model):
        in_file = _in_file(row, model)
        if in_file is None:
            st.warning(NOT_STORED.format(plain(model)), icon=":material/hide_image:")
            return
    put(row=row.question_id)
    handover.open_next(
        picture,
        row.text,
        model=model,
        right=row.right or "",
        row=row.question_id,
        is_shipped=boards.is_shipped(row),
        in_file=in_file,
    )
    if page is navigation.CAUSES:
        handover.propose("edits")
    st.switch_page(page.path)


def _in_file(row: Row, model: str) -> tuple[str, str] | None:
    """The file that the run took the row's regions from, and the picture's id; None: not here."""
    run = address.board().get("run", "")
    taken = boards.board(run).manifest["data"].get("region_file") if run else None
    labels = stored_pictures.named(model, taken["name"]) if taken else []
    return (labels[0], row.picture) if len(labels) == 1 else None


def show_row(board: Board, row: Row, model: str) -> None:
    """Everything that the run knows of one example, a way into the explorer, and notes on it."""
    with st.container(border=True, key="board.row", gap="small"):
        st.markdown(f"**{plain(row.text)}**")
        show_answers(row)
        with st.container(horizontal=True):
            for label, page in WAYS:
                if st.button(label, icon=page.icon, key=f"row.to {page.title}"):
                    open_row(row, model, page)
            st.button("Close", type="tertiary", on_click=put, kwargs={"row": ""})
        show_picture(row)
        _notes(board, row)
        with st.expander("More like this", icon=":material/join_inner:", on_change="rerun") as more:
            if more.open:
                inside.alike(board, row.question_id)
        with st.expander("All that is known of this row", icon=":material/list:"):
            _all_columns(row)


def show_picture(row: Row) -> None:
    """One, or NLVR2's two side by side."""
    shown = [(row.picture, row.picture_file, row.part)]
    if row.second_picture:
        shown.append((row.second_picture, row.second_picture_file, None))
    for place, named in zip(st.columns(len(shown)), shown, strict=True):
        try:
            place.image(pictures.shown_picture(boards.picture_of(*named)), width="stretch")
        except PictureError as error:
            place.info(plain(str(error)), icon=":material/hide_image:")


def show_answers(row: Row) -> None:
    if row.error:
        st.error(plain(row.error), icon=":material/error:")
        return
    mark = {True: ":green[✓ right]", False: ":red[✗ wrong]", None: ":gray[not scored]"}
    certainty = f", certainty {probability(row.probability)}" if row.probability is not None else ""
    lines = [f"Answer: **{plain(row.answer)}**{certainty} · {mark[row.correct]}"]
    if row.right and not row.correct:
        lines.append(f"Right: **{plain(row.right)}**")
    others = [
        ("second answer", row.second),
        ("without the picture", row.without_picture),
        ("without the question", row.without_question),
        ("prior", row.prior),
    ]
    told = [f"{name}: **{plain(value)}**" for name, value in others if value]
    if told:
        lines.append(":gray[" + " · ".join(told) + "]")
    if row.cause:
        lines.append(f"Cause: **{row.cause}**. {CAUSES[row.cause]}")
    st.markdown("  \n".join(lines))


def _notes(board: Board, row: Row) -> None:
    name = row.question_id
    note = board.notes.of(name)
    options = list(VERDICTS)
    verdict = st.pills(
        "Your verdict",
        options,
        default=note.verdict if note.verdict in options else None,
        format_func=VERDICTS.get,
        key=f"note.verdict {name}",
    )
    tags = st.text_input("Tags", note.tags, key=f"note.tags {name}", placeholder="small occluded")
    text = st.text_area("Note", note.text, key=f"note.text {name}", height=70)
    written = Note(name, verdict or "", " ".join(tags.split()), text.strip(), note.at)
    if written != note:
        board.write_note(written)
        st.caption("Saved with the run.")


def _all_columns(row: Row) -> None:
    held = asdict(row)
    known = [
        (column.title, str(held[column.name]), column.meaning)
        for column in COLUMNS
        if held[column.name] is not None and column.name != "people"
    ]
    st.dataframe(pd.DataFrame(known, columns=["what", "value", "meaning"]), hide_index=True)
