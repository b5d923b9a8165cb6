"""The board's table and what is known of the row that was clicked."""

import math
from typing import Any

import pyarrow as pa
import streamlit as st

from lxmert_viz.analysis.mistakes import CAUSES
from lxmert_viz.errors import PictureError
from lxmert_viz.results.board import KINDS, Board
from lxmert_viz.results.columns import BY_NAME, title_of
from lxmert_viz.results.verdicts import Note
from lxmert_viz.ui import board_inside, board_state, controls, resources, runs
from lxmert_viz.ui.wording import plain

ROWS = 20
SEEN = 9  # rows of a page before it must be scrolled
OPEN = "Open"
SHOWN = ("text", "right", "answer", "score", "probability", "cause")
SORTS = ("", "score", "probability", "margin", "words", "regions", "right", "answer", "cause")
NARROW = ("Picture", OPEN, "Question", "Right", "Answer", "Cause")
VERDICTS = {
    "model": "The model is wrong",
    "label": "The label is wrong",
    "both": "Both can be right",
    "unclear": "The question is unclear",
}
WAYS = (
    ("See its answers", controls.ANSWERS_PAGE, ":material/question_answer:"),
    ("See its attention", controls.ATTENTION_PAGE, ":material/visibility:"),
)
Row = dict[str, Any]


def show(board: Board, model: str) -> None:
    where = board_state.get("where")
    count = board.count(where)
    pages = max(math.ceil(count / ROWS), 1)
    page = min(board_state.page_number(), pages)
    _choose_order(board, count, page, pages)
    if not count:
        st.info(
            "No row fits this filter. Take a term away above.", icon=":material/filter_alt_off:"
        )
        return
    sort, down = board_state.get("sort"), board_state.get("order") == board_state.DOWN
    rows = board.page(where, sort, down, ROWS, (page - 1) * ROWS)
    beside = st.columns([6, 5], gap="medium") if board_state.get("row") else [st.container()]
    with beside[0]:
        _show_rows(rows, f"{where} {sort} {down} {page}", len(beside) == 1)
    _open_clicked(rows, model)
    chosen = board_state.get("row")
    row = board.row(chosen) if chosen else None
    if row is None:
        st.caption("Click a row to see all of it, or **Open** to look inside the model.")
        return
    with beside[1]:
        show_row(board, row, model)


def _choose_order(board: Board, count: int, page: int, pages: int) -> None:
    filled = {*board.filled(), ""}
    offered = [name for name in SORTS if name in filled]
    with st.container(horizontal=True, vertical_alignment="bottom", key="board-order"):
        sort = board_state.get("sort")
        st.selectbox(
            "Order",
            offered,
            index=offered.index(sort) if sort in offered else 0,
            format_func=lambda name: title_of(name) if name else "as in the dataset",
            width=190,
            key="board-sort",
            on_change=_sort,
        )
        if sort:
            both = (board_state.DOWN, board_state.UP)
            order = board_state.get("order")
            st.selectbox(
                "Direction",
                both,
                index=both.index(order) if order in both else 0,
                width=160,
                key="board-direction",
                on_change=_sort,
            )
        first = (page - 1) * ROWS + 1
        shown = f"{first:,} to {min(first + ROWS - 1, count):,} of {count:,}" if count else "none"
        st.markdown(f":gray[{shown}]", width="content")
        _turn("Previous page", ":material/chevron_left:", page - 1, page > 1)
        _turn("Next page", ":material/chevron_right:", page + 1, page < pages)


def _sort() -> None:
    state = st.session_state
    board_state.put(sort=state["board-sort"], page="1")
    if "board-direction" in state:
        board_state.put(order=state["board-direction"])


def _turn(label: str, icon: str, page: int, enabled: bool) -> None:
    st.button(
        label,
        icon=icon,
        disabled=not enabled,
        on_click=board_state.put,
        kwargs={"page": str(page), "row": ""},
    )


def _show_rows(rows: list[Row], shown: str, wide: bool) -> None:
    """The table; a click on a cell chooses its row, and may open it."""
    table = [
        {"Picture": runs.thumbnail_of(row), OPEN: "Open ›"}
        | {title_of(name): _cell(name, row) for name in SHOWN}
        for row in rows
    ]
    columns = {
        "Picture": st.column_config.ImageColumn(width=84),
        OPEN: st.column_config.TextColumn(width=66, help="Look inside the model at this row"),
        title_of("text"): st.column_config.TextColumn(width=380 if wide else 210),
        title_of("score"): st.column_config.NumberColumn(format="%.2f", width=66),
        title_of("cause"): st.column_config.TextColumn(width=110),
        title_of("probability"): st.column_config.NumberColumn(format="%.3f", width=72),
    }
    chosen = [n for n, row in enumerate(rows) if row["question_id"] == board_state.get("row")]
    key = f"board-rows {shown}"
    st.dataframe(
        table,
        column_config=columns,
        column_order=None if wide else NARROW,
        hide_index=True,
        row_height=56,
        height=56 * min(len(rows), SEEN) + 40,
        on_select=lambda: _take_click(rows, key),
        selection_mode="single-cell",
        selection_default={"selection": {"cells": [(n, title_of("text")) for n in chosen]}},
        key=key,
    )


