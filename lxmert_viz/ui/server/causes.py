"""What interventions did, kept for all sessions. Keys are contents."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from lxmert_viz.analysis.flow import Node
from lxmert_viz.checkpoints.folder import find
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import CheckpointError
from lxmert_viz.experiments import atlas as atlases
from lxmert_viz.experiments import (
    cause_files,
    counterfactuals,
    edges,
    flow,
    flow_attribution,
    patching,
    steering,
    surgery,
)
from lxmert_viz.experiments.atlas import Atlas, Judged, Means
from lxmert_viz.experiments.cause_files import Cause
from lxmert_viz.experiments.counterfactuals import Bench, Reliance
from lxmert_viz.experiments.edges import Curves, Edge
from lxmert_viz.experiments.edits import edited, with_features
from lxmert_viz.experiments.flow_attribution import Opened
from lxmert_viz.experiments.head_means import HeadMeans
from lxmert_viz.experiments.head_slots import ByHead, Slot
from lxmert_viz.experiments.patching import Grid
from lxmert_viz.experiments.surgery import Surgery
from lxmert_viz.experiments.target import Target
from lxmert_viz.records import Regions, Report, Scores, Trace
from lxmert_viz.runs import head_means as means_runs
from lxmert_viz.ui.server import catalogue
from lxmert_viz.ui.server.answers import BY_CONTENT, regions_of, unheard
from lxmert_viz.ui.server.models import pipeline
from lxmert_viz.ui.server.variant import Variant, key_of


@dataclass(frozen=True, slots=True)
class Run:
    """A run that another is compared with; in it one region can have another's features."""

    variant: Variant
    place: int | None = None
    source: int | None = None  # None: zeros

    @property
    def key(self) -> str:
        return f"{key_of(self.variant)} {self.place} {self.source}"


def regions(variant: Variant, report: Report) -> Regions:
    return edited(regions_of(variant, report), variant.edit)


def regions_in(run: Run, report: Report) -> Regions:
    seen = regions(run.variant, report)
    return seen if run.place is None else with_features(seen, run.place, run.source)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def trace(run: Run, _report: Report) -> Trace:
    return pipeline(run.variant.model).ask(regions_in(run, _report), run.variant.text)


@dataclass(frozen=True, slots=True)
class Off:
    """What heads that are off write."""

    how: str  # of atlas.OFF
    set: str = ""  # a dataset of the catalogue, whose mean they write

    def told(self, model: str) -> dict[str, object]:
        """For an experiment's file."""
        means = {"means": head_means(model, self.set).told()} if self.set else {}
        return {"off": self.how, **means}


def head_means(model: str, name: str, report: Report = unheard) -> HeadMeans:
    """Over a dataset of the catalogue, kept for all sessions."""
    written = catalogue.path_of(name).stat().st_mtime_ns
    return _head_means(pipeline(model).digest, name, written, model, report)


@st.cache_resource(max_entries=4, show_spinner=False)
def _head_means(digest: str, name: str, written: int, _model: str, _report: Report) -> HeadMeans:
    dataset = open_dataset(catalogue.path_of(name))
    title = catalogue.title_of(name)
    return means_runs.measure(pipeline(_model), dataset, title, _report)


def _given(model: str, off: Off, report: Report) -> Means | None:
    return head_means(model, off.set, report).values if off.set else None


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs=BY_CONTENT)
def atlas(variant: Variant, target: Target, off: Off, _report: Report) -> Atlas:
    seen, given = regions(variant, _report), _given(variant.model, off, _report)
    opened = pipeline(variant.model)
    return atlases.atlas(opened, seen, variant.text, target, off.how, _report, given)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_CONTENT)
def estimate(variant: Variant, target: Target, _report: Report) -> ByHead:
    """Every head's effect as its gradient tells it."""
    seen = regions(variant, _report)
    return atlases.estimated_effects(pipeline(variant.model), seen, variant.text, target)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_CONTENT)
