"""The page's frame: what stays while pages change, and the way between them."""

import streamlit as st

from lxmert_viz.places import ASSETS
from lxmert_viz.ui import controls, waiting

st.set_page_config(page_title="lxmert-viz", page_icon=str(ASSETS / "icon.png"), layout="wide")
page = st.navigation(controls.pages(), expanded=True)
with waiting.errors_in_a_sentence():
    controls.frame(page.title)
    page.run()
