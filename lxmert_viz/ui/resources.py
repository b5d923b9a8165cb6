"""Every cache of the page, and what it is filled with. Keys are strings and bytes."""

import base64
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from lxmert_viz import checkpoints
from lxmert_viz.analysis.head_statistics import all_statistics
from lxmert_viz.analysis.regions import mixed, numbered_names
from lxmert_viz.analysis.rollout import rollout
from lxmert_viz.checks.findings import Finding
from lxmert_viz.config import read_json
from lxmert_viz.dataset.region_cache import RegionCache, usual_folder
from lxmert_viz.figures.stage import payload
from lxmert_viz.picture import decode
from lxmert_viz.places import (
    ASSETS,
    BACKEND_VARIABLE,
    KEEP_PICTURES_VARIABLE,
    PRECISION_VARIABLE,
)
from lxmert_viz.records import Regions, Trace
from lxmert_viz.ui import own_boxes
from lxmert_viz.ui.downloads import Downloads
from lxmert_viz.ui.pictures import HOURS, PictureStore

if TYPE_CHECKING:  # torch takes seconds, in which the page should already stand
    from lxmert_viz.pipeline import Pipeline

SCENES = ASSETS / "scenes"
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


@st.cache_data(max_entries=64, show_spinner=False)
def regions(
    model: str, picture: bytes, profile: str, _progress: Callable[[str, float], None]
) -> Regions:
    """Those of the detector, or a person's own boxes where the profile names them."""
    name, boxes = own_boxes.apart(profile)
    if boxes is None:
        return pipeline(model).look(picture, profile, _progress)
    detected = regions(model, picture, name, _progress)
    sides = own_boxes.drawn_sides(boxes)
    drawn = pipeline(model).look(picture, name, _progress, boxes_unit=sides)
    return mixed(detected, drawn, [b.detected for b in boxes], [b.name for b in boxes])


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
    return PictureStore(_hours_kept())


def _hours_kept() -> float:
    return float(os.environ.get(KEEP_PICTURES_VARIABLE, HOURS))


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
