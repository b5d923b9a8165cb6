"""What each layer holds: heads that read every state, masked words, and where states lie."""

import streamlit as st

from lxmert_viz.ui.frame import results, workbench
from lxmert_viz.ui.states import geometry, lenses, masked

VIEWS = {
    "lenses": ":material/grid_on: Read every state",
    "geometry": ":material/scatter_plot: Where states lie",
    "masked": ":material/edit: Type and see",
}

choice = workbench.choice()
results.regions(choice)
found = results.trace(choice)
results.tell(choice, found)
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
    lenses.show(found)
elif view == "geometry":
    geometry.show(found, results.picture(choice))
else:
    masked.show(choice)
