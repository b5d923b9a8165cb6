"""Stores of states and what is trained on them, kept for all sessions. Keys are contents."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st

from lxmert_viz.analysis.projection import project, trust
from lxmert_viz.places import is_public
from lxmert_viz.records import Report
from lxmert_viz.ui.server import lenses, models, waiting
from lxmert_viz.ui.server.lenses import STUDY

if TYPE_CHECKING:  # the runs import torch, and the page should stand before
    from lxmert_viz.experiments.tuned_lens import TunedLens
    from lxmert_viz.runs.layers import Compared, Fused
    from lxmert_viz.runs.probing import ProbeRun
    from lxmert_viz.runs.states import StateStore
    from lxmert_viz.runs.targets import Task


class Source(NamedTuple):
    """Which states."""

    model: str
    content: str  # of the checkpoint and of the store, as they are now
    name: str  # the store's folder, or "" for the study set


def source(model: str, name: str) -> Source:
    """name: a store's folder, or "" for the study set, which is extracted when first asked for."""
    from lxmert_viz.runs.states import ROWS

    content = models.pipeline(model).digest
    if name:
        content = f"{content} {lenses.changed(str(Path(name) / ROWS))}"
    return Source(model, content, name)


@st.cache_resource(max_entries=4, show_spinner=False)
def store(of: Source, _report: Report) -> "StateStore":
    from lxmert_viz.dataset.opening import open_dataset
    from lxmert_viz.runs.extraction import extract
    from lxmert_viz.runs.states import StateStore, store_folder

    if of.name:
        return StateStore(Path(of.name))
    opened, dataset = models.pipeline(of.model), open_dataset(STUDY / "questions.json")
    if not lenses.reads_study_regions(of.model):
        dataset = dataset.without_regions()
    return extract(opened, dataset, store_folder(opened, dataset), report=_report)


def names(model: str) -> dict[str, str]:
    """Stores that can be chosen: folder -> what to call it; the study set is ""."""
    from lxmert_viz.runs.states import stores

    folders = [] if is_public() else stores(models.pipeline(model))
    return {"": "study set (shipped)"} | {
        str(folder): folder.name for folder in folders if not folder.name.startswith("study-")
    }


def opened(of: Source) -> "StateStore":
    return waiting.result_of(f"store {of}", "reading states", lambda report: store(of, report))


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which probe."""

    wanted: "Task"
    kind: str  # of analysis.probes.KINDS
    pooling: str  # of runs.targets.POOLINGS
    seed: int
    code: bool  # measure the online code too

    @property
    def key(self) -> str:
        return f"{self.wanted.digest()} {self.kind} {self.pooling} {self.seed} {self.code}"


@st.cache_resource(max_entries=16, show_spinner=False)
def probe(of: Source, key: str, _chosen: Chosen, _report: Report) -> "ProbeRun":
    """key: of what is chosen. Kept beside the store, so that a restart finds it again."""
    from lxmert_viz.runs.probing import load, run_probe, save

    own, path = store(of, _report), _kept_at(store(of, _report), _chosen)
    if path.is_file():
        return load(path)
    run = run_probe(
        own,
        _chosen.wanted,
        kind=_chosen.kind,
        pooling=_chosen.pooling,
        seed=_chosen.seed,
        code=_chosen.code,
        report=_report,
    )
    save(run, path)
    return run


def is_probed(own: "StateStore", chosen: Chosen) -> bool:
    """Whether it is at hand already."""
    return _kept_at(own, chosen).is_file()


def _kept_at(own: "StateStore", chosen: Chosen) -> Path:
    from lxmert_viz.runs.probing import kept_at

    return kept_at(own, chosen.wanted, chosen.kind, chosen.pooling, chosen.seed, chosen.code)


@st.cache_resource(max_entries=8, show_spinner=False)
def tuned(head: lenses.Head, _report: Report) -> "TunedLens":
    """Trained on states of the study set, measured on pictures of it that training never saw."""
    from lxmert_viz.runs import tuning

    return tuning.tuned(lenses.lens(head), store(source(head.model, ""), _report), _report)


@st.cache_data(max_entries=4, show_spinner=False)
def compared(of: Source, _report: Report) -> "Compared":
    from lxmert_viz.runs import layers

    return layers.compared(store(of, _report), _report)


@st.cache_data(max_entries=4, show_spinner=False)
def fused(of: Source, _report: Report) -> "Fused":
    from lxmert_viz.runs import layers

    return layers.fused(store(of, _report), _report)


@st.cache_data(max_entries=8, show_spinner=False)
def plane(
    of: Source, key: str, stream: str, depth: int, method: str,
    _places: np.ndarray, _report: Report,
) -> tuple[np.ndarray, str]:  # fmt: skip
    """Points (n, 2) of states at places of a stream's file, and how far to trust them."""
    _report(f"projecting {len(_places):,} states with {method}", 0.1)
    found = project(store(of, _report).states(stream, depth, _places), method)
    return found.points, trust(found)


def ask_to_look(model: str) -> None:
    """Stops the page until the person wants the study set's pictures looked at."""
    key = f"probes.look {model}"
    if st.session_state.get(key):
        return
    st.info(
        "The study set's regions were made for the miniature. This model has to look at its 60 "
        "pictures first: seconds to a minute each. It can be stopped and goes on later.",
        icon=":material/hourglass_empty:",
    )
    st.button(
        "Look at them", type="primary", on_click=st.session_state.__setitem__, args=(key, True)
    )
    st.stop()
