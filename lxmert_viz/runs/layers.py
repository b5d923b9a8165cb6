"""Layers of a store compared: with each other, and words with regions."""

from typing import NamedTuple

import numpy as np

from lxmert_viz.analysis.fusion import fusion, modality_accuracy
from lxmert_viz.analysis.similarity import cka_table, retrieval
from lxmert_viz.analysis.states import STREAMS
from lxmert_viz.records import Report
from lxmert_viz.runs.states import StateStore

COMPARED = 800  # examples whose mean states are compared
FUSED = 1000  # words, and as many regions, in which clusters are looked for


class Compared(NamedTuple):
    """Layers of both streams, P in all; S are the embeddings and the layers that both have."""

    labels: list[str]  # P
    cka: np.ndarray  # (P, P), 0..1
    retrieval: np.ndarray  # (2, S)
    shared: list[str]  # S
    count: int  # examples that were drawn


class Fused(NamedTuple):
    """Whether words and regions lie apart, after each of S layers that both have."""

    shared: list[str]  # S
    shares: np.ndarray  # (4, S): NMI, its mean and 95 % by chance, a modality classifier's accuracy
    count: int  # words, and regions, that were drawn at the most


def compared(store: StateStore, report: Report = lambda stage, share: None) -> Compared:
    """A layer's rows are its examples' mean states, so that words and regions pair up."""
    drawn = np.random.default_rng(0).permutation(len(store.rows))[:COMPARED]
    total = sum(map(len, store.depths.values()))
    means, labels = {}, []
    for stream, title in STREAMS.items():
        for depth, layer in enumerate(store.depths[stream]):
            report(f"{title} {layer}", len(means) / total)
            means[stream, layer] = store.means(stream, depth)[np.sort(drawn)]
            labels.append(f"{title} {layer}")
    shared = _shared(store)
    found = [retrieval(means["lang", layer], means["vision", layer]) for layer in shared]
    return Compared(labels, cka_table(list(means.values())), np.array(found).T, shared, len(drawn))


def fused(store: StateStore, report: Report = lambda stage, share: None) -> Fused:
    drawn = {stream: store.drawn(stream, FUSED) for stream in STREAMS}
    pictures = tuple(
        np.unique(store.pictures(drawn[stream][1]), return_inverse=True)[1] for stream in STREAMS
    )
    shared, found = _shared(store), []
    for layer in shared:
        report(f"words and regions after {layer}", len(found) / len(shared))
        pair = [drawn[stream][0][store.depths[stream].index(layer)] for stream in STREAMS]
        nmi = fusion(*pair)
        told = modality_accuracy(*pair, pictures=pictures)
        found.append((nmi.nmi, nmi.by_chance, nmi.by_chance_top, told))
    return Fused(shared, np.array(found).T, max(map(len, pictures)))


def _shared(store: StateStore) -> list[str]:
    return [layer for layer in store.depths["lang"] if layer in store.depths["vision"]]
