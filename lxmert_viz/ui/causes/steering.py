"""Heads made to look at one region: what is then answered, for every region at once."""

from functools import partial

import pandas as pd
import streamlit as st

from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.experiments.head_slots import place_named
from lxmert_viz.experiments.steering import FAMILY, slots_at
from lxmert_viz.figures.picture import regions_picture
from lxmert_viz.figures.steering_page import page
from lxmert_viz.records import Answer
from lxmert_viz.ui.causes import keeping, linked
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.causes.linked import Option, places_of, told_places
from lxmert_viz.ui.server import causes, models, pictures, waiting

LAYERS = "steering-layers"  # key of the address
POINT = "Point at a region: what is answered when all chosen heads look there?"
CAPTION = (
    "In the chosen layers every word of every head reads one region alone: weight 1 there, 0 "
    "elsewhere, after the softmax. Target: the answer on top. As asked it is “{}” ({:.2f}). "
    "`python -m lxmert_viz steer DATASET` measures how often answers follow, beside as many random "
    "heads."
)


def show(asked: Asked) -> None:
    found, pipeline = asked.found, models.pipeline(asked.variant.model)
    config = pipeline.network.config
    every = range(config.x_layers)
    layers = linked.choose(
        Option("causes.steered", LAYERS, places_of(every), list(every), told_places),
        st.multiselect,
        "Layers whose heads are made to look",
        every,
        format_func=lambda layer: place_named(FAMILY, layer),
    )
    if not layers or not len(found.regions):
        st.info("Choose a layer, and a picture with regions.", icon=":material/ads_click:")
        return
    count = config.num_attention_heads
    heads = tuple(
        slots_at(pipeline, [n for n in range(config.x_layers * count) if n // count in layers])
    )
    scores = waiting.result_of(
        f"steer {asked.key} {layers}",
        "looking at every region in turn",
        lambda report: causes.steered(asked.variant, heads, report),
    )
    _show_answers(asked, [pipeline.answers(one, 1)[0] for one in scores])
    first = found.answers[0]
    st.caption(CAPTION.format(first.text, first.probability))
    keeping.offer(asked, asked.cause("steering", {"heads": [list(slot) for slot in heads]}))


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
                "probability": [top.probability for top in tops],
            }
        )
        st.dataframe(table.round(2), hide_index=True, width="stretch")
