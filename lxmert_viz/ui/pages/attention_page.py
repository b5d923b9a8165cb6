"""Every attention map of one answer: six families, each layer, each head."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lxmert_viz.analysis.attention import even_share, head_map, largest, strongest
from lxmert_viz.analysis.regions import captions, numbered_names
from lxmert_viz.figures.attention import attention_heatmap, word_strip
from lxmert_viz.figures.picture import weighted_picture
from lxmert_viz.records import Trace
from lxmert_viz.ui import controls, resources, results
from lxmert_viz.ui.wording import FAMILIES, Family, plain

LONGEST = 64  # rows and columns that a heatmap shows
NAMED = 5  # keys that are named in the picture and in the sentence below it
WIDE = 16  # columns above which a heatmap takes the whole width, and more than a phone has
MEAN = 0  # in the place of a head's number, which begins at 1


def keep_within(key: str, options: Sequence, default: object) -> None:
    """Another family or question may have fewer layers, heads or words than the one before."""
    if st.session_state.get(key) not in options:
        st.session_state[key] = default


def choose_map(attention: dict[str, np.ndarray]) -> tuple[str, int, int]:
    """Family, layer and head; the numbers begin at 1, head 0 is the mean."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="map-choice"):
        keep_within("attention.family", list(FAMILIES), "lang_from_vision")
        family = st.selectbox(
            "Who looks at whom",
            list(FAMILIES),
            key="attention.family",
            persist_state="session",
            format_func=lambda name: f"{FAMILIES[name].name} · {FAMILIES[name].stage}",
            width=400,
        )
        layers, heads = attention[family].shape[:2]
        keep_within("attention.layer", range(1, layers + 1), layers)
        layer = st.segmented_control(
            f"Layer, of {layers}",
            range(1, layers + 1),
            key="attention.layer",
            persist_state="session",
            required=True,
        )
        keep_within("attention.head", range(heads + 1), MEAN)
        head = st.segmented_control(
            f"Head, of {heads}",
            range(heads + 1),
            key="attention.head",
            persist_state="session",
            format_func=lambda number: "mean over heads" if number == MEAN else str(number),
            required=True,
        )
    return family, layer, head


def choose_word(pieces: Sequence[str], label: str) -> int:
    keep_within("attention.word", range(len(pieces)), 0)
    return st.pills(
        label,
        range(len(pieces)),
        key="attention.word",
        persist_state="session",
        format_func=lambda index: plain(pieces[index]),
        required=True,
        wrap=True,
    )


def choose_region(names: Sequence[str], label: str) -> int:
    keep_within("attention.region", range(len(names)), 0)
    return st.selectbox(
        label,
        range(len(names)),
        key="attention.region",
        persist_state="session",
        format_func=lambda index: names[index],
    )


@st.fragment
def show_map(found: Trace, address: str) -> None:
    name, layer, head = choose_map(found.attention)
    family = FAMILIES[name]
    labels = {"word": found.tokens.pieces, "region": numbered_names(found.regions)}
    queries, keys = labels[family.queries], labels[family.keys]
    if not queries or not keys:
        st.info(
            "The detector found no region in this picture. "
            "Choose “Words look at words”, or another picture.",
            icon=":material/image_not_supported:",
        )
        return
    weights = head_map(found.attention[name], layer - 1, head - 1 if head else None)
    stretched = st.toggle(
        "Stretch the colours to this map's largest weight",
        key="attention.stretched",
        persist_state="session",
        help="Off: colours run from 0 to 1, so that maps can be compared.",
    )
    top = largest(weights) if stretched else 1.0
    wide = len(keys) > WIDE
    left, right = st.columns(2, gap="large")
    with left:
        chosen = show_one_row(found, address, family, weights, top, right if wide else left)
    with st.container(key="attention-wide") if wide else right:
        title = map_title(found.attention[name], family, layer, head)
        show_heatmap(weights, (queries, keys), title, name, top, chosen)


def map_title(maps: np.ndarray, family: Family, layer: int, head: int) -> str:
    layers, heads = maps.shape[:2]
    which = f"head {head} of {heads}" if head else f"mean over {heads} heads"
    return f"{family.name}, layer {layer} of {layers}, {which}"


def show_one_row(
    found: Trace,
    address: str,
    family: Family,
    weights: np.ndarray,
    top: float,
    picture_place: DeltaGenerator,
) -> int:
    """One word or region that looks, with what it looks at; returns its row in the map."""
    pieces, names = found.tokens.pieces, numbered_names(found.regions)
    if family.queries == "word":
        chosen = choose_word(pieces, "Word that looks")
        name = pieces[chosen]
    else:
        chosen = choose_region(names, "Region that looks")
        name = names[chosen]
    row = weights[chosen]
    looking = chosen if family.queries == family.keys else None
    if family.keys == "word":
        st.html(word_strip(pieces, row, top=top, chosen=looking))
    say_strongest(name, row, pieces if family.keys == "word" else names)
    with picture_place:
        if family.keys == "region":
            show_picture(found, address, row, top, looking)
        elif family.queries == "region":
            show_one_column(found, address, weights, top, chosen)
    return chosen


def show_one_column(
    found: Trace, address: str, weights: np.ndarray, top: float, looking: int
) -> None:
    """One word that regions look at, and how much each does. weights: (R, T)."""
    pieces = found.tokens.pieces
    word = choose_word(pieces, "Word that is looked at")
    show_picture(found, address, weights[:, word], top, looking)
    st.caption(
        f"How much each region looks at “{plain(pieces[word])}”: one column of the map, "
        "which need not sum to 1."
    )


def show_picture(
    found: Trace, address: str, weights: np.ndarray, top: float, looking: int | None
) -> None:
    st.html(
        weighted_picture(
            address,
            found.regions.size_px,
            found.regions.boxes_unit,
            captions(found.regions),
            weights,
            top=top,
            named=strongest(weights, NAMED),
            chosen=looking,
        )
    )


def say_strongest(name: str, row: np.ndarray, keys: Sequence[str]) -> None:
    order = ", ".join(f"{plain(keys[index])} ({row[index]:.2f})" for index in strongest(row, NAMED))
    st.caption(
        f"“{plain(name)}” looks most at: {order}. "
        f"Looking at all {len(keys)} alike would give {even_share(len(keys)):.2f} to each."
    )


def show_heatmap(
    weights: np.ndarray,
    labels: tuple[Sequence[str], Sequence[str]],
    title: str,
    name: str,
    top: float,
    chosen: int,
) -> None:
    queries, keys = labels
    family = FAMILIES[name]
    colours = "colours from 0 to 1" if top == 1 else f"colours STRETCHED: 0 to {top:.3f}"
    st.plotly_chart(
        attention_heatmap(
            weights[:LONGEST, :LONGEST],
            queries[:LONGEST],
            keys[:LONGEST],
            title=title,
            subtitle=f"{name} · attention weight, {colours}",
            sides=(family.queries, family.keys),
            top=top,
            chosen=chosen if chosen < LONGEST else None,
        ),
        config={"displayModeBar": False},
        key="attention.map",
    )
    if max(weights.shape) > LONGEST:
        st.caption(f"Only the first {LONGEST} rows and columns of {weights.shape} are drawn here.")


controls.heading(
    "Attention",
    "Choose a map. Rows look, columns are looked at; the weights of a row sum to 1.",
)
choice = controls.choice()
seen = results.regions(choice)
found = results.trace(choice)
results.notes(choice, found)
show_map(found, resources.shown_picture(results.picture(choice)))
