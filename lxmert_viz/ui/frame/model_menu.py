"""Which checkpoint is asked, where it runs, and how it finds regions."""

import streamlit as st

from lxmert_viz.ui.frame import handover, navigation, region_options
from lxmert_viz.ui.server import models
from lxmert_viz.ui.wording import plain


def choose() -> None:
    st.selectbox("Checkpoint", models.model_names(), key=handover.MODEL, persist_state="session")


def show_details(model: str) -> None:
    """Once the checkpoint is open."""
    pipeline = models.pipeline(model)
    if pipeline.has_detector:
        config = pipeline.detector.config
        region_options.choose(config.profiles, config.rpn_post_nms)
    st.caption(f"Runs on: **{plain(pipeline.device)}**")
    st.caption(f"Knows: {plain(pipeline.scope.world)}")
    navigation.link(navigation.MODELS, "Get and check checkpoints")
