"""Where and why a model fails over a whole dataset, down to one example and back."""

import pandas as pd
import streamlit as st

from lxmert_viz.errors import DatasetError
from lxmert_viz.results.board import Board
from lxmert_viz.results.row_filter import terms, without_term
from lxmert_viz.results.run_folder import REMARKS
from lxmert_viz.ui.frame import address, navigation
from lxmert_viz.ui.mistakes import (
    clusters,
    counts,
    inside,
    looked,
    matching,
    numbers,
    place,
    run_choice,
    slices,
    table,
    views,
)
from lxmert_viz.ui.mistakes.row import show_row
from lxmert_viz.ui.server import boards, catalogue, jobs
from lxmert_viz.ui.wording import plain

MOST_REMARKS = 500
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
    "Certainty": views.certainty,
    "Metrics": numbers.metrics,
    "Matching": matching.matching,
    "Slices": slices.slices,
    "Inside": inside.inside,
    "Looked at": looked.looked,
    "Alike": clusters.clusters,
}


def choose_filter(board: Board) -> None:
    where = place.get("where")
    key = f"board.typed {where}"  # another filter begins with its own text
    st.text_input(
        "Filter and search",
        where,
        placeholder=EXAMPLE,
        key=key,
        on_change=take_typed,
        args=(board, key),
    )
    st.button(
        "Mistakes only",
        icon=":material/filter_alt:",
        on_click=place.show_only,
        args=("correct", False),
    )
    with st.popover("How to filter", icon=":material/help:"):
        st.markdown(HOW_TO_FILTER.format(", ".join(f"`{n}`" for n in board.filled())))


def take_typed(board: Board, key: str) -> None:
    typed = st.session_state[key].strip()
    if fits(board, typed):
        place.filter_by(typed)


def show_problem() -> None:
    problem = st.session_state.pop("board.problem", "")
    if problem:
        st.error(plain(problem), icon=":material/filter_alt_off:")


def fits(board: Board, text: str) -> bool:
    """Whether the rows can be filtered so; why not is told beside the filter."""
    try:
        board.count(text)
    except DatasetError as error:
        st.session_state["board.problem"] = str(error)
        return False
    return True


def show_terms(where: str) -> None:
    """Each term as a button that takes it away."""
    with st.container(horizontal=True, gap="xsmall", key="board.terms"):
        for number, term in enumerate(terms(where)):
            st.button(
                plain(term),
                icon=":material/close:",
                key=f"board.term {number}",
                help="Take this term away",
                on_click=place.filter_by,
                args=(without_term(where, term),),
            )


def show_training_note(board: Board) -> None:
    note = board.manifest["data"].get("training_note", "")
    if note:
        told = f"{plain(note)} Scores on seen questions say little."
        st.warning(told, icon=":material/warning:")


def show_remarks(board: Board) -> None:
    if not board.remark_count:
        return
    title = f"{board.remark_count:,} remark{'' if board.remark_count == 1 else 's'} on the data"
    with st.expander(title, icon=":material/rule:", key="board.remarks", on_change="rerun") as told:
        if told.open:
            remarks = board.run.remarks(MOST_REMARKS)
            if board.remark_count > len(remarks):
                where = plain(str(board.run.path / REMARKS))
                st.caption(f"The first {len(remarks):,}; all of them are in {where}.")
            st.dataframe(pd.DataFrame(remarks), hide_index=True)


def choose_view(board: Board) -> str:
    asked = place.get("view")
    with st.container(horizontal=True, vertical_alignment="center", key="board.views"):
        view = st.segmented_control(
            "View",
            [place.TABLE, *VIEWS],
            default=asked if asked in VIEWS else place.TABLE,
            required=True,
            label_visibility="collapsed",
        )
        if view == place.TABLE:
            table.choose_order(board)
    if view != asked:
        place.put(view=view)
        st.rerun()
    return view


def show(board: Board) -> None:
    show_training_note(board)
    show_problem()
    if place.get("where"):
        show_terms(place.get("where"))
    view = choose_view(board)
    model = board.manifest["model"]["name"]
    row = board.row(place.get("row")) if place.get("row") and view == place.TABLE else None
    left, side = st.columns([6, 5] if row else [13, 3], gap="medium")
    with left:
        if view == place.TABLE:
            table.show(board, model, is_wide=row is None)
        else:
            VIEWS[view](board)
    with side:
        if row:
            show_row(board, row, model)
        else:
            counts.show(board)
    show_remarks(board)


navigation.heading(navigation.MISTAKES)
with st.container(horizontal=True, vertical_alignment="bottom", key="board.numbers"):
    name = run_choice.choose()
    running = jobs.evaluations().of(name)
    busy = running is not None and not running.over.is_set()
    board = boards.board(name) if name and not busy and catalogue.is_whole(name) else None
    if board is not None and not fits(board, place.get("where")):
        place.filter_by("")  # an address can say anything
    if board is not None:
        numbers.show(board)
        choose_filter(board)
if busy:
    run_choice.watch(running)
elif not name:
    run_choice.welcome()
elif board is None:
    run_choice.unfinished(name)
else:
    show(board)
address.write()  # what was clicked in this run of the page