def judged(variant: Variant, target: Target, off: Off, ranking: str, _report: Report) -> Judged:
    found = atlas(variant, target, off, _report)
    seen = regions(variant, _report)
    return atlases.judged(pipeline(variant.model), seen, variant.text, found, ranking)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def operation(
    variant: Variant, target: Target, heads: tuple[Slot, ...], off: Off, _report: Report
) -> tuple[Surgery, Trace]:
    """What it did, and everything that the network then computes."""
    opened, seen = pipeline(variant.model), regions(variant, _report)
    given = _given(variant.model, off, _report)
    found = surgery.operate(opened, seen, variant.text, target, heads, off.how, given=given)
    return found, opened.ask(seen, variant.text, found.intervention)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def cut(variant: Variant, asked: tuple[Edge, ...], width: int, _report: Report) -> Curves:
    seen = regions(variant, _report)
    return edges.curves(pipeline(variant.model), seen, variant.text, asked, width)


def _asked(variant: Variant, other: Run, report: Report) -> list[patching.Asked]:
    runs = (Run(variant), other)
    return [(regions_in(run, report), run.variant.text) for run in runs]


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def patched(
    variant: Variant,
    other: Run,
    target: Target,
    grid: tuple[str, str, str],
    is_preview: bool,
    _report: Report,
) -> tuple[Grid, tuple[float, float]]:
    """grid: kind, stream, direction. With the clean and the corrupted run's target."""
    runs = _asked(variant, other, _report)
    both = patching.pair(pipeline(variant.model), *runs, target, many=not is_preview)
    found = patching.preview(both, *grid) if is_preview else patching.grid(both, *grid, _report)
    return found, (both.clean.value, both.corrupted.value)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def checked(
    variant: Variant, other: Run, target: Target, grid: tuple[str, str, str], _report: Report
) -> patching.Checked:
    runs = _asked(variant, other, _report)
    both = patching.pair(pipeline(variant.model), *runs, target)
    return patching.check(both, patching.preview(both, *grid))


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def steered(variant: Variant, heads: tuple[Slot, ...], _report: Report) -> list[Scores]:
    seen = regions(variant, _report)
    return steering.steered(pipeline(variant.model), seen, variant.text, heads)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def bench(
    variant: Variant, target: Target, others: tuple[Variant, ...], _report: Report
) -> tuple[Bench, list[Reliance]]:
    opened, seen = pipeline(variant.model), regions(variant, _report)
    strangers = [regions(other, _report) for other in others]
    edits = counterfactuals.bench(opened, seen, variant.text, target, strangers)
    another = strangers[0] if strangers else None
    return edits, counterfactuals.reliance(opened, seen, variant.text, target, another)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def shares(variant: Variant, target: Target, _report: Report) -> flow.Shares:
    return flow.shares(pipeline(variant.model), regions(variant, _report), variant.text, target)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def attributions(variant: Variant, target: Target, _report: Report) -> flow.Shares:
    """Of every edge of the flow graph, in logits."""
    seen, opened = regions(variant, _report), pipeline(variant.model)
    return flow_attribution.attributions(opened, seen, variant.text, target)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_CONTENT)
def opened_edge(
    variant: Variant, target: Target, source: Node, reader: Node, _report: Report
) -> Opened:
    seen, model = regions(variant, _report), pipeline(variant.model)
    return flow_attribution.opened(model, seen, variant.text, target, source, reader)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_CONTENT)
def crossings_cut(
    variant: Variant, target: Target, crossings: tuple[tuple[Node, Node], ...], _report: Report
) -> np.ndarray:
    seen = regions(variant, _report)
    opened = pipeline(variant.model)
    return flow.knocked_out(opened, seen, variant.text, target, list(crossings))


def measured(model: str, file: str, columns: Sequence[str]) -> pd.DataFrame | None:
    """A table that a command wrote beside a checkpoint's weights; None where none lies there.

    Raises CheckpointError for a file that is no such table.
    """
    path = find(model) / file
    if not path.is_file():
        return None
    table = _table(path, path.stat().st_mtime_ns)
    if list(table.columns) != list(columns):
        raise CheckpointError(f"{path} is no table of this version; write it again.")
    return table


@st.cache_data(max_entries=8, show_spinner=False)
def _table(path: Path, written: int) -> pd.DataFrame:
    try:
        return pd.read_csv(path, keep_default_na=False, na_values=["nan"])
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as a table ({error}).") from error


def written(cause: Cause, model: str) -> str:
    """The experiment as a file; made when it is asked for."""
    opened = pipeline(model)
    return cause_files.written(opened, cause, cause_files.run(opened, cause))
