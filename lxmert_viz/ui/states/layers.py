"""All states of a dataset: layers compared with layers, and states on a plane."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lxmert_viz.analysis.projection import METHODS
from lxmert_viz.analysis.states import STREAMS
from lxmert_viz.errors import DatasetError
from lxmert_viz.figures import layers
from lxmert_viz.figures.layers import Line, by_layer, table
from lxmert_viz.figures.projection import projection
from lxmert_viz.picture import crop
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.server import states, waiting
from lxmert_viz.ui.server.states import Source
from lxmert_viz.ui.wording import plain

if TYPE_CHECKING:
    from lxmert_viz.runs.layers import Compared
    from lxmert_viz.runs.states import StateStore
    from lxmert_viz.runs.targets import Task

DRAWN = 10_000  # states on a plane
FUSED = (
    "NMI is low where two clusters of states mix words and regions. The linear classifier tells "
    "words from regions of pictures that it never saw; balanced accuracy, 0.5 is chance."
)


def compare(of: Source) -> None:
    """CKA of all layers of both streams, and how well a text finds its picture."""
    store = states.opened(of)
    if len(store.rows) < 4:
        st.info("Layers are compared over four examples or more; this store has fewer.")
        return
    found = waiting.result_of(
        f"compare {of}",
        "comparing layers",
        lambda report: states.compared(of, report),
    )
    told = f"linear CKA, debiased, over {found.count:,} examples; a row is an example's mean state"
    with st.container(key="figure.wide"):
        figure = table(found.cka, found.labels, "How alike are layers?", told)
        saving.draw(figure, _about(store), "probes.cka")
    st.caption(
        "1: the same up to rotation and scale. About 0: unrelated. The measure follows the "
        "directions that vary most. Words and regions pair up as means of the same example."
    )
    left, right = st.columns(2, gap="large")
    with left:
        _retrieval(found, store)
    with right:
        _fusion(of, store)


def _about(store: "StateStore") -> list[str]:
    """The caption of what is saved."""
    return [f"Model {store.model}. States of the dataset {store.data}."]


def _fusion(of: Source, store: "StateStore") -> None:
    if len({row.example.picture for row in store.rows if row.objects}) < 2:
        st.info("Words and regions are told apart over two pictures or more with regions.")
        return
    found = waiting.result_of(
        f"fuse {of}",
        "comparing words with regions",
        lambda report: states.fused(of, report),
    )
    of_what = f"up to {found.count:,} words and as many regions"
    figure = layers.fusion(*found.shares, found.shared, of_what)
    saving.draw(figure, _about(store), "probes.fusion")
    st.caption(FUSED)


def _retrieval(found: "Compared", store: "StateStore") -> None:
    saving.draw(
        by_layer(
            {
                "own picture is nearest": Line(found.retrieval[0]),
                "mean of 1/rank": Line(found.retrieval[1]),
                "by chance": Line(np.full(len(found.shared), 1 / found.count), baseline=True),
            },
            found.shared,
            "Does a text find its picture?",
            f"cosine of centred mean states, 0 to 1, of {found.count:,} examples",
        ),
        _about(store),
        "probes.retrieval",
    )
    st.caption("Several questions on a picture compete: none of them can always be the nearest.")


def plane(of: Source) -> None:
    """Labelled states of one layer on a plane."""
    from lxmert_viz.runs.states import places_of
    from lxmert_viz.runs.targets import task

    store = states.opened(of)
    target, method, stream, layer = _choose(store)
    depths = store.depths[stream]
    try:
        wanted = task(store, target, most=DRAWN)
    except DatasetError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    starts = np.array([places_of(store.rows[row], stream)[0] for row in wanted.rows])
    key = f"{target} {len(starts)}"
    points, trusted = waiting.result_of(
        f"plane {of} {key} {layer} {method}",
        f"projecting with {method}",
        lambda report: states.plane(
            of, key, stream, depths.index(layer), method, starts + wanted.items, report
        ),
    )
    groups = [wanted.names[label] for label in wanted.labels]
    texts = [
        f"{store.rows[row].example.picture}: {store.rows[row].example.text}" for row in wanted.rows
    ]
    kind = "[CLS]" if wanted.level == "example" else STREAMS[stream]
    title = f"{len(points):,} states of {kind} after {layer}, {method}"
    event = saving.draw(
        projection([points], [layer], texts, groups, title, trusted),
        _about(store),
        "probes.plane",
        on_select="rerun",
        selection_mode="points",
    )
    _clicked(store, wanted, event.selection.points)


def _choose(store: "StateStore") -> tuple[str, str, str, str]:
    """Target, projection, stream and layer."""
    from lxmert_viz.runs.targets import TARGETS

    with st.container(horizontal=True, vertical_alignment="bottom"):
        target = st.selectbox("Colour by", list(TARGETS), key="probes.plane-target", width=190)
        method = st.selectbox("Projection", METHODS, key="probes.plane-method", width=130)
        stream = "vision" if TARGETS[target][0] == "region" else "lang"
        depths = store.depths[stream]
        layer = st.selectbox(
            "Layer", depths, len(depths) - 1, key=f"probes.layer {stream}", width=150
        )
    return target, method, stream, layer


def _clicked(store: "StateStore", wanted: "Task", points: list[dict]) -> None:
    """The word, or the part of the picture, of a clicked point."""
    if not points:
        st.caption("Click a point to see its word or its part of the picture.")
        return
    place = points[0]["customdata"]
    place = place[0] if isinstance(place, list) else place
    row, item = store.rows[wanted.rows[place]], int(wanted.items[place])
    if wanted.level == "region" and Path(row.file).is_file():
        st.image(crop(Path(row.file).read_bytes(), row.boxes_unit[item]))
    named = row.objects[item] if wanted.level == "region" else row.pieces[item]
    st.markdown(f"**{plain(named)}** in {plain(row.example.picture)}: {plain(row.example.text)}")
