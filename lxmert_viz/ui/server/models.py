"""The checkpoints that the page has opened."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from lxmert_viz.checkpoints.folder import find, installed
from lxmert_viz.checkpoints.weight_files import WEIGHT_ENDINGS
from lxmert_viz.checks.findings import Finding
from lxmert_viz.places import BACKEND_VARIABLE, PRECISION_VARIABLE
from lxmert_viz.region_files.cache import RegionCache, usual_folder
from lxmert_viz.traces import file_hashes
from lxmert_viz.ui.server.pictures import hours_kept

if TYPE_CHECKING:  # torch takes seconds, in which the page should already stand
    from lxmert_viz.pipeline import Pipeline

DETECTOR_ENDINGS = (*WEIGHT_ENDINGS, "config.json", "objects.txt", "attributes.txt")


def model_names() -> tuple[str, ...]:
    """What can be opened now. Raises CheckpointError when the models' folder is not there."""
    return installed()


def load_pipeline(name: str) -> "Pipeline":
    from lxmert_viz.pipeline import Pipeline

    # who wants no picture kept wants nothing kept that was made of one
    cache = RegionCache(usual_folder()) if hours_kept() else None
    return Pipeline.open(
        name,
        precision=os.environ.get(PRECISION_VARIABLE, "full"),
        cache=cache,
        backend=os.environ.get(BACKEND_VARIABLE, "own"),
    )


@st.cache_resource(max_entries=2, show_spinner=False)
def pipeline(name: str) -> "Pipeline":
    return load_pipeline(name)


@st.cache_data(max_entries=8, show_spinner=False)
def findings(model: str, _progress: Callable[[str, float], None]) -> list[Finding]:
    """What the self-check finds."""
    from lxmert_viz.checks.selfcheck import check

    return list(check(model, report=_progress))


@st.cache_data(max_entries=16, show_spinner=False)
def detector_content(model: str) -> str:
    """Equal for checkpoints that would find the same regions and call them the same."""
    folder = find(model) / "detector"
    found = file_hashes(folder, DETECTOR_ENDINGS)
    return " ".join(f"{name} {content}" for name, content in found.items())
