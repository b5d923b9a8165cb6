"""What each layer holds: heads that read every state, masked words, and where states lie."""

import streamlit as st

from lxmert_viz.ui import controls, geometry_view, lens_view, masked_view, results

VIEWS = {
    "lenses": ":material/grid_on: Read every state",
    "geometry": ":material/scatter_plot: Where states lie",
    "masked": ":material/edit: Type and see",
}

controls.heading(
    "States", "Each layer writes one vector for every word and region. See what it already holds."
)
choice = controls.choice()
results.regions(choice)
found = results.trace(choice)
results.pinned(choice, found)
results.notes(choice, found)
view = st.segmented_control(
    "View",
    list(VIEWS),
    format_func=VIEWS.get,
    default="lenses",
    required=True,
    key="states.view",
    label_visibility="collapsed",
    persist_state="session",
)
if view == "lenses":
    lens_view.show(found)
elif view == "geometry":
    geometry_view.show(found, results.picture(choice))
else:
    masked_view.show(choice)
