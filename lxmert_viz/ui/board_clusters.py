"""Mistakes that are alike inside the network, and what each cluster has in common."""

import numpy as np
import streamlit as st

from lxmert_viz.analysis.clusters import FEWEST, Clustering, Mark, clustered, marks
from lxmert_viz.dataset.board import Board
from lxmert_viz.figures.clusters import cluster_plane
from lxmert_viz.ui import board_inside, board_state
from lxmert_viz.ui.board_table import title_of
from lxmert_viz.ui.wording import plain

BY = {"state": "the pooled state", "heads": "how widely each head looks (entropy)"}
MISTAKES = "score<0.5"
TOLD = ("question_type", "structural_type", "semantic_type", "detailed_type", "cause", "right")
MOST_TOLD = 4  # marks of a cluster that are shown
MOST = 5000  # mistakes that are clustered
CLOUD = 0.1  # silhouettes below tell of one cloud
NO_BAR = {"displayModeBar": False}


def clusters(board: Board) -> None:
    """Of the mistakes among the rows that the filter leaves."""
    kept = board_inside.of(board)
    if kept is None:
        st.info(board_inside.NONE_KEPT)
        return
    by = st.selectbox("Alike by", list(BY), format_func=BY.get, key="mistakes.alike", width=340)
    found = board.page(f"{board_state.get('where')} {MISTAKES}", "", False, MOST, 0)
    rows = [row for row in found if row["question_id"] in kept.places]
    vectors = _vectors(kept, [kept.places[row["question_id"]] for row in rows], by)
    there = ~np.isnan(vectors).any(axis=1)
    rows = [row for row, known in zip(rows, there, strict=True) if known]
    if len(rows) < FEWEST:
        st.info(f"Not available: {len(rows)} mistakes are left, and {FEWEST} are needed.")
        return
    groups = _clustered(vectors[there])
    _show_plane(groups, rows)
    _say_how_good(groups, len(rows))
    told = [
        (mark, title_of(column))
        for column in TOLD
        for mark in marks(groups.labels, [row[column] for row in rows])
    ]
    for cluster, middle in enumerate(groups.middles):
        own = [(mark, title) for mark, title in told if mark.cluster == cluster]
        _show_cluster(cluster, int((groups.labels == cluster).sum()), rows[middle], own)


def _vectors(kept: board_inside.Internals, places: list[int], by: str) -> np.ndarray:
    if by == "state":
        return kept.states[places]
    entropies = [v[places] for n, v in kept.statistics.items() if n.startswith("entropy ")]
    return np.concatenate(entropies, axis=1)


@st.cache_data(max_entries=8, show_spinner="Looking for clusters")
def _clustered(vectors: np.ndarray) -> Clustering:
    return clustered(vectors)


def _show_plane(groups: Clustering, rows: list[dict[str, object]]) -> None:
    texts = [f"{row['text']} answered {row['answer']}, right {row['right']}" for row in rows]
    event = st.plotly_chart(
        cluster_plane(groups.plane, groups.labels, texts),
        config=NO_BAR,
        on_select="rerun",
        selection_mode="points",
        key="board-clusters",
    )
    points = event.selection.points
    if points:
        row = rows[int(np.ravel(points[0]["customdata"])[0])]
        board_state.put(row=row["question_id"])
        st.markdown(
            f"**{plain(row['text'])}** answered **{plain(row['answer'] or '')}**, "
            f"right: **{plain(row['right'])}**"
        )
        _open_button(row, "Show this row")


def _say_how_good(groups: Clustering, count: int) -> None:
    weak = (
        " That is hardly more than one cloud: take the clusters as a way to look, not as kinds."
        if groups.silhouette < CLOUD
        else ""
    )
    st.caption(
        f"{count:,} mistakes, k-means on 16 principal axes of standardised numbers, of 2 to 8 "
        f"clusters those with the largest silhouette: {groups.silhouette:.2f} (-1 to 1).{weak}"
    )


def _show_cluster(
    cluster: int, count: int, middle: dict[str, object], own: list[tuple[Mark, str]]
) -> None:
    """own: what marks it, each with its column's title."""
    told = [
        f"{title} **{plain(mark.value)}**: {mark.inside:.0%} here, {mark.outside:.0%} elsewhere"
        for mark, title in own
    ]
    with st.container(border=True, key=f"board-cluster-{cluster}", gap="small"):
        st.markdown(f"**Cluster {cluster + 1}**: {count:,} mistakes")
        if told:
            st.markdown(" · ".join(told[:MOST_TOLD]))
        else:
            st.caption("Nothing that the run knows is more frequent here than elsewhere.")
        st.caption(
            f"In its middle: {plain(middle['text'])} answered {plain(middle['answer'] or '')}, "
            f"right {plain(middle['right'])}"
        )
        _open_button(middle, "Show the row in the middle")


def _open_button(row: dict[str, object], label: str) -> None:
    st.button(
        label,
        icon=":material/table_rows:",
        key=f"clusters {label} {row['question_id']}",
        on_click=board_state.put,
        kwargs={"row": row["question_id"], "view": board_state.TABLE},
    )
