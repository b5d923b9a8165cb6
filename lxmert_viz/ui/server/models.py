"""The checkpoints that the page has opened."""

import os
from typing import TYPE_CHECKING

import streamlit as st

from lxmert_viz.checkpoints.folder import find, installed
from lxmert_viz.checkpoints.identity import Stamp, stamp
from lxmert_viz.checks.findings import Finding
from lxmert_viz.places import BACKEND_VARIABLE, PRECISION_VARIABLE
from lxmert_viz.records import Report
from lxmert_viz.region_files.cache import RegionCache, usual_folder
from lxmert_viz.ui.server.pictures import hours_kept

if TYPE_CHECKING:  # torch takes seconds, in which the page should already stand
    from lxmert_viz.pipeline import Pipeline


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


def pipeline(name: str) -> "Pipeline":
    """Opened anew where the files below its name have changed."""
    return _pipeline(name, stamp(find(name)))


@st.cache_resource(max_entries=2, show_spinner=False)
def _pipeline(name: str, files: Stamp) -> "Pipeline":
    return load_pipeline(name)


def close_all() -> None:
    """Their memory is free once nobody computes with them any more."""
    _pipeline.clear()


def findings(model: str, report: Report) -> list[Finding]:
    """What the self-check finds in the files as they are now."""
    return _findings(model, stamp(find(model)), report)


@st.cache_data(max_entries=8, show_spinner=False)
def _findings(model: str, files: Stamp, _report: Report) -> list[Finding]:
    from lxmert_viz.checks.selfcheck import check

    return list(check(model, report=_report))
