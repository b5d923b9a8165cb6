"""Slices of a run: saved filters, and groups that are weaker than the rest."""

import numpy as np
import streamlit as st

from lxmert_viz.analysis.significance import difference, holm, mean_interval
from lxmert_viz.results.board import Board
from lxmert_viz.results.row_filter import joined, spelled
from lxmert_viz.ui.mistakes import place
from lxmert_viz.ui.mistakes.views import NOT_SCORED
from lxmert_viz.ui.server import boards
from lxmert_viz.ui.wording import plain

MOST_SUGGESTIONS = 10
BY = (
    "question_type",
    "answer_type",
    "structural_type",
    "semantic_type",
    "detailed_type",
    "operation",
    "object",
    "right",
    "words",
    "regions",
    "missed",
    "tail",
)
COUNT_WIDTH = 84
HOW = (
    "Groups of one or two columns' values with at least 15 examples, over all rows of the run. "
    "p: Student's t-test against all other rows, corrected (Holm) for all groups looked at."
)


def slices(board: Board) -> None:
    saved = board.slices()
    _save(board, saved)
    if saved:
        _show_saved(board, saved)
    st.markdown("**Suggested: weaker than the rest, and not by chance**")
    found = boards.suggestions(board, BY)
    if found is None:
        st.info(NOT_SCORED)
        return
    if not found:
        st.caption("None: no group is weaker than the rest beyond chance (Holm, 5%).")
    for number, one in enumerate(found[:MOST_SUGGESTIONS]):
        text = _filter_of(one.terms)
        line = (
            f"**{plain(text)}**: score {one.score:.3f}, others {one.rest:.3f}, p {_p(one.p)}; "
            f"as good as the others, {one.lost:.0f} more would be right"
        )
        if one.same:
            others = "; ".join(_filter_of(terms) for terms in one.same)
            line += f"  \n:gray[The same rows: {plain(others)}]"
        _show(f"suggested-{number}", one.rows, text, line)
    st.caption(HOW)


def _save(board: Board, saved: dict[str, str]) -> None:
    where = place.get("where")
    if not where:
        st.caption("Set a filter above, by clicks or by typing, to save it as a slice.")
        return
    with (
        st.form("slices.new", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        label = "Save what the filter leaves as a slice named"
        name = st.text_input(label, placeholder="wrong colours", width=320)
        if st.form_submit_button("Save slice") and name.strip():
            board.save_slices(saved | {name.strip(): where})
            st.rerun()


def _show_saved(board: Board, saved: dict[str, str]) -> None:
    scores = {name: board.inside_and_outside(text) for name, text in saved.items()}
    tested = {n: difference(*pair) for n, pair in scores.items() if min(map(len, pair)) > 1}
    corrected = dict(zip(tested, holm(list(tested.values())), strict=True))
    st.markdown("**Saved, each against all other rows**")
    for name, text in saved.items():
        p = f", p {_p(corrected[name])}" if name in corrected else ""
        line = f"**{plain(name)}**: {_compared(*scores[name])}{p} :gray[{plain(text)}]"
        _show(f"saved-{name}", board.count(text), text, line)
    gone = st.pills("Remove a slice", list(saved), key="slices.gone", default=None)
    if gone:
        board.save_slices({n: t for n, t in saved.items() if n != gone})
        st.rerun()


def _show(key: str, rows: int, text: str, line: str) -> None:
    """A line about a slice, behind a button that shows its rows."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"line.slice {key}"):
        label, width = f"{rows:,}", COUNT_WIDTH
        st.button(label, key=f"slices.rows {key}", on_click=_show_rows, args=(text,), width=width)
        st.markdown(line)


def _filter_of(terms: tuple[tuple[str, object], ...]) -> str:
    return joined(f"{name}={spelled(value)}" for name, value in terms)


def _compared(inside: np.ndarray, outside: np.ndarray) -> str:
    if not len(inside):
        return "no scored rows"
    mean, low, high = mean_interval(inside)
    rest = f", others {outside.mean():.3f}" if len(outside) else ""
    return f"score {mean:.3f} ({low:.3f} to {high:.3f}){rest}"


def _show_rows(text: str) -> None:
    place.filter_by(text)
    place.put(view=place.TABLE)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
