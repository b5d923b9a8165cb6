"""What differs inside the network between right and wrong answers; examples with like states."""

import numpy as np
import streamlit as st

from lxmert_viz.analysis.contrast import contrast, nearest
from lxmert_viz.analysis.layer_names import place_named
from lxmert_viz.figures import mistakes as figures
from lxmert_viz.records import FAMILIES, RIGHT_FROM
from lxmert_viz.results.board import Board
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.mistakes import views
from lxmert_viz.ui.mistakes.place import get, put
from lxmert_viz.ui.server import boards
from lxmert_viz.ui.wording import plain

NONE_KEPT = (
    "Not available: this run keeps nothing of the network's inside. `evaluate` keeps it, unless "
    "--no-internals is given or the predictions were made elsewhere."
)
STATISTICS = {
    "entropy": "Entropy: how widely a head looks, 0 to 1",
    "largest": "Largest weight of a head's map",
    "gold": "Weight on the regions of what the question is about",
}
LEVEL = 0.05
FEWEST = 5  # right and wrong answers that are compared
MOST_ALIKE = 6


def inside(board: Board) -> None:
    """A statistic of every head, wrong against right answers, of the rows that are left."""
    kept = boards.internals(board)
    if kept is None:
        st.info(NONE_KEPT)
        return
    offered = [n for n in STATISTICS if any(key.startswith(f"{n} ") for key in kept.statistics)]
    name = st.selectbox(
        "Of every head", offered, format_func=STATISTICS.get, key="mistakes.statistic", width=420
    )
    rows = board.frame(get("where"), ["question_id", "score"]).dropna()
    rows = rows[rows["question_id"].isin(kept.places)]
    families = [f for f in FAMILIES if f"{name} {f}" in kept.statistics]
    places = rows["question_id"].map(kept.places).to_numpy(int)
    is_right = (rows["score"] >= RIGHT_FROM).to_numpy()
    blocks = [kept.statistics[f"{name} {family}"][places] for family in families]
    there = ~np.any([np.isnan(block).any(axis=1) for block in blocks], axis=0)
    is_right = is_right[there]
    if min(is_right.sum(), (~is_right).sum()) < FEWEST:
        st.info(
            f"Not available: {is_right.sum()} right and {(~is_right).sum()} wrong answers are "
            f"left, and {FEWEST} of each are needed. Take the filter away, or choose another."
        )
        return
    told = [STATISTICS[name], *views.about(board)]
    _show_contrast(blocks, there, is_right, families, _heads(board), told)


def _show_contrast(
    blocks: list[np.ndarray],
    there: np.ndarray,
    is_right: np.ndarray,
    families: list[str],
    heads: int,
    told: list[str],
) -> None:
    found = contrast(np.concatenate([block[there] for block in blocks], axis=1), is_right)
    labels = [
        place_named(family, layer)
        for family, block in zip(families, blocks, strict=True)
        for layer in range(block.shape[1] // heads)
    ]
    shape = (len(labels), heads)
    saving.draw(
        figures.head_differences(found.effect.reshape(shape), found.p.reshape(shape), labels),
        told,
        "mistakes.heads",
    )
    count = int((found.p < LEVEL).sum())
    st.caption(
        f"{(~is_right).sum():,} wrong against {is_right.sum():,} right answers; of {found.p.size} "
        f"heads {count} differ beyond chance (Welch's t-test, Holm, 5%). A large one without "
        "a dot differs as much from one wrong answer to the next. A difference is no cause: hard "
        "questions also differ in words and pictures. Filter to like questions first."
    )


def alike(board: Board, name: str) -> None:
    """Rows whose last pooled state is most like this one's, each a click away."""
    kept = boards.internals(board)
    if kept is None or name not in kept.places:
        st.caption(NONE_KEPT)
        return
    names = list(kept.places)
    places, likeness = nearest(kept.states, kept.places[name], MOST_ALIKE)
    for place, like in zip(places, likeness, strict=True):
        row = board.row(names[place])
        mark = {True: "✓", False: "✗"}.get(row.correct, "·")
        st.button(
            f"{mark} {plain(row.text)} **{plain(row.answer or '')}** :gray[{like:.2f}]",
            key=f"inside.alike {names[place]}",
            type="tertiary",
            on_click=put,
            kwargs={"row": names[place]},
        )
    st.caption("Cosine similarity of the pooled states, the run's mean state taken away; ✗ wrong.")


def _heads(board: Board) -> int:
    return int(board.manifest["model"]["heads"])
