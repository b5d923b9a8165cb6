"""An experiment as a file, below its figures."""

from functools import partial

import streamlit as st

from lxmert_viz.experiments.cause_files import Cause
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.server import causes


def offer(asked: Asked, cause: Cause) -> None:
    st.download_button(
        "Save this experiment (JSON)",
        partial(causes.written, cause, asked.variant.model),
        f"lxmert-{cause.kind}.json",
        "application/json",
        icon=":material/science:",
        on_click="ignore",
        key=f"causes.keep {cause.kind}",
        help="With its regions, target, seed and checkpoint: `python -m lxmert_viz cause FILE` "
        "runs it again and compares the figures",
    )
