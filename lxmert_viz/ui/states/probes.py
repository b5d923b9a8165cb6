"""A probe for every layer: how much it reads, what it confuses, what it says of this picture."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from lxmert_viz.analysis import frames
from lxmert_viz.errors import DatasetError
from lxmert_viz.figures.layers import cells
from lxmert_viz.figures.probes import curves, description_length
from lxmert_viz.picture import Picture
from lxmert_viz.records import Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.frame import handover
from lxmert_viz.ui.server import states, upload_limits, waiting
from lxmert_viz.ui.server.states import Chosen, Source
from lxmert_viz.ui.server.upload_limits import LABELS_MB
from lxmert_viz.ui.states.lenses import row_names
from lxmert_viz.ui.wording import plain

if TYPE_CHECKING:
    from lxmert_viz.analysis.probes import ProbeRun
    from lxmert_viz.runs.states import StateStore
    from lxmert_viz.runs.targets import Task

OWN = "a column of yours"
LINEAR = "linear"  # of analysis.probes.KINDS, the one that is quick
SHOWN_MISSES = 200
HOW_TO_READ = (
    "Accuracy is on pictures that training never saw; bars are 95 % intervals over pictures. "
    "**Control task**: the same probe on labels given at random to each type of word, region or "
    "text. What a probe reads beyond it (selectivity) is in the states; the rest it can remember. "
    "**Noise**: the same probe on random numbers. Labels of regions are the detector's own."
)


def show(of: Source, found: Trace | None) -> None:
    """found: the current example, to which the probe is applied."""
    store = states.opened(of)
    chosen = _choose(store)
    if chosen is None:
        return
    run = _probed(of, store, chosen)
    wanted = chosen.wanted
    _curves(run, "here")
    depth = run.about.depths.index(
        st.select_slider(
            "Look closely at the layer",
            run.about.depths,
            value=run.about.depths[run.best()],
            key=f"probes.depth {run.about.stream}",
        )
    )
    left, right = st.columns(2, gap="large")
    with left:
        _confusion(run, depth)
    with right:
        if found is not None:
            _live(run, depth, found)
    _misses(store, run, wanted, depth)


def _probed(of: Source, store: "StateStore", chosen: Chosen) -> "ProbeRun":
    """While a probe that takes long is trained, the linear one stands below its progress."""
    waits, meanwhile = st.container(), st.empty()
    if chosen.kind != LINEAR and not states.is_probed(store, chosen):
        linear = replace(chosen, kind=LINEAR, code=False)
        with meanwhile.container():
            st.caption(f"Meanwhile: the {LINEAR} probe.")
            _curves(_result(of, linear), "meanwhile")
    with waits:
        run = _result(of, chosen)
    meanwhile.empty()
    return run


def _result(of: Source, chosen: Chosen) -> "ProbeRun":
    return waiting.result_of(
        f"probe {of} {chosen.key}",
        f"training the {chosen.kind} probe for {chosen.wanted.target}",
        lambda report: states.probe(of, chosen.key, chosen, report),
    )


def _choose(store: "StateStore") -> Chosen | None:
    from lxmert_viz.analysis.probes import KINDS
    from lxmert_viz.runs.targets import POOLINGS, TARGETS, own_task, task

    with st.container(horizontal=True, vertical_alignment="bottom"):
        target = st.selectbox("Read out", [*TARGETS, OWN], key="probes.target", width=190)
        kind = st.selectbox("Probe", KINDS, key="probes.kind", width=120)
        level = TARGETS[target][0] if target in TARGETS else "example"
        pooling = "cls"
        if level == "example":
            pooling = st.selectbox(
                "from", list(POOLINGS), format_func=POOLINGS.get, key="probes.pooling", width=190
            )
        seed = st.number_input("Seed", 0, 9999, key="probes.seed", width=120)
        code = st.toggle(
            "Description length",
            key="probes.code",
            help="How many times fewer bits it takes to write the labels down for one who has the "
            "states (online code): the more they save, the more the states tell. Takes several "
            "times longer.",
        )
    try:
        if target == OWN:
            labels = _own_labels()
            if labels is None:
                return None
            wanted = own_task(store, *labels, int(seed))
        else:
            wanted = task(store, target, int(seed))
    except DatasetError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return None
    return Chosen(wanted, kind, pooling, int(seed), code)


def _own_labels() -> tuple[str, dict[str, str]] | None:
    """A column of a CSV that the person gives."""
    from lxmert_viz.runs.targets import label_columns

    given = st.file_uploader(
        "CSV with id or question_id, and your labels",
        "csv",
        key="probes.csv",
        max_upload_size=LABELS_MB,
    )
    if given is None:
        return None
    try:
        columns = label_columns(
            upload_limits.content(given, LABELS_MB).decode("utf-8-sig"), given.name
        )
    except UnicodeDecodeError as error:
        raise DatasetError(f"{given.name} is not UTF-8 text: {error.reason}.") from error
    column = st.selectbox("Column", list(columns), key="probes.column", width=300)
    return (column, columns[column]) if column else None


def _about(run: "ProbeRun") -> list[str]:
    """The caption of what is saved."""
    made = run.about
    read = f" of {made.pooling}" if made.level == "example" else ""
    return [
        f"Model {made.model}. {made.kind} probes on states{read} of the dataset {made.data}, "
        f"seed {made.seed}."
    ]


def _curves(run: "ProbeRun", place: str) -> None:
    about, layers = run.about, frames.probes(run)
    title = f"{about.target}: what each layer holds"
    figure = curves(layers, about.kind, title, about.states)
    saving.draw(figure, _about(run), f"probes.curves {place}")
    st.caption(HOW_TO_READ)
    if layers["compression"].notna().any():
        saving.draw(description_length(layers), _about(run), f"probes.code-curve {place}")


def _confusion(run: "ProbeRun", depth: int) -> None:
    layer = run.layers[depth]
    shares = layer.confusion / np.maximum(layer.confusion.sum(1, keepdims=True), 1)
    saving.draw(
        cells(
            shares,
            run.about.names,
            run.about.names,
            f"What is taken for what after {run.about.depths[depth]}",
            f"rows: right label, shares of {layer.confusion.sum():,} tested states; "
            f"selectivity {layer.selectivity:+.2f}",
            span=(0, 1),
        ),
        _about(run),
        "probes.confusion",
    )


def _live(run: "ProbeRun", depth: int, found: Trace) -> None:
    """What this layer's probe says of the current picture and text."""
    from lxmert_viz.runs.probing import apply

    about = run.about
    layer = about.depths[depth]
    st.markdown(f"##### What {layer} knows here: {plain(about.target)}")
    shares = apply(run, found.states)  # (P, N, K)
    if not shares.shape[1]:
        st.info("The detector found no region here.")
        return
    rows = ["this example"] if about.level == "example" else row_names(found, about.stream)
    best = shares[depth].argmax(1)
    names = np.array(about.names, object)
    table = {
        about.level: rows,
        "read out": names[best],
        "probability": shares[depth].max(1).round(3),
        "at each layer": [" → ".join(column) for column in names[shares.argmax(2).T]],
    }
    st.dataframe(pd.DataFrame(table), hide_index=True)
    st.caption("A picture of the store itself may have been trained on; any other is unseen.")


