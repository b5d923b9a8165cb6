"""Caches of what lenses and planes show. Keys are strings and bytes."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lxmert_viz import checkpoints
from lxmert_viz.analysis.projection import project, trust
from lxmert_viz.analysis.states import STREAMS, by_depth, side_by_side
from lxmert_viz.checkpoints import SHIPPED
from lxmert_viz.dataset.lxmert_tsv import read_regions
from lxmert_viz.errors import CheckpointError
from lxmert_viz.picture import crop
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Regions
from lxmert_viz.ui import resources

if TYPE_CHECKING:  # torch takes seconds, in which the page should already stand
    from lxmert_viz.experiments.lenses import Lens, LensGrid

States = dict[str, np.ndarray]  # as in Trace
STUDY = ASSETS / "study"
LENS_LABELS = 8  # of each state


@st.cache_resource(max_entries=16, show_spinner=False)
def lens(model: str, name: str) -> "Lens":
    """Raises CheckpointError where the checkpoint lacks the head."""
    from lxmert_viz.experiments import lenses

    if name != "features":
        return lenses.lens(resources.pipeline(model), name)
    stored = stored_regions(model)
    feats = np.concatenate([region.feats for region in stored.values()])
    names = [
        f"{name} ({picture}, {number})"
        for picture, region in stored.items()
        for number, name in enumerate(region.names, start=1)
    ]
    return lenses.feature_lens(resources.pipeline(model), feats, names)


@st.cache_data(max_entries=32, show_spinner=False)
def lens_grid(key: str, model: str, name: str, _layers: np.ndarray) -> "LensGrid":
    """key: which states they are, (P, N, D)."""
    from lxmert_viz.experiments import lenses

    return lenses.grid(lens(model, name), _layers, LENS_LABELS)


@st.cache_data(max_entries=64, show_spinner=False)
def lens_history(
    key: str, model: str, name: str, row: int, ids: bytes, _layers: np.ndarray
) -> np.ndarray:
    """Shares (P, k) of the labels `ids` (int64) for one word or region."""
    from lxmert_viz.experiments import lenses

    labels = np.frombuffer(ids, np.int64).copy()
    return lenses.history(lens(model, name), _layers[:, row], labels)[0]


@st.cache_data(max_entries=16, show_spinner=False)
def planes(
    key: str, method: str, fit: str, _states: States
) -> tuple[list[np.ndarray], list[str], str]:
    """Points of words, then regions (n, 2), one array a layer; the layers; how far to trust it.

    fit: "one" plane for all layers or one for "each".
    """
    frames = side_by_side(_states)
    both = {stream: by_depth(_states, stream) for stream in STREAMS}
    layers = [np.concatenate([both["lang"][w], both["vision"][r]]) for _, w, r in frames]
    names = [name for name, _, _ in frames]
    if fit == "one":
        found = project(np.concatenate(layers), method)
        return np.split(found.points, len(layers)), names, trust(found)
    each = [project(layer, method) for layer in layers]
    worst = min(each, key=lambda plane: plane.trustworthiness)
    return [plane.points for plane in each], names, f"worst layer: {trust(worst)}"


@st.cache_resource(max_entries=2, show_spinner=False)
def stored_regions(model: str) -> dict[str, Regions]:
    """Regions of the study's pictures. Raises CheckpointError for a model of other features."""
    names = checkpoints.read_region_names(checkpoints.find(SHIPPED))
    rows = dict(read_regions(STUDY / "regions.tsv", names.of, SHIPPED))
    size = resources.pipeline(model).network.config.visual_feat_dim
    if next(iter(rows.values())).feats.shape[1] != size:
        raise CheckpointError(
            f"{model} reads features of {size} numbers, and the stored regions of the study set "
            "were made by the miniature's detector: choose the miniature for this lens."
        )
    return rows


def stored_region(model: str, label: int) -> tuple[bytes, str]:
    """A stored region's part of its picture, and its name; label: as in the feature lens."""
    for name, found in stored_regions(model).items():
        if label < len(found):
            content = (STUDY / "images" / f"{name}.jpg").read_bytes()
            return crop(content, found.boxes_unit[label]), found.names[label]
        label -= len(found)
    raise ValueError(f"there are {-label} stored regions too few")
