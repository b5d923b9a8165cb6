"""Two pictures, two questions or two checkpoints, side by side."""

from dataclasses import replace

import streamlit as st

from lxmert_viz.ui import comparing, controls, results, variants

controls.heading(
    "Compare",
    "The choice above against another picture, question or checkpoint, on one scale.",
)
choice = controls.choice()
first = results.variant(choice)
second = comparing.other_side(first)
one, other = comparing.steps(first, second)
seen, asked = results.trace_of(first), results.trace_of(second)
comparing.show_sides((one, seen), (other, asked))
results.notes(choice, seen)
results.notes(replace(choice, model=second.model, picture=second.picture), asked)
variants.show_answers((one.name, seen), (other.name, asked), "on the right")
st.divider()
variants.show_maps(one, other)
