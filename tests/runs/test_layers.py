"""Layers of the study set's states, as the miniature has them."""

from dataclasses import replace

import numpy as np
import pytest

from lxmert_viz.analysis.similarity import cka_table, retrieval
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.runs import layers
from lxmert_viz.runs.extraction import extract
from lxmert_viz.runs.states import StateStore


@pytest.fixture(scope="module")
def store(tiny_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    study = open_dataset(ASSETS / "study" / "questions.json").without_regions()
    some = replace(study, examples=study.examples[:40])
    return extract(tiny_pipeline, some, tmp_path_factory.mktemp("states"))


def test_every_layer_of_both_streams_is_compared_by_its_examples_means(store: StateStore) -> None:
    heard: list[float] = []
    found = layers.compared(store, lambda stage, share: heard.append(share))
    assert (found.count, found.shared) == (40, ["embeddings", "X1", "X2"])
    assert found.labels[:2] == ["words embeddings", "words L1"] and len(found.labels) == 11
    assert heard == sorted(heard) and heard[0] == 0 and 0.9 < heard[-1] < 1
    means = [store.means("lang", 4), store.means("vision", 3)]  # X1
    assert np.allclose(found.retrieval[:, 1], retrieval(*means))
    words, regions = (found.labels.index(f"{stream} X1") for stream in ("words", "regions"))
    assert found.cka[words, regions] == pytest.approx(cka_table(means)[0, 1], abs=1e-6)


def test_words_and_regions_are_drawn_and_told_apart_after_shared_layers(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "FUSED", 90)
    found = layers.fused(store)
    assert (found.shared, found.count) == (["embeddings", "X1", "X2"], 90)
    assert found.shares.shape == (4, 3)
    assert (found.shares[1] <= found.shares[2]).all()  # a mean by chance and its 95 %
    assert (found.shares[3] > 0.8).all()  # random weights keep the streams apart
