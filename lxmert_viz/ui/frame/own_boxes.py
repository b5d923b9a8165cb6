"""Boxes of a person's own, as part of how regions are found; so that every page follows them."""

import hashlib

import streamlit as st

from lxmert_viz.records import Regions
from lxmert_viz.ui.frame import address, boxes_link, region_options
from lxmert_viz.ui.server import models, variant
from lxmert_viz.ui.server.variant import OwnBox
from lxmert_viz.ui.wording import plain

STATE = "boxes.own"
NO_BOXES = (
    "This link names boxes that cannot be drawn here ({}). It was made with another detector or "
    "was cut; the detected regions are in use."
)


def use(digest: str, profile: str, boxes: tuple[OwnBox, ...] | None, link: str) -> None:
    """From now on for this picture and profile; None: the detector's regions again.

    link: what the page's address says of them.
    """
    kept = st.session_state.setdefault(STATE, {})
    if boxes is None:
        kept.pop((digest, profile), None)
    else:
        kept[digest, profile] = (boxes, link)


def in_use(digest: str, profile: str) -> tuple[OwnBox, ...] | None:
    return st.session_state.get(STATE, {}).get((digest, profile), (None, ""))[0]


def link(digest: str, profile: str) -> str:
    """ "" where the detector's regions are used, and where the boxes are too many to tell."""
    return st.session_state.get(STATE, {}).get((digest, profile), (None, ""))[1]


def names_boxes(digest: str) -> bool:
    """Whether the address names boxes for this picture that were not followed yet."""
    of, told = st.session_state.get("boxes.link", ("", ""))
    return bool(told) and of == digest


def follow_boxes(found: Regions, profile: str) -> None:
    """Once a session: the boxes that the address names. found: the detected regions."""
    _, told = st.session_state.pop("boxes.link")
    try:
        boxes = boxes_link.decoded(told, variant.of_regions(found))
    except ValueError as error:
        address.say_missing(NO_BOXES.format(plain(str(error))))
        return
    use(found.digest, profile, boxes, told)


def state_regions(model: str, picture: bytes | None) -> None:
    """How regions are found, and boxes of a person's own.

    Boxes of a picture that is lost, and those that no page has followed yet, stay as they are.
    """
    profiles = models.pipeline(model).detector.config.profiles
    keys = {"profile": region_options.link(profiles)}
    digest = hashlib.sha256(picture or b"").hexdigest()
    if picture is not None and not names_boxes(digest):
        keys["boxes"] = link(digest, region_options.chosen())
    address.put(keys)
