"""The checkpoints that the page has opened."""

import os
from collections import OrderedDict
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st

from lxmert_viz.checkpoints.folder import find, installed
from lxmert_viz.checkpoints.identity import Stamp, stamp
from lxmert_viz.checks.findings import Finding
from lxmert_viz.places import BACKEND_VARIABLE, DEVICE_VARIABLE, PACKED_VARIABLE, PRECISION_VARIABLE
from lxmert_viz.records import Report
from lxmert_viz.region_files.cache import RegionCache, usual_folder
from lxmert_viz.ui.server.pictures import hours_kept

if TYPE_CHECKING:  # torch takes seconds, in which the page should already stand
    from lxmert_viz.pipeline import Pipeline

MOST_OPEN = 2  # pages compare two


def model_names() -> tuple[str, ...]:
    """What can be opened now. Raises CheckpointError when the models' folder is not there."""
    return installed()


def load_pipeline(name: str) -> "Pipeline":
    from lxmert_viz.pipeline import Pipeline

    # who wants no picture kept wants nothing kept that was made of one
    cache = RegionCache(usual_folder()) if hours_kept() else None
    opened = Pipeline.open(
        name,
        device=os.environ.get(DEVICE_VARIABLE, "auto"),
        precision=os.environ.get(PRECISION_VARIABLE, "full"),
        cache=cache,
        backend=os.environ.get(BACKEND_VARIABLE, "own"),
    )
    if os.environ.get(PACKED_VARIABLE):
        opened.inputs.lay_out()
    return opened


def pipeline(name: str) -> "Pipeline":
    """Opened anew where the files below its name have changed; in full precision."""
    return quick(name).exact


def quick(name: str) -> "Pipeline":
    """The same in the precision that the server was started with: for traces that are shown."""
    return open_models().get(name, stamp(find(name)))


class _Opening:
    """A checkpoint that is open, or on its way: who asks meanwhile waits for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pipeline: Pipeline | None = None

    def pipeline(self, name: str) -> "Pipeline":
        with self._lock:
            if self._pipeline is None:
                self._pipeline = load_pipeline(name)
            return self._pipeline


class OpenModels:
    """The checkpoints used last. No visitor can close them, as all caches of Streamlit."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_files: OrderedDict[tuple[str, Stamp], _Opening] = OrderedDict()

    def get(self, name: str, files: Stamp) -> "Pipeline":
        with self._lock:
            opening = self._by_files.setdefault((name, files), _Opening())
            self._by_files.move_to_end((name, files))
            left = len(self._by_files) - MOST_OPEN
            for _ in range(left):
                self._by_files.popitem(last=False)
        if left > 0:  # before the new one comes
            from lxmert_viz.model.devices import free_cached

            free_cached()
        return opening.pipeline(name)

    def close_all(self) -> None:
        """Their memory is free once nobody computes with them any more."""
        with self._lock:
            self._by_files.clear()


@cache
def open_models() -> OpenModels:
    return OpenModels()


def findings(model: str, report: Report) -> list[Finding]:
    """What the self-check finds in the files as they are now."""
    return _findings(model, stamp(find(model)), report)


@st.cache_data(max_entries=8, show_spinner=False)
def _findings(model: str, files: Stamp, _report: Report) -> list[Finding]:
    from lxmert_viz.checks.selfcheck import check

    return list(check(model, report=_report))
