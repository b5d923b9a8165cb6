"""Heads made to look at one region: what is then answered, for every region at once."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from lxmert_viz.analysis.layer_names import place_named
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.experiments import head_slots
from lxmert_viz.experiments.head_slots import Slot
from lxmert_viz.experiments.steering import FAMILY
from lxmert_viz.figures.picture import regions_picture
from lxmert_viz.figures.steering_page import page
from lxmert_viz.records import Answer
from lxmert_viz.rounding import probability
from lxmert_viz.runs import steering as runs
from lxmert_viz.ui.causes import keeping, linked
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.causes.linked import Option, one_of, places_of, told_places
from lxmert_viz.ui.server import causes, models, pictures, waiting

WHICH, LAYERS = "steering-heads", "steering-layers"  # keys of the address
SETS = ("chosen", "gazing", "all")  # in the order of what `steer` writes
WHOLE, LAYERED = "layers", "whole layers"
POINT = "Point at a region: what is answered when all chosen heads look there?"
CAPTION = (
    "Every word of these {} heads reads one region alone: weight 1 there, 0 elsewhere, after the "
    "softmax. Target: the answer on top. As asked it is “{}” ({:.2f}). "
    "`python -m lxmert_viz steer DATASET` measures how often answers follow, beside as many random "
    "heads."
)


def show(asked: Asked) -> None:
    found, pipeline = asked.found, models.pipeline(asked.variant.model)
    heads = _choose(asked)
    if not heads or not len(found.regions):
        st.info("Choose a layer, and a picture with regions.", icon=":material/ads_click:")
        return
    scores = waiting.result_of(
        f"steer {asked.key} {heads}",
        "looking at every region in turn",
        lambda report: causes.steered(asked.variant, heads, report),
    )
    _show_answers(asked, [pipeline.answers(one, 1)[0] for one in scores])
    first = found.answers[0]
    st.caption(CAPTION.format(len(heads), first.text, first.probability))
    keeping.offer(asked, asked.cause("steering", {"heads": [list(slot) for slot in heads]}))


def _choose(asked: Asked) -> tuple[Slot, ...]:
    """The heads that are made to look."""
    model = asked.variant.model
    config = models.pipeline(model).network.config
    table = causes.measured(model, runs.STEERED, runs.COLUMNS)
    rows = {} if table is None else _named(table, head_slots.slots(config))
    sets = {name: _slots(row.which) for name, row in rows.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = linked.select(
            Option("causes.steering", WHICH, one_of([*sets, WHOLE]), next(iter(sets), WHOLE)),
            "Heads made to look",
            [*sets, WHOLE],
            format_func=lambda name: rows[name].heads if name in rows else LAYERED,
            width=430,
        )
        if which != WHOLE:
            st.caption(_measured(rows[which], table.iloc[-1]))
            return sets[which]
        every = range(config.x_layers)
        layers = linked.choose(
            Option("causes.steered", LAYERS, places_of(every), list(every), told_places),
            st.multiselect,
            "Layers",
            every,
            format_func=lambda layer: place_named(FAMILY, layer),
        )
    heads = range(config.num_attention_heads)
    return tuple(Slot(FAMILY, layer, head) for layer in sorted(layers) for head in heads)


def _named(table: pd.DataFrame, known: list[Slot]) -> dict[str, Any]:
    """Rows of sets of heads that the network has, by their keys in the address."""
    rows = [row for row in table.itertuples() if row.which]
    named = dict(zip(SETS, rows, strict=False))
    return {name: row for name, row in named.items() if set(_slots(row.which)) <= set(known)}


def _slots(told: str) -> tuple[Slot, ...]:
    parts = [part.split(".") for part in told.split(",")]
    return tuple(Slot(family, int(layer) - 1, int(head) - 1) for family, layer, head in parts)


def _measured(row: Any, drawn: Any) -> str:
    """What `steer` found, in a sentence. drawn: the row of random heads."""
    share = f"**{row.steered:.0%}** ({row.low:.0%} to {row.high:.0%})"
    return (
        f"On {row.measured_on} questions that did not choose them, with {row.aims} regions to look "
        f"at, these {row.number} heads turn the answer into the region's in {share}; {drawn.heads}:"
        f" {drawn.steered:.0%} ({drawn.low:.0%} to {drawn.high:.0%})."
    )


def _show_answers(asked: Asked, tops: list[Answer]) -> None:
    """tops: what is answered when looking at each region."""
    found = asked.found
    names = numbered_names(found.regions)
    captions = [
        f"Made to look at {name}: {top.text} ({top.probability:.2f})"
        for name, top in zip(names, tops, strict=True)
    ]
    source = pictures.shown_picture(asked.variant.picture)
    left, right = st.columns([11, 9], gap="large")
    with left:
        st.caption(POINT)
        boxes = found.regions.boxes_unit
        picture = regions_picture(source, found.regions.size_px, boxes, captions)
        st.html(picture)
        st.download_button(
            "Save as a page",
            partial(page, picture, found.tokens.text, [POINT, *asked.about]),
            "lxmert-steering.html",
            "text/html",
            icon=":material/download:",
            on_click="ignore",
            key="causes.page",
            help="Answers where you point, without any server",
        )
    with right:
        table = pd.DataFrame(
            {
                "region": names,
                "answer": [top.text for top in tops],
                "probability": [probability(top.probability) for top in tops],
            }
        )
        st.dataframe(table, hide_index=True, width="stretch")
