"""Mistakes grouped by what the network held at its end."""

import numpy as np
import streamlit as st

from lxmert_viz.analysis.clusters import group, typical
from lxmert_viz.results.board import Board
from lxmert_viz.results.row_filter import spelled
from lxmert_viz.ui.mistakes import place
from lxmert_viz.ui.mistakes.slices import BY, COUNT_WIDTH
from lxmert_viz.ui.server import boards
from lxmert_viz.ui.server.boards import Internals
from lxmert_viz.ui.wording import plain

GROUPS = (2, 3, 4, 5, 6, 8, 10, 12)
BY_INSIDE = {"state": "Pooled state", "heads": "How widely each head looks"}
TOLD_BY = (*BY, "answer", "cause")
HOW = (
    "k-means on the directions of the pooled states, or of all heads' entropies, their mean over "
    "the mistakes taken away; "
    "the groups cover all mistakes of the run, whatever the filter. In brackets: the share among "
    "all mistakes. A group is a hint on what to look at together, not a finding."
)


def clusters(board: Board) -> None:
    """Offers to group the mistakes, and shows the groups that were made last."""
    st.markdown("**Mistakes that are alike inside**")
    kept = boards.internals(board)
    ids = [] if kept is None else _mistakes(board, kept)
    if len(ids) < GROUPS[0] * 2:
        st.caption("Not available: too few mistakes whose states were kept.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        possible = [count for count in GROUPS if count * 2 <= len(ids)]
        by = st.selectbox("Alike by", list(BY_INSIDE), format_func=BY_INSIDE.get, width=280)
        count = st.selectbox("Groups", possible, index=min(3, len(possible) - 1), width=110)
        if st.button("Group the mistakes", icon=":material/workspaces:"):
            vectors = _vectors(kept, [kept.places[name] for name in ids], by)
            there = ~np.isnan(vectors).any(axis=1)
            found = group(vectors[there], count).tolist()
            board.save_clusters([i for i, known in zip(ids, there, strict=True) if known], found)
    if "cluster" in board.filled():
        _show(board)


def _vectors(kept: Internals, places: list[int], by: str) -> np.ndarray:
    """(N, D) states, or (N, heads) entropies."""
    if by == "state":
        return kept.states[places]
    entropies = [v[places] for n, v in kept.statistics.items() if n.startswith("entropy ")]
    return np.concatenate(entropies, axis=1)


def _mistakes(board: Board, kept: Internals) -> list[str]:
    rows = board.frame("correct=no", ["question_id"])["question_id"]
    return [name for name in rows if name in kept.places]


def _show(board: Board) -> None:
    filled = set(board.filled())
    names = ["cluster", *(name for name in TOLD_BY if name in filled)]
    rows = board.frame("cluster!=none", names)
    numbers = rows.pop("cluster").to_numpy(int)
    for number in range(1, int(numbers.max()) + 1):
        inside = numbers == number
        told = [
            f"{one.column}={spelled(one.value)} {one.inside:.0%} ({one.overall:.0%})"
            for one in typical(rows, inside)
        ]
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"line.cluster {number}"
        ):
            st.button(
                f"{inside.sum():,}",
                key=f"clusters.show {number}",
                on_click=place.show_only,
                args=("cluster", number),
                width=COUNT_WIDTH,
            )
            st.markdown(f"**{number}**: {plain(', '.join(told)) or 'nothing is typical of it'}")
    st.caption(HOW)