def _take_click(rows: list[Row], key: str) -> None:
    cells = st.session_state[key].selection.cells
    if cells:
        place, column = cells[0]
        board_state.put(row=rows[place]["question_id"])
        st.session_state["board.open"] = column == OPEN


def _open_clicked(rows: list[Row], model: str) -> None:
    """A callback cannot turn to another page."""
    if st.session_state.pop("board.open", False):
        name = board_state.get("row")
        _open(next(row for row in rows if row["question_id"] == name), model)


def _cell(name: str, row: Row) -> object:
    """Texts that are not there are empty; the table would write “None”."""
    return "" if row[name] is None and pa.types.is_string(KINDS[name]) else row[name]


def _open(row: Row, model: str, page: object = controls.ATTENTION_PAGE) -> None:
    try:
        board_state.open_in_explorer(row, model)
    except PictureError as error:
        st.warning(plain(str(error)), icon=":material/hide_image:")
        return
    st.switch_page(page)


def show_row(board: Board, row: Row, model: str) -> None:
    """Everything that the run knows of one example, a way into the explorer, and notes on it."""
    with st.container(border=True, key="board-row", gap="small"):
        st.markdown(f"**{plain(row['text'])}**")
        show_answers(row)
        with st.container(horizontal=True):
            for label, page, icon in WAYS:
                if st.button(label, icon=icon, key=f"board-{label}"):
                    _open(row, model, page)
            st.button("Close", type="tertiary", on_click=board_state.put, kwargs={"row": ""})
        show_picture(row)
        _notes(board, row)
        with st.expander("More like this", icon=":material/join_inner:", on_change="rerun") as more:
            if more.open:
                board_inside.alike(board, row["question_id"])
        with st.expander("All that is known of this row", icon=":material/list:"):
            _all_columns(row)


def show_picture(row: Row) -> None:
    """One, or NLVR2's two side by side."""
    shown = ("picture", "second_picture") if row["second_picture"] else ("picture",)
    for place, which in zip(st.columns(len(shown)), shown, strict=True):
        try:
            place.image(resources.shown_picture(runs.picture_of(row, which)), width="stretch")
        except PictureError as error:
            place.info(plain(str(error)), icon=":material/hide_image:")


def show_answers(row: Row) -> None:
    if row["error"]:
        st.error(plain(row["error"]), icon=":material/error:")
        return
    mark = {True: ":green[✓ right]", False: ":red[✗ wrong]", None: ":gray[not scored]"}
    sure = f", sure {row['probability']:.3f}" if row["probability"] is not None else ""
    lines = [f"Answer: **{plain(row['answer'])}**{sure} · {mark[row['correct']]}"]
    if row["right"] and not row["correct"]:
        lines.append(f"Right: **{plain(row['right'])}**")
    others = [
        ("second answer", row["second"]),
        ("without the picture", row["without_picture"]),
        ("without the question", row["without_question"]),
        ("prior", row["prior"]),
    ]
    told = [f"{name}: **{plain(value)}**" for name, value in others if value]
    if told:
        lines.append(":gray[" + " · ".join(told) + "]")
    if row["cause"]:
        lines.append(f"Cause: **{row['cause']}**. {CAUSES[row['cause']]}")
    st.markdown("  \n".join(lines))


def _notes(board: Board, row: Row) -> None:
    name = row["question_id"]
    note = board.notes.of(name)
    options = list(VERDICTS)
    verdict = st.pills(
        "Your verdict",
        options,
        default=note.verdict if note.verdict in options else None,
        format_func=VERDICTS.get,
        key=f"note-verdict {name}",
    )
    tags = st.text_input("Tags", note.tags, key=f"note-tags {name}", placeholder="small occluded")
    text = st.text_area("Note", note.text, key=f"note-text {name}", height=70)
    written = Note(name, verdict or "", " ".join(tags.split()), text.strip(), note.at)
    if written != note:
        board.notes.write(written)
        board.read_notes()
        st.caption("Saved with the run.")


def _all_columns(row: Row) -> None:
    known = [name for name in KINDS if row.get(name) is not None and name in BY_NAME]
    st.dataframe(
        [
            {"what": title_of(name), "value": str(row[name]), "meaning": BY_NAME[name].meaning}
            for name in known
        ],
        hide_index=True,
    )
