"""Lenses: what the model's heads say of every state, and one cell looked at closely."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from lxmert_viz.analysis import frames
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.analysis.states import LENSES, STREAMS, by_depth, cosines, depth_names
from lxmert_viz.errors import CheckpointError, DatasetError
from lxmert_viz.figures.layers import Line, by_layer
from lxmert_viz.figures.lenses import lens_grid, lens_history, rise
from lxmert_viz.records import Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.server import lenses, models, states, waiting
from lxmert_viz.ui.wording import plain

if TYPE_CHECKING:
    from lxmert_viz.experiments.lenses import Lens, LensGrid
    from lxmert_viz.experiments.tuned_lens import TunedLens

NEIGHBOURS = 6
SHOWN_STORED = 3
TUNED = (
    "An output head was trained on the last layer's states and can misread those of earlier "
    "layers, which have another form. Here each layer's states first pass an affine map, trained "
    "on the study set, which brings them into the last layer's form."
)
HOW_TO_READ = (
    "Each cell is the label that the output head ranks first for that state. It was trained on the "
    "last layer alone; what it makes of earlier states is a hint, and least of all at the "
    "embeddings. ▲ 3: this label came three ranks up since the layer below."
)


@dataclass(frozen=True, slots=True)
class View:
    """Which states are read through which head."""

    found: Trace
    head: lenses.Head
    key: str
    rows: list[str]  # N
    depths: tuple[str, ...]  # P
    layers: np.ndarray  # (P, N, D), as the head reads them

    @property
    def lens(self) -> "Lens":
        return lenses.lens(self.head)

    def read(self) -> "LensGrid":
        return lenses.lens_grid(self.key, self.head, self.layers)


def show(found: Trace) -> None:
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    with controls:
        name = st.selectbox(
            "Read through",
            list(LENSES),
            format_func=lambda name: LENSES[name].title,
            key="states.lens",
            width=290,
        )
        bank = _choose_bank(found.model) if name == "features" else ""
    head = lenses.head(found.model, name, bank)
    try:
        chosen = lenses.lens(head)
    except (CheckpointError, DatasetError) as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    rows = row_names(found, chosen.stream)[: 1 if chosen.pooled else None]
    if not rows:
        st.info("The detector found no region here, so there is nothing to read.")
        return
    with controls:
        tuned = chosen.kind != "cosine" and st.toggle("Tuned", key="states.tuned", help=TUNED)
        inside = not tuned and st.toggle(
            "Steps inside cross layers",
            key="states.inside",
            help="After attending to the other stream, and after attending to its own.",
        )
        depths = depth_names(found.states, chosen.stream, inside)
        row, depth = _choose(name, rows, depths)
    layers = by_depth(found.states, chosen.stream, inside)
    if tuned:
        layers = _tuned(head, depths).translated(layers)
    key = f"{key_of(found)} {head} {inside} {tuned}"
    _side_by_side(View(found, head, key, rows, depths, layers), row, depth)


def _side_by_side(view: View, row: int, depth: int) -> None:
    with st.container(key="states.read"):  # on a phone the cell comes first
        grid, cell = st.columns([2, 1], gap="medium")
        with grid:
            _grid(view, (row, depth))
        with cell:
            _cell(view, row, depth)


def _choose_bank(model: str) -> str:
    """A file of stored regions; stops the page where there is none."""
    banks = lenses.banks(model)
    if banks:
        return st.selectbox(
            "Nearest among", list(banks), format_func=banks.get, key="states.bank", width=260
        )
    st.info(
        "This lens looks for the nearest of stored regions, and none of this model's detector are "
        "here. Make a file of them with `python -m lxmert_viz regions PICTURES -o FILE`, below the "
        "folder that the server was started with (`serve --data FOLDER`).",
        icon=":material/info:",
    )
    st.stop()


def _tuned(head: lenses.Head, depths: tuple[str, ...]) -> "TunedLens":
    """The maps, with how far they can be trusted; stops the page until the states are there."""
    if not lenses.reads_study_regions(head.model):
        states.ask_to_look(head.model)
    found = waiting.result_of(
        f"tune {head}", "tuning the lens", lambda report: states.tuned(head, report)
    )
    with st.expander("How good the tuned lens is", icon=":material/straighten:"):
        lines = {
            "error, tuned": Line(found.errors),
            "error, plain": Line(found.errors_before, baseline=True),
            "bias, tuned": Line(found.biases),
            "bias, plain": Line(found.biases_before, baseline=True),
        }
        title = "Error: KL(last layer || this layer). Bias: KL of the mean distributions"
        statistic = "nats, on pictures of the study set that training never saw; 0 is the model"
        told = [f"Model {head.model}, {LENSES[head.name].title.lower()}"]
        saving.draw(by_layer(lines, depths, title, statistic), told, "states.tuning")
    return found


def _grid(view: View, cell: tuple[int, int]) -> None:
    chosen, read = view.lens, view.read()
    figure = lens_grid(
        [[chosen.labels[best] for best in column] for column in read.ids[..., 0]],
        read.shares[..., 0],
        read.ranks[..., 0],
        view.rows,
        view.depths,
        title=f"{LENSES[view.head.name].title}, at every layer",
        statistic=f"colour: {statistic(chosen.kind, len(chosen.labels))}; the last column is the "
        "model's own output",
        chosen=cell,
    )
    with st.container(key="figure.wide"):
        saving.draw(
            figure,
            saving.about(view.found),
            "states.grid",
            on_select=lambda: _take_cell(view.head.name, view.depths),
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
    """Which states they are. A person's own boxes have all the same profile, and other states."""
    seen = found.regions
    read = hashlib.sha256(seen.boxes_unit.tobytes() + seen.feats.tobytes()).hexdigest()
    return f"{models.pipeline(found.model).digest} {read} {found.tokens.text}"


