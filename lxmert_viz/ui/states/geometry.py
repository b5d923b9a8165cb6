"""Where the states of one example lie: on a plane, words against regions, layer by layer."""

import numpy as np
import streamlit as st

from lxmert_viz.analysis.fusion import fusion, modality_accuracy
from lxmert_viz.analysis.projection import FEWEST, METHODS
from lxmert_viz.analysis.similarity import anisotropy, drift, norms
from lxmert_viz.analysis.states import STREAMS, by_depth, cosines, depth_names, side_by_side
from lxmert_viz.analysis.word_classes import classes_of
from lxmert_viz.figures import layers
from lxmert_viz.figures.layers import Line, by_layer, cells
from lxmert_viz.figures.projection import projection
from lxmert_viz.picture import Picture, crop
from lxmert_viz.records import Trace
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.server import lenses, models, waiting
from lxmert_viz.ui.states.lenses import key_of, row_names
from lxmert_viz.ui.wording import plain

FUSED = (
    "NMI is low where two clusters of states mix words and regions. The linear classifier tells "
    "words from regions of this example that it never saw; balanced accuracy, 0.5 is chance."
)
PARTS = {"plane": "On a plane", "pairs": "Words and regions", "layers": "Layer by layer"}
COLOURS = ("stream", "word class", "object", "attribute")
FITS = {"one": "One plane for all layers", "each": "A plane for each layer"}
CAUTION = (
    "Sizes of clusters and distances between them mean nothing under UMAP and t-SNE. "
    "Trustworthiness falls below 1 by every neighbour on the plane that is none in truth."
)


def show(found: Trace, picture: Picture) -> None:
    part = st.segmented_control(
        "Part",
        list(PARTS),
        format_func=PARTS.get,
        default="plane",
        required=True,
        key="states.part",
        label_visibility="collapsed",
    )
    if part == "plane":
        _plane(found, picture)
    elif part == "pairs":
        _pairs(found)
    else:
        _layers(found)


def _plane(found: Trace, picture: Picture) -> None:
    names = [*row_names(found, "lang"), *row_names(found, "vision")]
    if len(names) < FEWEST:
        st.info(f"A plane needs at least {FEWEST} words and regions; this example has fewer.")
        return
    with st.container(horizontal=True):
        method = st.selectbox("Projection", METHODS, key="states.method", width=150)
        fit = st.selectbox("Fitted on", list(FITS), format_func=FITS.get, width=240)
        colour = st.selectbox("Colour by", COLOURS, key="states.colour", width=160)
    frames, depths, statistic = waiting.result_of(
        f"project {key_of(found)} {method} {fit}",
        f"projecting with {method}",
        lambda report: lenses.planes(key_of(found), method, fit, found.states),
    )
    left, right = st.columns([4, 1])
    with left:
        saving.draw(
            projection(frames, depths, names, groups(found, colour), method, statistic),
            [FITS[fit], *saving.about(found)],
            "states.plane",
            on_select="rerun",
            selection_mode="points",
        )
    with right:
        _clicked(found, picture)
    st.caption(CAUTION)


def groups(found: Trace, colour: str) -> list[str]:
    """What each word and then each region is coloured by."""
    words, regions = len(found.tokens.pieces), len(found.regions)
    if colour == "stream":
        return ["word"] * words + ["region"] * regions
    if colour == "word class":
        return [*classes_of(found.tokens), *["region"] * regions]
    names = models.pipeline(found.model).region_names
    seen = found.regions
    if colour == "object":
        return [*["word"] * words, *(names.objects[i] for i in seen.object_ids)]
    return [*["word"] * words, *(names.attributes[i] for i in seen.attribute_ids)]


def _clicked(found: Trace, picture: Picture) -> None:
    points = st.session_state.get("states.plane", {}).get("selection", {}).get("points", [])
    if not points:
        st.caption("Click a point to see its word or its part of the picture. Play moves it.")
        return
    place = points[0]["customdata"]
    place = place[0] if isinstance(place, list) else place
    words = len(found.tokens.pieces)
    if place >= words + len(found.regions):
        return
    if place < words:
        st.markdown(f"Word {place + 1}: **{plain(found.tokens.pieces[place])}**")
        st.caption(classes_of(found.tokens)[place])
        return
    region = place - words
    st.image(crop(picture.content, found.regions.boxes_unit[region]))
    st.caption(row_names(found, "vision")[region])


def _pairs(found: Trace) -> None:
    if not len(found.regions):
        st.info("The detector found no region here.")
        return
    frames = side_by_side(found.states)
    names = [name for name, _, _ in frames]
    chosen = st.select_slider("Layer", names, value=names[-1], key="states.pairs")
    _, lang, vision = frames[names.index(chosen)]
    words = by_depth(found.states, "lang")[lang]
    regions = by_depth(found.states, "vision")[vision]
    with st.container(key="figure.wide"):
        saving.draw(
            cells(
                cosines(words, regions),
                row_names(found, "lang"),
                row_names(found, "vision"),
                f"Words and regions after {chosen}",
                "cosine of the states, -1 to 1",
                span=(-1, 1),
            ),
            saving.about(found),
            "states.cosines",
        )


def _layers(found: Trace) -> None:
    """Norms, drift, anisotropy of both streams; fusion and the modality classifier."""
    left, right = st.columns(2, gap="large")
    told = saving.about(found)
    frames = side_by_side(found.states)
    names = [name for name, _, _ in frames]
    both = {
        stream: by_depth(found.states, stream)[[frame[place] for frame in frames]]
        for place, stream in enumerate(STREAMS, start=1)
    }
    shown = {STREAMS[s]: states for s, states in both.items() if states.shape[1] > 1}
    with left:
        _chart(told, "Length of a state", "Euclidean norm, mean over states",
               {n: Line(norms(s)) for n, s in shown.items()}, names)  # fmt: skip
        _chart(told, "All in one direction?",
               "anisotropy: mean cosine of two states of a stream, -1..1",
               {n: Line(np.array([anisotropy(d) for d in s])) for n, s in shown.items()},
               names, (-0.2, 1.05))  # fmt: skip
    with right:
        for stream, title in STREAMS.items():
            if both[stream].shape[1]:
                states = by_depth(found.states, stream, inside=True)
                steps = depth_names(found.states, stream, inside=True)
                _chart(told, f"Drift of {title}",
                       "1 - cosine with the same state one step before, 0..2",
                       {title: Line(drift(states))}, steps[1:])  # fmt: skip
    if len(shown) < len(STREAMS):
        st.info("Words and regions are compared where there are two or more of each.")
        return
    _fusion(found, both, names)


def _fusion(found: Trace, both: dict[str, np.ndarray], names: list[str]) -> None:
    pairs = list(zip(both["lang"], both["vision"], strict=True))
    fused = [fusion(*pair) for pair in pairs]
    saving.draw(
        layers.fusion(
            np.array([f.nmi for f in fused]),
            np.array([f.by_chance for f in fused]),
            np.array([f.by_chance_top for f in fused]),
            np.array([modality_accuracy(*p) for p in pairs]),
            names,
            f"{len(found.tokens.pieces)} words and {len(found.regions)} regions of this example",
        ),
        saving.about(found),
        "states.fusion",
    )
    st.caption(FUSED)


def _chart(
    told: list[str],
    title: str,
    statistic: str,
    lines: dict[str, Line],
    depths: list[str] | tuple[str, ...],
    span: tuple[float, float] | None = None,
) -> None:
    saving.draw(by_layer(lines, depths, title, statistic, span), told, f"states.chart {title}")
