"""Lenses: what the model's heads say of every state, and one cell looked at closely."""

import numpy as np
import streamlit as st

from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.analysis.states import STREAMS, by_depth, cosines, depth_names
from lxmert_viz.errors import CheckpointError
from lxmert_viz.figures.lenses import lens_grid, lens_history, rise
from lxmert_viz.records import Trace
from lxmert_viz.ui import resources
from lxmert_viz.ui.wording import plain

LENSES = {
    "words": "Words: the masked-word head",
    "objects": "Regions: objects",
    "attributes": "Regions: attributes",
    "features": "Regions: features",
    "answers": "[CLS]: answers",
    "match": "[CLS]: match",
}
NEIGHBOURS = 6
NO_BAR = {"displayModeBar": False}
HOW_TO_READ = (
    "Each cell is the label that the head ranks first for that state. Heads were trained on the "
    "last layer alone; what they make of earlier states is a hint, and least of all at the "
    "embeddings. ▲ 3: this label came three ranks up since the layer below."
)


def show(found: Trace) -> None:
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    with controls:
        name = st.selectbox(
            "Read through", list(LENSES), format_func=LENSES.get, key="states.lens", width=290
        )
        inside = st.toggle(
            "Steps inside cross layers",
            key="states.inside",
            help="After attending to the other stream, and after attending to its own.",
        )
    try:
        chosen = resources.lens(found.model, name)
    except CheckpointError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    rows = row_names(found, chosen.stream)[: 1 if chosen.pooled else None]
    if not rows:
        st.info("The detector found no region here, so there is nothing to read.")
        return
    depths = depth_names(found.states, chosen.stream, inside)
    with controls:
        row, depth = _choose(name, rows, depths)
    _grid(found, name, inside, rows, (row, depth))
    _cell(found, name, inside, row, depth)


def _grid(found: Trace, name: str, inside: bool, rows: list[str], cell: tuple[int, int]) -> None:
    chosen = resources.lens(found.model, name)
    depths = depth_names(found.states, chosen.stream, inside)
    read = resources.lens_grid(key_of(found), found.model, name, inside, found.states)
    figure = lens_grid(
        [[chosen.labels[best] for best in column] for column in read.ids[..., 0]],
        read.shares[..., 0],
        read.ranks[..., 0],
        rows,
        depths,
        title=f"{LENSES[name]}, at every layer",
        statistic=f"colour: {statistic(chosen.kind, len(chosen.labels))}; the last column is the "
        "model's own output",
        chosen=cell,
    )
    with st.container(key="wide-figure"):
        st.plotly_chart(
            figure,
            config=NO_BAR,
            key="states.grid",
            on_select=lambda: _take_cell(name, rows, depths),
            selection_mode="points",
        )
    st.caption(HOW_TO_READ)


def statistic(kind: str, count: int) -> str:
    if kind == "cosine":
        return "cosine with the nearest of all stored regions, their mean taken away"
    return f"{kind} over {count:,} labels" if kind == "softmax" else "sigmoid of each label alone"


def row_names(found: Trace, stream: str) -> list[str]:
    return list(found.tokens.pieces) if stream == "lang" else numbered_names(found.regions)


def key_of(found: Trace) -> str:
    seen = found.regions
    return f"{found.model} {seen.profile} {seen.digest} {found.tokens.text}"


def _choose(name: str, rows: list[str], depths: tuple[str, ...]) -> tuple[int, int]:
    """Which cell is looked at closely: clicked, or chosen here."""
    state = st.session_state
    row_key, depth_key = f"states.row.{name}", f"states.depth.{name}"
    if state.get(row_key, 0) >= len(rows):
        state[row_key] = 0
    if state.get(depth_key) not in depths:
        state[depth_key] = depths[-1]
    state.setdefault(row_key, rows.index("[MASK]") if "[MASK]" in rows else 0)
    row = st.selectbox(
        "Look closely at",
        range(len(rows)),
        format_func=rows.__getitem__,
        key=row_key,
        width=170,
        help="Or click a cell.",
    )
    depth = st.selectbox("in the layer", depths, key=depth_key, width=130)
    return row, depths.index(depth)


def _take_cell(name: str, rows: list[str], depths: tuple[str, ...]) -> None:
    points = st.session_state["states.grid"]["selection"]["points"]
    if points:
        row, depth = points[0]["customdata"]
        st.session_state[f"states.row.{name}"] = row
        st.session_state[f"states.depth.{name}"] = depths[depth]


def _cell(found: Trace, name: str, inside: bool, row: int, depth: int) -> None:
    """A cell's list, its labels through the layers, and the states nearest to it."""
    chosen = resources.lens(found.model, name)
    read = resources.lens_grid(key_of(found), found.model, name, inside, found.states)
    depths = depth_names(found.states, chosen.stream, inside)
    ids = read.ids[depth, row]
    labels = [chosen.labels[label] for label in ids]
    label = row_names(found, chosen.stream)[row]
    st.markdown(f"##### {plain(label)} after {depths[depth]}")
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.dataframe(
            {
                "rank": list(range(1, len(ids) + 1)),
                "label": labels,
                chosen.kind: read.shares[depth, row].round(4).tolist(),
                "since the layer below": [
                    rise(below, rank) for rank, below in enumerate(read.ranks[depth, row], 1)
                ],
            },
            hide_index=True,
        )
        _neighbours(found, chosen.stream, depths[depth], row)
    with right:
        shares = resources.lens_history(
            key_of(found), found.model, name, inside, row, ids.tobytes(), found.states
        )
        st.plotly_chart(
            lens_history(shares[:, :5], labels[:5], depths), config=NO_BAR, key="states.history"
        )


def _neighbours(found: Trace, stream: str, depth: str, row: int) -> None:
    """The words and regions of the same layer that are most alike, by cosine."""
    own = _states_at(found, stream, depth)[row][None]
    others = []
    for other in STREAMS:
        if depth in depth_names(found.states, other, inside=True):
            alike = cosines(own, _states_at(found, other, depth))[0]
            names = row_names(found, other)
            others += [
                (float(alike[n]), names[n], STREAMS[other].removesuffix("s"))
                for n in range(len(names))
                if (other, n) != (stream, row)
            ]
    others.sort(reverse=True)
    st.markdown(f"Nearest in {depth}")
    st.dataframe(
        {
            "state": [name for _, name, _ in others[:NEIGHBOURS]],
            "is a": [kind for _, _, kind in others[:NEIGHBOURS]],
            "cosine": [round(alike, 3) for alike, _, _ in others[:NEIGHBOURS]],
        },
        hide_index=True,
    )


def _states_at(found: Trace, stream: str, depth: str) -> np.ndarray:
    place = depth_names(found.states, stream, inside=True).index(depth)
    return by_depth(found.states, stream, inside=True)[place]
