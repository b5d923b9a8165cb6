"""Who may read whom: edges cut around each cross-modality layer."""

import streamlit as st

from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.experiments.edges import CONTROL, WIDTHS, Edge, usual_edges
from lxmert_viz.figures.layers import Line, by_layer
from lxmert_viz.ui.browser import saving
from lxmert_viz.ui.causes import keeping, linked
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.causes.linked import (
    Option,
    number_of,
    place_of,
    places_of,
    told_place,
    told_places,
)
from lxmert_viz.ui.server import causes, waiting

WIDTH, GOLD, WORD = "edges-width", "edges-regions", "edges-word"  # keys of the address
CAPTION = (
    "A cut weight is zero, and the rest of its row sums to 1 again, as if its score had been "
    "lowered before the softmax. A row that is cut whole reads nothing; lowered, it would read "
    "everything alike. The target is the answer on top: {:.0%} as asked. “{}” is the control: it "
    "says what cutting anything does."
)


def _choose(asked: Asked) -> tuple[int, list[Edge]]:
    """How many layers, and which edges; the control comes last."""
    found, about = asked.found, asked.question
    regions, words = range(len(found.regions)), range(len(found.tokens.pieces))
    gold_key, word_key = f"causes.gold {about}", f"causes.word {about}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        width = linked.choose(
            Option("causes.width", WIDTH, number_of(WIDTHS), 1),
            st.segmented_control,
            "Layers cut at once",
            WIDTHS,
            required=True,
        )
        gold = linked.choose(
            Option(gold_key, GOLD, places_of(regions), [], told_places, about),
            st.multiselect,
            "Regions to tell from the others",
            regions,
            format_func=numbered_names(found.regions).__getitem__,
            width=320,
        )
        word = linked.choose(
            Option(word_key, WORD, place_of(words), None, told_place, about),
            st.selectbox,
            "One word",
            words,
            format_func=lambda place: found.tokens.pieces[place],
            width=150,
            index=None,
        )
    edges = usual_edges(len(found.regions), gold)
    if word is not None:
        reading = f"“{found.tokens.pieces[word]}” reads "
        keys = tuple(gold) or None
        which = "the chosen regions" if gold else "regions"
        edges.insert(-1, Edge(reading + which, "lang_from_vision", (word,), keys))
    return width, edges


def show(asked: Asked) -> None:
    width, edges = _choose(asked)
    curves = waiting.result_of(
        f"cut {asked.key} {width} {edges}",
        "cutting edges",
        lambda report: causes.cut(asked.variant, tuple(edges), width, report),
    )
    layers = [f"layer {n + 1}" for n in range(curves.change.shape[1])]
    lines = {
        name: Line(values, baseline=name == CONTROL)
        for name, values in zip(curves.edges, curves.change, strict=True)
    }
    figure = by_layer(
        lines,
        layers,
        f"P({curves.answer}) as edges are cut",
        f"Change in percent of {curves.base:.2f}, windows of {width} around each cross-modality "
        f"layer. Control: {CONTROL}",
    )
    saving.draw(figure, asked.about, "causes.edges")
    st.caption(CAPTION.format(curves.base, CONTROL))
    told = [
        {"name": e.name, "family": e.family, "queries": e.queries, "keys": e.keys} for e in edges
    ]
    keeping.offer(asked, asked.cause("edges", {"edges": told, "width": width}))
