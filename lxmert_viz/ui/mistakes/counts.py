"""Values of some columns with how many rows hold them, each a filter at a click."""

from typing import Any

import streamlit as st

from lxmert_viz.analysis.mistakes import CAUSES
from lxmert_viz.results.board import Board
from lxmert_viz.results.columns import meaning_of, title_of
from lxmert_viz.results.row_filter import spelled, terms, with_term, without_term
from lxmert_viz.ui.mistakes import views
from lxmert_viz.ui.mistakes.place import filter_by, get
from lxmert_viz.ui.wording import plain

ALWAYS = ("correct", "cause")
KINDS = ("question_type", "structural_type", "answer_type", "semantic_type", "object")
MOST_KINDS = 2  # of those that this run has
MOST_VALUES = 5
TRUTHS = {True: "right", False: "wrong"}


def show(board: Board) -> None:
    """Of the rows that the filter leaves."""
    filled = set(board.filled())
    kinds = [name for name in KINDS if name in filled][:MOST_KINDS]
    with st.container(key="board.counts", gap=None):
        for name in (*ALWAYS, *kinds, "verdict"):
            if name in filled:
                _column(board, name)


def _column(board: Board, name: str) -> None:
    where = get("where")
    found = board.breakdown(where, name).dropna(subset="value")
    largest = found.nlargest(MOST_VALUES, "rows", keep="first")
    if not len(largest):
        return
    st.markdown(f"**{plain(title_of(name))}**", help=meaning_of(name))
    for value, rows in zip(largest["value"].tolist(), largest["rows"].tolist(), strict=True):
        _value(name, value, rows, where)


def _value(name: str, value: Any, rows: int, where: str) -> None:
    term = f"{name}={spelled(value)}"
    is_on = term in terms(where)
    label = TRUTHS[value] if name == "correct" else views.label(name, value)
    st.button(
        f"{plain(label)} :gray[{rows:,}]",
        key=f"counts.show {term}",
        icon=":material/close:" if is_on else None,
        type="tertiary",
        help="Take this term away" if is_on else CAUSES.get(value) if name == "cause" else None,
        on_click=filter_by,
        args=(without_term(where, term) if is_on else with_term(where, name, value),),
    )