def _choose(name: str, rows: list[str], depths: tuple[str, ...]) -> tuple[int, int]:
    """Which cell is looked at closely: clicked, or chosen here."""
    state = st.session_state
    row_key, depth_key = f"states.row {name}", f"states.depth {name}"
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


def _take_cell(name: str, depths: tuple[str, ...]) -> None:
    points = st.session_state["states.grid"]["selection"]["points"]
    if points:
        row, depth = points[0]["customdata"]
        st.session_state[f"states.row {name}"] = row
        st.session_state[f"states.depth {name}"] = depths[depth]


def _cell(view: View, row: int, depth: int) -> None:
    """A cell's labels through the layers, its list, and the states nearest to it."""
    found, chosen, depths, read = view.found, view.lens, view.depths, view.read()
    ids = read.ids[depth, row]
    labels = [chosen.labels[label] for label in ids]
    st.markdown(f"##### {plain(view.rows[row])} after {depths[depth]}")
    shares = lenses.lens_history(view.key, view.head, row, ids.tobytes(), view.layers)
    saving.draw(
        lens_history(shares[:, :5], labels[:5], depths, statistic(chosen.kind, len(chosen.labels))),
        [f"{LENSES[view.head.name].title}, of {view.rows[row]}", *saving.about(found)],
        "states.history",
    )
    table = frames.lens(read.at(depth, row), chosen.labels, [view.rows[row]], [depths[depth]])
    risen = [rise(*ranks) for ranks in zip(read.ranks[depth, row], table["rank"], strict=True)]
    table = table[["rank", "label", "share"]].round(4).rename(columns={"share": chosen.kind})
    st.dataframe(
        table.assign(**{"since the layer below": risen}),
        hide_index=True,
        column_config={
            "rank": {"width": 50},
            "label": {"width": 160},
            chosen.kind: st.column_config.NumberColumn(width=75, format="%.3f"),
        },
    )
    if view.head.bank:
        _stored(view.head, ids[:SHOWN_STORED])
    with st.expander(f"Nearest states in {depths[depth]}"):
        _neighbours(found, chosen.stream, depths[depth], row)


def _stored(head: lenses.Head, ids: np.ndarray) -> None:
    """The stored regions whose features are nearest to the predicted ones, where they are seen."""
    found = [lenses.stored_region(head, int(label)) for label in ids]
    with st.container(horizontal=True):
        for picture, region in found:
            if picture is not None:
                st.image(picture, caption=region, width=96)


def _neighbours(found: Trace, stream: str, depth: str, row: int) -> None:
    """The words and regions of the same layer that are most alike, by cosine."""
    own = _states_at(found, stream, depth)[row][None]
    sides = []
    for other, things in STREAMS.items():
        if depth in depth_names(found.states, other, inside=True):
            alike = cosines(own, _states_at(found, other, depth))[0]
            columns = {"state": row_names(found, other), "is a": things.removesuffix("s")}
            side = pd.DataFrame(columns | {"cosine": alike})
            sides.append(side.drop(index=row) if other == stream else side)
    others = pd.concat(sides).sort_values("cosine", ascending=False, kind="stable")
    cosine = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        others[:NEIGHBOURS].round(3),
        hide_index=True,
        column_config={"state": {"width": 200}, "cosine": cosine},
    )


def _states_at(found: Trace, stream: str, depth: str) -> np.ndarray:
    place = depth_names(found.states, stream, inside=True).index(depth)
    return by_depth(found.states, stream, inside=True)[place]
