"""Every cache of the page, and what it is filled with. Keys are strings and bytes."""

import base64
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from lxmert_viz import checkpoints
from lxmert_viz.analysis.head_statistics import all_statistics
from lxmert_viz.analysis.projection import project, trust
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.analysis.rollout import rollout
from lxmert_viz.analysis.states import STREAMS, by_depth, side_by_side
from lxmert_viz.checkpoints import SHIPPED
from lxmert_viz.checks.findings import Finding
from lxmert_viz.config import read_json
from lxmert_viz.dataset.lxmert_tsv import read_regions
from lxmert_viz.errors import CheckpointError
from lxmert_viz.figures.stage import payload
from lxmert_viz.picture import crop, decode
from lxmert_viz.places import ASSETS, KEEP_PICTURES_VARIABLE
from lxmert_viz.records import Answer, Regions, Trace
from lxmert_viz.ui.downloads import Downloads
from lxmert_viz.ui.pictures import HOURS, PictureStore

if TYPE_CHECKING:  # torch takes seconds, in which the page should already stand
    from lxmert_viz.experiments.lenses import Lens, LensGrid
    from lxmert_viz.pipeline import Pipeline

States = dict[str, np.ndarray]  # as in Trace
SCENES = ASSETS / "scenes"
STUDY = ASSETS / "study"
LENS_LABELS = 8  # of each state
SHOWN_SIDE_PX = 1200
THUMBNAIL_SIDE_PX = 200
WORKERS = 4  # computations at once, over all sessions


@dataclass(frozen=True, slots=True)
class ExampleQuestion:
    text: str
    answer: str | None  # what is right, where the scene's description says so


@dataclass(frozen=True, slots=True)
class ExampleScene:
    name: str
    title: str
    picture: bytes
    questions: tuple[ExampleQuestion, ...]


def model_names() -> tuple[str, ...]:
    """What can be opened now. Raises CheckpointError when the models' folder is not there."""
    return checkpoints.installed()


def load_pipeline(name: str) -> "Pipeline":
    from lxmert_viz.pipeline import Pipeline

    return Pipeline.open(name)


@st.cache_resource(max_entries=2, show_spinner=False)
def pipeline(name: str) -> "Pipeline":
    return load_pipeline(name)


@st.cache_data(max_entries=8, show_spinner=False)
def findings(model: str, _progress: Callable[[str, float], None]) -> list[Finding]:
    """What the self-check finds."""
    from lxmert_viz.checks.selfcheck import check

    return list(check(model, report=_progress))


@st.cache_resource(show_spinner=False)
def downloads() -> Downloads:
    return Downloads()


@st.cache_data(max_entries=64, show_spinner=False)
def regions(
    model: str, picture: bytes, profile: str, _progress: Callable[[str, float], None]
) -> Regions:
    return pipeline(model).look(picture, profile, _progress)


@st.cache_data(max_entries=32, show_spinner=False)
def trace(
    model: str,
    picture: bytes,
    profile: str,
    text: str,
    _progress: Callable[[str, float], None],
) -> Trace:
    seen = regions(model, picture, profile, _progress)
    return pipeline(model).ask(seen, text)


@st.cache_data(max_entries=32, show_spinner=False)
def stage_payload(
    model: str,
    picture: bytes,
    profile: str,
    text: str,
    _progress: Callable[[str, float], None],
) -> bytes:
    """A trace with its statistics, as the stage draws it."""
    found = trace(model, picture, profile, text, _progress)
    return payload(
        found,
        _jpeg(decode(picture), SHOWN_SIDE_PX),
        numbered_names(found.regions),
        all_statistics(found),
        rollout(found.attention),
    )


@st.cache_resource(max_entries=16, show_spinner=False)
def lens(model: str, name: str) -> "Lens":
    """Raises CheckpointError where the checkpoint lacks the head."""
    from lxmert_viz.experiments import lenses

    if name != "features":
        return lenses.lens(pipeline(model), name)
    stored = stored_regions(model)
    feats = np.concatenate([region.feats for region in stored.values()])
    names = [
        f"{name} ({picture}, {number})"
        for picture, region in stored.items()
        for number, name in enumerate(region.names, start=1)
    ]
    return lenses.feature_lens(pipeline(model), feats, names)


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
    size = pipeline(model).network.config.visual_feat_dim
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


@st.cache_data(max_entries=64, show_spinner=False)
def masked_words(
    model: str,
    picture: bytes,
    profile: str,
    text: str,
    _progress: Callable[[str, float], None],
) -> list[tuple[Answer, ...]]:
    seen = regions(model, picture, profile, _progress)
    return pipeline(model).masked_words(seen, text)


@st.cache_data(max_entries=32, show_spinner=False)
def shown_picture(picture: bytes) -> str:
    """The upright picture as an address that an <img> takes, small enough to send."""
    return _address(decode(picture), SHOWN_SIDE_PX)


@st.cache_data(max_entries=64, show_spinner=False)
def thumbnail(picture: bytes) -> str:
    return _address(decode(picture), THUMBNAIL_SIDE_PX)


@st.cache_data(show_spinner=False)
def examples() -> tuple[ExampleScene, ...]:
    """The shipped scenes with their questions. Raises CheckpointError without their list."""
    return tuple(
        ExampleScene(
            name=entry["picture"].rsplit(".", 1)[0],
            title=entry["title"],
            picture=(SCENES / entry["picture"]).read_bytes(),
            questions=tuple(ExampleQuestion(q["text"], q["answer"]) for q in entry["questions"]),
        )
        for entry in read_json(SCENES / "examples.json")
    )


@st.cache_resource(show_spinner=False)
def kept_pictures() -> PictureStore:
    return PictureStore(float(os.environ.get(KEEP_PICTURES_VARIABLE, HOURS)))


@st.cache_resource(show_spinner=False)
def workers() -> ThreadPoolExecutor:
    """Threads that compute while the page stays alive and can be told to stop waiting."""
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="lxmert-viz")


def _address(image: Image.Image, side_px: int) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(_jpeg(image, side_px)).decode()}"


def _jpeg(image: Image.Image, side_px: int) -> bytes:
    image.thumbnail((side_px, side_px))
    written = BytesIO()
    image.save(written, "JPEG", quality=88, comment=b"")  # nor a comment of the original
    return written.getvalue()
