"""What checkpoints make of pictures and texts, kept for all sessions. Keys are contents."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lxmert_viz.analysis.regions import mixed
from lxmert_viz.experiments.edits import edited, places_left
from lxmert_viz.picture import Picture
from lxmert_viz.records import Answer, Regions, Report, Trace
from lxmert_viz.stage_data import compared, stage_data
from lxmert_viz.ui.server import stored_pictures
from lxmert_viz.ui.server.models import pipeline, quick
from lxmert_viz.ui.server.pictures import BY_DIGEST
from lxmert_viz.ui.server.variant import RegionsAsked, Variant, drawn_sides, key_of

if TYPE_CHECKING:  # torch takes seconds, in which the page should already stand
    from lxmert_viz.experiments.heads import HeadDetail
    from lxmert_viz.ui.server.variant import Place


OWN_PICTURE = "a picture of yours"  # among names of scenes
BY_CONTENT = {Variant: key_of}  # how caches tell apart what was asked


def regions(model: str, picture: Picture, asked: RegionsAsked, report: Report) -> Regions:
    """Those of the detector, of a file, or a person's own boxes, whichever are asked for.

    Checkpoints with the same detector look once for all.
    """
    if asked.stored is not None:
        return stored_pictures.regions(model, asked.stored)
    detected = _regions(pipeline(model).detector_digest, picture, asked.text, model, report)
    boxes = asked.boxes
    if boxes is None:
        return detected
    sides = drawn_sides(boxes)
    drawn = pipeline(model).look(picture.content, asked.text, report, boxes_unit=sides)
    return mixed(detected, drawn, [b.detected for b in boxes], [b.name for b in boxes])


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=BY_DIGEST)
def _regions(
    detector: str, picture: Picture, profile: str, _model: str, _report: Report
) -> Regions:
    return pipeline(_model).look(picture.content, profile, _report)


def regions_of(variant: Variant, report: Report) -> Regions:
    """All of them, before any edit."""
    return regions(variant.model, variant.picture, variant.asked, report)


class NotKept(Exception):
    """Nobody asked that lately."""


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def trace(variant: Variant, _progress: Report, _given: Trace | None = None) -> Trace:
    """An edit changes regions that were found already: nothing is looked for again.

    _given: taken as it is, where none is kept.
    """
    if _given is not None:
        return _given
    if _progress is kept_alone:
        raise NotKept
    found = edited(regions_of(variant, _progress), variant.edit)
    return quick(variant.model).ask(found, variant.text)


def traces(variants: Sequence[Variant]) -> list[Trace]:
    """Of one checkpoint, in one batch but for those that are kept; equal to each alone to 1e-5."""
    missing = {key_of(v): v for v in variants if not is_kept(v)}
    pairs = [(edited(regions_of(v, unheard), v.edit), v.text) for v in missing.values()]
    found = quick(variants[0].model).ask_many(pairs)
    for variant, one in zip(missing.values(), found, strict=True):
        trace(variant, unheard, one)
    return [trace(variant, unheard) for variant in variants]


def is_kept(variant: Variant) -> bool:
    try:
        trace(variant, kept_alone)
    except NotKept:
        return False
    return True


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def value_norms(variant: Variant, _progress: Report) -> dict[str, np.ndarray]:
    """Lengths of the values that every head carries; the network's layers run once more."""
    from lxmert_viz.experiments import heads

    return heads.value_norms(pipeline(variant.model).network, trace(variant, _progress))


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def fillings(variant: Variant, _progress: Report) -> list[tuple[Answer, ...]]:
    """What the model would put for each [MASK]. Raises CheckpointError without a word head."""
    found = edited(regions_of(variant, _progress), variant.edit)
    return pipeline(variant.model).masked_words(found, variant.text)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def head_detail(variant: Variant, place: "Place", _progress: Report) -> "HeadDetail":
    from lxmert_viz.experiments import heads

    found, network = trace(variant, _progress), pipeline(variant.model).network
    return heads.head_detail(network, found, place.family, place.layer, place.head, place.query)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_CONTENT)
def stage_payload(
    variant: Variant,
    other: tuple[str, Variant] | None,
    _progress: Report,
) -> bytes:
    """A trace with its statistics, as the stage draws it. other: what it may differ from."""
    found, norms = trace(variant, _progress), value_norms(variant, _progress)
    places = places_left(len(regions_of(variant, _progress)), variant.edit)
    against = None
    if other:
        name, before = other
        against = compared(name, trace(before, _progress), value_norms(before, _progress))
    picture = variant.picture.content
    return stage_data(found, picture, norms=norms, places=places, other=against)


def unheard(stage: str, share: float) -> None:
    """For work whose progress nobody watches."""


def kept_alone(stage: str, share: float) -> None:
    """For who wants a result where it is kept, and no work."""
