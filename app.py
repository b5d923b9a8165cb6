"""The page's frame: what stays while pages change, and the way between them."""

import streamlit as st

from lxmert_viz import openmp
from lxmert_viz.places import ASSETS
from lxmert_viz.ui.frame import admission, navigation, workbench
from lxmert_viz.ui.server import waiting

openmp.wait_asleep()
st.set_page_config(
    page_title="lxmert-viz",
    page_icon=str(ASSETS / "icon.png"),
    layout="wide",
    initial_sidebar_state="collapsed",
)
admission.admit()
waiting.begin_run()
page, shown = navigation.choose()
with waiting.errors_in_a_sentence():
    workbench.frame(page)
    with st.container(key="page.body"):
        shown.run()
