"""Every cache of the page, and what it is filled with. Keys are strings and bytes."""

import base64
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lxmert_viz.analysis.head_statistics import all_statistics, carried_statistic
from lxmert_viz.analysis.regions import mixed, numbered_names
from lxmert_viz.analysis.rollout import rollout
from lxmert_viz.checkpoints.folder import find, installed
from lxmert_viz.checks.findings import Finding
from lxmert_viz.config import read_json
from lxmert_viz.experiments.edits import UNEDITED, edited, places_left
from lxmert_viz.figures.stage import Compared, payload
from lxmert_viz.picture import as_jpeg
from lxmert_viz.places import ASSETS, BACKEND_VARIABLE, KEEP_PICTURES_VARIABLE, PRECISION_VARIABLE
from lxmert_viz.records import Answer, Regions, Trace
from lxmert_viz.region_files.cache import RegionCache, usual_folder
from lxmert_viz.traces import WEIGHT_ENDINGS, KeptTrace, as_zip, file_hashes, files_of, read
from lxmert_viz.ui import own_boxes
from lxmert_viz.ui.downloads import Downloads
from lxmert_viz.ui.history import Variant
from lxmert_viz.ui.pictures import HOURS, PictureStore

if TYPE_CHECKING:  # torch takes seconds, in which the page should already stand
    from lxmert_viz.experiments.heads import HeadDetail
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.ui.inside import Place

SCENES = ASSETS / "scenes"
SHOWN_SIDE_PX = 1200
THUMBNAIL_SIDE_PX = 200
OWN_PICTURE = "a picture of yours"  # among names of scenes
DETECTOR_ENDINGS = (*WEIGHT_ENDINGS, "config.json", "objects.txt", "attributes.txt")
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
    return installed()


def load_pipeline(name: str) -> "Pipeline":
    from lxmert_viz.pipeline import Pipeline

    # who wants no picture kept wants nothing kept that was made of one
    cache = RegionCache(usual_folder()) if _hours_kept() else None
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


@st.cache_resource(show_spinner=False)
def downloads() -> Downloads:
    return Downloads()


def regions(
    model: str, picture: bytes, profile: str, _progress: Callable[[str, float], None]
) -> Regions:
    """Those of the detector, or a person's own boxes where the profile names them.

    Checkpoints with the same detector look once for all.
    """
    name, boxes = own_boxes.apart(profile)
    if boxes is None:
        return _regions(detector_content(model), picture, profile, model, _progress)
    detected = regions(model, picture, name, _progress)
    sides = own_boxes.drawn_sides(boxes)
    drawn = pipeline(model).look(picture, name, _progress, boxes_unit=sides)
    return mixed(detected, drawn, [b.detected for b in boxes], [b.name for b in boxes])


def with_model(variant: Variant, model: str) -> Variant:
    """The same for another checkpoint, whose detector may see other regions.

    Then none stay off, and neither numbers nor boxes of a person's own are kept.
    """
    if detector_content(variant.model) == detector_content(model):
        return replace(variant, model=model)
    profiles = pipeline(model).profiles
    name = own_boxes.apart(variant.profile)[0].partition(",")[0]
    profile = name if name in profiles else profiles[0]
    return replace(variant, model=model, profile=profile, edit=UNEDITED)


@st.cache_data(max_entries=64, show_spinner=False)
def _regions(
    detector: str,
    picture: bytes,
    profile: str,
    _model: str,
    _progress: Callable[[str, float], None],
) -> Regions:
    return pipeline(_model).look(picture, profile, _progress)


@st.cache_data(max_entries=16, show_spinner=False)
def detector_content(model: str) -> str:
    """Equal for checkpoints that would find the same regions and call them the same."""
    folder = find(model) / "detector"
    found = file_hashes(folder, DETECTOR_ENDINGS)
    return " ".join(f"{name} {content}" for name, content in found.items())


@st.cache_data(max_entries=32, show_spinner=False)
def trace(variant: Variant, _progress: Callable[[str, float], None]) -> Trace:
    """An edit changes regions that were found already: nothing is looked for again."""
    found = regions(variant.model, variant.picture, variant.profile, _progress)
    return pipeline(variant.model).ask(edited(found, variant.edit), variant.text)


@st.cache_data(max_entries=32, show_spinner=False)
def value_norms(variant: Variant, _progress: Callable[[str, float], None]) -> dict[str, np.ndarray]:
    """Lengths of the values that every head carries; the network's layers run once more."""
    from lxmert_viz.experiments import heads

    return heads.value_norms(pipeline(variant.model).network, trace(variant, _progress))


