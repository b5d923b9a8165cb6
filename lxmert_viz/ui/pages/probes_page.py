"""Probes on a dataset's states, with controls, and applied to the current example."""

import streamlit as st

from lxmert_viz.ui import controls, dataset_view, probe_view, results, state_caches, stores

VIEWS = {
    "probes": ":material/troubleshoot: Probes",
    "compare": ":material/compare_arrows: Layers",
    "plane": ":material/scatter_plot: On a plane",
}

controls.heading(
    "Probes", "A small classifier on each layer's states: what can be read out, and from where on?"
)
choice = controls.choice()
found = None
if choice.picture is not None and choice.text:
    results.regions(choice)
    found = results.trace(choice)
    results.pinned(choice, found)
named = stores.names(choice.model)
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
if not name and not state_caches.reads_study_regions(choice.model):
    stores.ask_to_look(choice.model)
if view == "probes":
    probe_view.show(choice.model, name, found)
elif view == "compare":
    dataset_view.compare(choice.model, name)
else:
    dataset_view.plane(choice.model, name)