def _misses(store: "StateStore", run: "ProbeRun", wanted: "Task", depth: int) -> None:
    from lxmert_viz.runs.probing import misses

    wrong = misses(run, wanted, depth)
    tested = len(run.layers[depth].tested)
    st.markdown(f"##### {len(wrong):,} of {tested:,} tested states are read wrongly")
    if not wrong:
        return
    shown = wrong[:SHOWN_MISSES]
    table = {
        "picture": [store.rows[miss.row].example.picture for miss in shown],
        "text": [store.rows[miss.row].example.text for miss in shown],
        "state": [_state(store, run, miss.row, miss.item) for miss in shown],
        "right": [run.about.names[miss.right] for miss in shown],
        "read out": [run.about.names[miss.said] for miss in shown],
    }
    event = st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"probes.misses {depth}",
    )
    chosen = event.selection.rows
    if not chosen:
        st.caption("Choose a row to open its picture and text in every page.")
        return
    row = store.rows[shown[chosen[0]].row]
    if not Path(row.file).is_file():
        st.info("This store has the regions of that picture and not the picture.")
        return
    st.button(
        f"Open “{plain(row.example.text)}” with {plain(row.example.picture)}",
        key="probes.open",
        icon=":material/open_in_new:",
        type="primary",
        on_click=_open,
        args=(Path(row.file), row.example.text),
    )


def _state(store: "StateStore", run: "ProbeRun", row: int, item: int) -> str:
    if run.about.level == "example":
        return "example"
    own = store.rows[row]
    if run.about.level == "word":
        return own.pieces[item]
    return f"{item + 1} {own.attributes[item]} {own.objects[item]}"


def _open(picture: Path, text: str) -> None:
    handover.open_next(Picture.of(picture.read_bytes()), text)