@st.cache_data(max_entries=32, show_spinner=False)
def fillings(variant: Variant, _progress: Callable[[str, float], None]) -> list[tuple[Answer, ...]]:
    """What the model would put for each [MASK]. Raises CheckpointError without a word head."""
    found = edited(
        regions(variant.model, variant.picture, variant.profile, _progress), variant.edit
    )
    return pipeline(variant.model).masked_words(found, variant.text)


@st.cache_data(max_entries=32, show_spinner=False)
def head_detail(
    variant: Variant, place: "Place", _progress: Callable[[str, float], None]
) -> "HeadDetail":
    from lxmert_viz.experiments import heads

    found, network = trace(variant, _progress), pipeline(variant.model).network
    return heads.head_detail(network, found, place.family, place.layer, place.head, place.query)


@st.cache_data(max_entries=32, show_spinner=False)
def stage_payload(
    variant: Variant,
    other: tuple[str, Variant] | None,
    _progress: Callable[[str, float], None],
) -> bytes:
    """A trace with its statistics, as the stage draws it. other: what it may differ from."""
    found, norms = trace(variant, _progress), value_norms(variant, _progress)
    count = len(regions(variant.model, variant.picture, variant.profile, _progress))
    return payload(
        found,
        as_jpeg(variant.picture, SHOWN_SIDE_PX),
        numbered_names(found.regions, places_left(count, variant.edit)),
        (*all_statistics(found), carried_statistic(found, norms)),
        rollout(found.attention),
        norms=norms,
        other=_compared(*other, _progress) if other else None,
    )


def _compared(name: str, variant: Variant, report: Callable[[str, float], None]) -> Compared:
    found = trace(variant, report)
    return Compared(name, found, rollout(found.attention), value_norms(variant, report))


def zipped(variant: Variant) -> bytes:
    """The whole analysis, as traces.read takes it; made when it is asked for."""
    found = trace(variant, unheard)
    edit = variant.edit
    off = [place + 1 for place in edit.off]
    settings = {"profile": variant.profile, "regions": edit.operator, "switched off": off}
    norms = value_norms(variant, unheard)
    folder = find(variant.model)
    return as_zip(files_of(found, variant.picture, norms, settings, folder))


@st.cache_data(max_entries=8, show_spinner=False)
def kept_payload(given: bytes) -> bytes:
    """An analysis that was saved, as the stage draws it. Raises TraceError."""
    kept = kept_trace(given)
    off = kept.settings.get("switched off")
    off = off if isinstance(off, list) else []
    places = [at for at in range(len(kept.trace.regions) + len(off)) if at + 1 not in off]
    statistics = all_statistics(kept.trace)
    if kept.norms:
        statistics = (*statistics, carried_statistic(kept.trace, kept.norms))
    return payload(
        kept.trace,
        as_jpeg(kept.picture, SHOWN_SIDE_PX),
        numbered_names(kept.trace.regions, places[: len(kept.trace.regions)]),
        statistics,
        rollout(kept.trace.attention),
        norms=kept.norms or None,
    )


@st.cache_data(max_entries=8, show_spinner=False)
def kept_trace(given: bytes) -> KeptTrace:
    return read(given)


def unheard(stage: str, share: float) -> None:
    """For work whose progress nobody watches."""


@st.cache_data(max_entries=32, show_spinner=False)
def shown_picture(picture: bytes) -> str:
    """The upright picture as an address that an <img> takes, small enough to send."""
    return _address(picture, SHOWN_SIDE_PX)


@st.cache_data(max_entries=64, show_spinner=False)
def thumbnail(picture: bytes) -> str:
    return _address(picture, THUMBNAIL_SIDE_PX)


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
    return PictureStore(_hours_kept())


def picture_of(digest: str) -> bytes | None:
    """A picture that somebody gave lately, or of an example scene."""
    return kept_pictures().find(digest) or _scene_pictures().get(digest)


@st.cache_data(show_spinner=False)
def _scene_pictures() -> dict[str, bytes]:
    return {hashlib.sha256(scene.picture).hexdigest(): scene.picture for scene in examples()}


def _hours_kept() -> float:
    return float(os.environ.get(KEEP_PICTURES_VARIABLE, HOURS))


@st.cache_resource(show_spinner=False)
def workers() -> ThreadPoolExecutor:
    """Threads that compute while the page stays alive and can be told to stop waiting."""
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="lxmert-viz")


def _address(picture: bytes, side_px: int) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(as_jpeg(picture, side_px)).decode()}"
