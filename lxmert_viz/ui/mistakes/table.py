"""The board's table and what is known of the row that was clicked."""

import math

import pyarrow as pa
import streamlit as st

from lxmert_viz.results.board import KINDS, Board
from lxmert_viz.results.columns import title_of
from lxmert_viz.ui.mistakes.place import DOWN, UP, get, page_number, put
from lxmert_viz.ui.mistakes.row import Row, open_row, show_row
from lxmert_viz.ui.server import boards

ROWS = 20
SEEN = 9  # rows of a page before it must be scrolled
OPEN = "Open"
SHOWN = ("text", "right", "answer", "score", "probability", "cause")
SORTS = ("", "score", "probability", "margin", "words", "regions", "right", "answer", "cause")
NARROW = ("Picture", OPEN, "Question", "Right", "Answer", "Cause")


def show(board: Board, model: str) -> None:
    where = get("where")
    count = board.count(where)
    pages = max(math.ceil(count / ROWS), 1)
    page = min(page_number(), pages)
    _choose_order(board, count, page, pages)
    if not count:
        st.info(
            "No row fits this filter. Take a term away above.", icon=":material/filter_alt_off:"
        )
        return
    sort, down = get("sort"), get("order") == DOWN
    rows = board.page(where, sort, down, ROWS, (page - 1) * ROWS)
    beside = st.columns([6, 5], gap="medium") if get("row") else [st.container()]
    with beside[0]:
        _show_rows(rows, f"{where} {sort} {down} {page}", len(beside) == 1)
    _open_clicked(rows, model)
    chosen = get("row")
    row = board.row(chosen) if chosen else None
    if row is None:
        st.caption("Click a row to see all of it, or **Open** to look inside the model.")
        return
    with beside[1]:
        show_row(board, row, model)


def _choose_order(board: Board, count: int, page: int, pages: int) -> None:
    filled = {*board.filled(), ""}
    offered = [name for name in SORTS if name in filled]
    with st.container(horizontal=True, vertical_alignment="bottom", key="board.order"):
        sort = get("sort")
        st.selectbox(
            "Order",
            offered,
            index=offered.index(sort) if sort in offered else 0,
            format_func=lambda name: title_of(name) if name else "as in the dataset",
            width=190,
            key="board.sort",
            on_change=_sort,
        )
        if sort:
            both = (DOWN, UP)
            order = get("order")
            st.selectbox(
                "Direction",
                both,
                index=both.index(order) if order in both else 0,
                width=160,
                key="board.direction",
                on_change=_sort,
            )
        first = (page - 1) * ROWS + 1
        shown = f"{first:,} to {min(first + ROWS - 1, count):,} of {count:,}" if count else "none"
        st.markdown(f":gray[{shown}]", width="content")
        _turn("Previous page", ":material/chevron_left:", page - 1, page > 1)
        _turn("Next page", ":material/chevron_right:", page + 1, page < pages)


def _sort() -> None:
    state = st.session_state
    put(sort=state["board.sort"], page="1")
    if "board.direction" in state:
        put(order=state["board.direction"])


def _turn(label: str, icon: str, page: int, enabled: bool) -> None:
    st.button(
        label,
        icon=icon,
        disabled=not enabled,
        on_click=put,
        kwargs={"page": str(page), "row": ""},
    )


def _show_rows(rows: list[Row], shown: str, wide: bool) -> None:
    """The table; a click on a cell chooses its row, and may open it."""
    table = [
        {"Picture": boards.thumbnail_of(row), OPEN: "Open ›"}
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
    chosen = [n for n, row in enumerate(rows) if row["question_id"] == get("row")]
    key = f"board.rows {shown}"
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
        put(row=rows[place]["question_id"])
        st.session_state["board.open"] = column == OPEN


def _open_clicked(rows: list[Row], model: str) -> None:
    """A callback cannot turn to another page."""
    if st.session_state.pop("board.open", False):
        name = get("row")
        open_row(next(row for row in rows if row["question_id"] == name), model)


def _cell(name: str, row: Row) -> object:
    """Texts that are not there are empty; the table would write “None”."""
    return "" if row[name] is None and pa.types.is_string(KINDS[name]) else row[name]
