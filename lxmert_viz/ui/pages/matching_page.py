"""Whether texts belong to pictures: many captions, many pictures, and captions against foils."""

import streamlit as st

from lxmert_viz.ui.frame import results, workbench
from lxmert_viz.ui.matching import choice, many, pair
from lxmert_viz.ui.what_if import sides
from lxmert_viz.ui.what_if.history import Step

VIEWS = {
    "captions": many.show_captions,
    "pictures": many.show_pictures,
    "matrix": many.show_matrix,
}

chosen = workbench.choice()
results.regions(chosen)
if chosen.text:
    results.tell(chosen, results.trace(chosen))
view = choice.begin(chosen.model)
if view in VIEWS:
    VIEWS[view](chosen)
else:
    both = pair.choose(chosen)
    if both is not None:
        found = [results.trace_of(one) for one in both]
        pair.show(*both, found)
        steps = (Step(1, "caption", both[0]), Step(2, "foil", both[1]))
        sides.show(*map(sides.Side, steps, found), "of the foil")
st.caption(choice.HOW)
