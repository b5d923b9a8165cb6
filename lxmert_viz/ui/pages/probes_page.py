"""Probes on a dataset's states, with controls, and applied to the current example."""

import streamlit as st

from lxmert_viz.ui.frame import results, workbench
from lxmert_viz.ui.server import lenses, states
from lxmert_viz.ui.states import layers, probes

VIEWS = {
    "probes": ":material/troubleshoot: Probes",
    "compare": ":material/compare_arrows: Layers",
    "plane": ":material/scatter_plot: On a plane",
}

choice = workbench.choice()
found = None
if choice.picture is not None and choice.text:
    results.regions(choice)
    found = results.trace(choice)
    results.tell(choice, found)
named = states.names(choice.model)
with st.container(horizontal=True, vertical_alignment="bottom"):
    name = st.selectbox(
        "States of",
        list(named),
        format_func=named.get,
        key="probes.store",
        width=360,
        help="`python -m lxmert_viz probe DATASET` adds others.",
    )
    view = st.segmented_control(
        "View",
        list(VIEWS),
        format_func=VIEWS.get,
        default="probes",
        required=True,
        key="probes.view",
        label_visibility="collapsed",
        persist_state="session",
    )
if not name and not lenses.reads_study_regions(choice.model):
    states.ask_to_look(choice.model)
source = states.source(choice.model, name)
if view == "probes":
    probes.show(source, found)
elif view == "compare":
    layers.compare(source)
else:
    layers.plane(source)
