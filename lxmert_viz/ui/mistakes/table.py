"""The board's table and what is known of the row that was clicked."""

import math

import pandas as pd
import streamlit as st

from lxmert_viz.results.board import Board
from lxmert_viz.results.columns import title_of
from lxmert_viz.ui.mistakes.place import DOWN, UP, get, page_number, put
from lxmert_viz.ui.mistakes.row import open_row
from lxmert_viz.ui.server import boards

ROWS = 20
SEEN = 9  # rows of a page before it must be scrolled
OPEN = "Open"
SHOWN = ("text", "right", "answer", "score", "probability", "cause")
READ = ("question_id", "picture_file", "part", *SHOWN)
ALMOST = 0.999  # a cell shows no more: nothing that is less than 1 looks like 1
SORTS = ("", "score", "probability", "margin", "words", "regions", "right", "answer", "cause")
NARROW = ("Picture", OPEN, "Question", "Right", "Answer", "Cause")


def show(board: Board, model: str, is_wide: bool) -> None:
    """A page of the rows that the filter leaves. is_wide: nothing stands beside it but counts."""
    where = get("where")
    count = board.count(where)
    if not count:
        st.info(
            "No row fits this filter. Take a term away above.", icon=":material/filter_alt_off:"
        )
        return
    pages = math.ceil(count / ROWS)
    page = min(page_number(), pages)
    sort, down = get("sort"), get("order") == DOWN
    rows = board.page(where, sort, down, ROWS, (page - 1) * ROWS, READ)
    with st.container(key="board.table"):
        _show_rows(rows, f"{where} {sort} {down} {page}", is_wide)
    _turn_pages(count, page, pages)
    _open_clicked(board, model)
    if is_wide:
        st.caption("Click a row to see all of it, or **Open** to look inside the model.")


def choose_order(board: Board) -> None:
    filled = {*board.filled(), ""}
    offered, sort = [name for name in SORTS if name in filled], get("sort")
    st.selectbox(
        "Order",
        offered,
        index=offered.index(sort) if sort in offered else 0,
        format_func=lambda name: f"by {title_of(name)}" if name else "as in the dataset",
        width=190,
        key="board.sort",
        on_change=_sort,
        label_visibility="collapsed",
    )
    if sort:
        both, order = (DOWN, UP), get("order")
        st.selectbox(
            "Direction",
            both,
            index=both.index(order) if order in both else 0,
            width=160,
            key="board.direction",
            on_change=_sort,
            label_visibility="collapsed",
        )


def _turn_pages(count: int, page: int, pages: int) -> None:
    """Below the table, whose own tools come up above it."""
    first = (page - 1) * ROWS + 1
    with st.container(horizontal=True, vertical_alignment="center", key="board.pages"):
        st.markdown(f"{first:,} to {min(first + ROWS - 1, count):,} of {count:,}", width="content")
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


def _show_rows(rows: pd.DataFrame, shown: str, wide: bool) -> None:
    """The table; a click on a cell chooses its row, and may open it."""
    rows = rows.fillna(dict.fromkeys(rows.select_dtypes("string"), ""))  # not “None”
    table = rows[list(SHOWN)].rename(columns=title_of)
    certainty = title_of("probability")
    table[certainty] = table[certainty].clip(upper=ALMOST)
    table.insert(0, "Picture", list(map(boards.thumbnail_of, rows["picture_file"], rows["part"])))
    table.insert(1, OPEN, "Open ›")
    columns = {
        "Picture": st.column_config.ImageColumn(width=84),
        OPEN: st.column_config.TextColumn(width=66, help="Look inside the model at this row"),
        title_of("text"): st.column_config.TextColumn(width=380 if wide else 210),
        title_of("score"): st.column_config.NumberColumn(format="%.2f", width=66),
        title_of("cause"): st.column_config.TextColumn(width=110),
        certainty: st.column_config.NumberColumn(format="%.3f", width=84),
    }
    chosen = rows.index[rows["question_id"] == get("row")]
    key = f"board.rows {shown}"
    st.dataframe(
        table,
        column_config=columns,
        column_order=None if wide else NARROW,
        hide_index=True,
        row_height=56,
        height=56 * min(len(rows), SEEN) + 40,
        on_select=lambda: _take_click(rows["question_id"].tolist(), key),
        selection_mode="single-cell",
        selection_default={"selection": {"cells": [(int(n), title_of("text")) for n in chosen]}},
        key=key,
    )


def _take_click(names: list[str], key: str) -> None:
    cells = st.session_state[key].selection.cells
    if cells:
        place, column = cells[0]
        put(row=names[place])
        st.session_state["board.open"] = column == OPEN


def _open_clicked(board: Board, model: str) -> None:
    """A callback cannot turn to another page."""
    row = board.row(get("row")) if st.session_state.pop("board.open", False) else None
    if row is not None:
        open_row(row, model)
