"""Stores of states and what is trained on them, kept for all sessions. Keys are contents."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st

from lxmert_viz.analysis.fusion import fusion, modality_accuracy
from lxmert_viz.analysis.projection import project, trust
from lxmert_viz.analysis.similarity import cka_table, retrieval
from lxmert_viz.analysis.states import STREAMS
from lxmert_viz.records import Report
from lxmert_viz.ui.server import lenses, models, waiting
from lxmert_viz.ui.server.lenses import STUDY

if TYPE_CHECKING:  # the runs import torch, and the page should stand before
    from lxmert_viz.experiments.tuned_lens import TunedLens
    from lxmert_viz.runs.probing import ProbeRun
    from lxmert_viz.runs.states import StateStore
    from lxmert_viz.runs.targets import Task

COMPARED = 800  # examples whose mean states are compared
FUSED = 1000  # words, and as many regions, in which clusters are looked for


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

    folders = stores(models.pipeline(model))
    return {"": "study set (shipped)"} | {
        str(folder): folder.name for folder in folders if not folder.name.startswith("study-")
    }


def opened(of: Source) -> "StateStore":
    return waiting.result_of(f"store {of}", "reading states", lambda report: store(of, report))


@st.cache_resource(max_entries=16, show_spinner=False)
def probe(
    of: Source,
    key: str,
    kind: str,
    pooling: str,
    seed: int,
    code: bool,
    _wanted: "Task",
    _report: Report,
) -> "ProbeRun":
    """key: tells the task. Kept beside the store, so that a restart finds it again."""
    from lxmert_viz.runs.probing import kept_at, load, run_probe, save

    own = store(of, _report)
    path = kept_at(own, _wanted, kind, pooling, seed, code)
    if path.is_file():
        return load(path)
    run = run_probe(own, _wanted, kind=kind, pooling=pooling, seed=seed, code=code, report=_report)
    save(run, path)
    return run


@st.cache_resource(max_entries=8, show_spinner=False)
def tuned(head: lenses.Head, _report: Report) -> "TunedLens":
    """Trained on states of the study set, measured on pictures of it that training never saw."""
    from lxmert_viz.experiments import tuned_lens
    from lxmert_viz.runs.states import LENSES

    chosen = lenses.lens(head)
    own = store(source(head.model, ""), _report)
    return tuned_lens.kept(
        chosen,
        own.folder / LENSES,
        {"weights": own.weights, "dataset": own.data},
        lambda: own.split(chosen.stream, tuned_lens.MOST_STATES, first_only=chosen.pooled),
        _report,
    )


@st.cache_data(max_entries=4, show_spinner=False)
def compared(of: Source, _report: Report) -> tuple[list[str], np.ndarray, np.ndarray, list[str]]:
    """Layers of both streams with their CKA; retrieval (2, layers); the cross-modality layers.

    A layer's rows are its examples' mean states, so that words and regions pair up.
    """
    own = store(of, _report)
    drawn = np.random.default_rng(0).permutation(len(own.rows))[:COMPARED]
    means, labels = {}, []
    for stream, title in STREAMS.items():
        for depth, layer in enumerate(own.depths[stream]):
            _report(f"{title} {layer}", len(means) / 40)
            means[stream, layer] = own.means(stream, depth)[np.sort(drawn)]
            labels.append(f"{title} {layer}")
    shared = [layer for layer in own.depths["lang"] if layer in own.depths["vision"]]
    found = [retrieval(means["lang", layer], means["vision", layer]) for layer in shared]
    return labels, cka_table(list(means.values())), np.array(found).T, shared


@st.cache_data(max_entries=4, show_spinner=False)
def fused(of: Source, _report: Report) -> tuple[list[str], np.ndarray, int]:
    """Layers that words and regions share; NMI, its mean and 95 % by chance, and how often a
    classifier tells them apart, (4, layers); how many words, and regions, were drawn at the most.
    """
    own = store(of, _report)
    drawn = {stream: own.drawn(stream, FUSED) for stream in STREAMS}
    pictures = tuple(
        np.unique(own.pictures(drawn[stream][1]), return_inverse=True)[1] for stream in STREAMS
    )
    shared = [layer for layer in own.depths["lang"] if layer in own.depths["vision"]]
    found = []
    for layer in shared:
        _report(f"words and regions after {layer}", len(found) / len(shared))
        pair = [drawn[stream][0][own.depths[stream].index(layer)] for stream in STREAMS]
        nmi = fusion(*pair)
        told = modality_accuracy(*pair, pictures=pictures)
        found.append((nmi.nmi, nmi.by_chance, nmi.by_chance_top, told))
    return shared, np.array(found).T, max(map(len, pictures))


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
