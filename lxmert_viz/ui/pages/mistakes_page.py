"""Where and why a model fails over a whole dataset, down to one example and back."""

import streamlit as st

from lxmert_viz.dataset.board import Board
from lxmert_viz.dataset.row_filter import terms, without_term
from lxmert_viz.errors import DatasetError
from lxmert_viz.ui import (
    address,
    board_clusters,
    board_inside,
    board_numbers,
    board_runs,
    board_slices,
    board_state,
    board_table,
    runs,
)
from lxmert_viz.ui import board_views as views
from lxmert_viz.ui.wording import plain

EXAMPLE = 'correct=no structural_type=query "left of"'
HOW_TO_FILTER = """
Terms that must all hold, parted by spaces:

- `correct=no` · `right="hot dog"` · `probability>0.9` · `words<6`
- `cause=none`: no value · `structural_type!=query`: another value
- `right~dog`: holds “dog” · `dog` alone: question or answers hold it

Columns: {}
"""
VIEWS = {
    "Groups": views.groups,
    "Confusion": views.confusion,
    "Causes": views.causes,
    "Sureness": views.sureness,
    "Metrics": board_numbers.metrics,
    "Slices": board_slices.slices,
    "Inside": board_inside.inside,
    "Alike": board_clusters.clusters,
}


def choose_filter(board: Board) -> None:
    where = board_state.get("where")
    with st.container(horizontal=True, vertical_alignment="bottom", key="board-filter"):
        typed = st.text_input("Filter and search", where, placeholder=EXAMPLE)
        st.button(
            "Mistakes only",
            icon=":material/filter_alt:",
            on_click=board_state.show_only,
            args=("correct", False),
        )
        with st.popover("How", icon=":material/help:"):
            st.markdown(HOW_TO_FILTER.format(", ".join(f"`{n}`" for n in board.filled())))
    if typed.strip() != where and fits(board, typed):
        board_state.filter_by(typed.strip())
        st.rerun()
    if where:
        show_terms(where)


def fits(board: Board, text: str) -> bool:
    """Whether the rows can be filtered so; says why not."""
    try:
        board.count(text)
    except DatasetError as error:
        st.error(plain(str(error)), icon=":material/filter_alt_off:")
        return False
    return True


def show_terms(where: str) -> None:
    """Each term as a button that takes it away."""
    with st.container(horizontal=True, gap="xsmall", key="board-terms"):
        for number, term in enumerate(terms(where)):
            st.button(
                plain(term),
                icon=":material/close:",
                key=f"term-{number}",
                help="Take this term away",
                on_click=board_state.filter_by,
                args=(without_term(where, term),),
            )


def show_warnings(board: Board) -> None:
    note = board.manifest["data"].get("training_note", "")
    if note:
        told = f"{plain(note)} Scores on seen questions say little."
        st.warning(told, icon=":material/warning:")
    remarks = board.run.remarks()
    if remarks:
        with st.expander(f"{len(remarks):,} remarks on the data", icon=":material/rule:"):
            st.dataframe([remark._asdict() for remark in remarks], hide_index=True)


def choose_view() -> str:
    asked = board_state.get("view")
    view = st.segmented_control(
        "View",
        [board_state.TABLE, *VIEWS],
        default=asked if asked in VIEWS else board_state.TABLE,
        required=True,
        label_visibility="collapsed",
    )
    if view != asked:
        board_state.put(view=view)
        st.rerun()
    return view


def show(board: Board) -> None:
    show_warnings(board)
    choose_filter(board)
    view = choose_view()
    if view == board_state.TABLE:
        board_table.show(board, board.manifest["model"]["name"])
    else:
        VIEWS[view](board)


with st.container(horizontal=True, vertical_alignment="bottom", key="board-head"):
    st.subheader("Mistakes", anchor=False, width="content")
    st.caption(
        "A whole dataset at once: where the model fails, why, and every example a click away."
    )
with st.container(horizontal=True, vertical_alignment="bottom", key="board-numbers"):
    name = board_runs.choose()
    running = runs.evaluations().of(name)
    busy = running is not None and not running.over.is_set()
    board = runs.board(name) if name and not busy and runs.is_whole(name) else None
    if board is not None and not fits(board, board_state.get("where")):
        board_state.filter_by("")  # an address can say anything
    if board is not None:
        board_numbers.show(board)
if busy:
    board_runs.watch(running)
elif not name:
    board_runs.welcome()
elif board is None:
    board_runs.unfinished(name)
else:
    show(board)
address.write()  # what was clicked in this run of the page
