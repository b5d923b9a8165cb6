"""Boxes of a person's own, as part of how regions are found; so that every page follows them."""

from dataclasses import replace

import streamlit as st

from lxmert_viz.picture import Picture
from lxmert_viz.records import Regions
from lxmert_viz.ui.frame import address, boxes_link, region_options
from lxmert_viz.ui.server import models, variant
from lxmert_viz.ui.server.variant import OwnBox, RegionsAsked, Variant
from lxmert_viz.ui.wording import plain

STATE, STATED = "boxes.own", "boxes.stated"
NO_BOXES = (
    "This link names boxes that cannot be drawn here ({}). It was made with another detector or "
    "was cut; the detected regions are in use."
)


def use(picture: Picture, asked: RegionsAsked, link: str) -> None:
    """From now on for this picture, where its regions are found so; the detector's, or boxes.

    link: what the page's address says of the boxes.
    """
    kept = st.session_state.setdefault(STATE, {})
    if asked.boxes is None:
        kept.pop((picture.digest, asked), None)
    else:
        kept[picture.digest, asked.detected] = (asked.boxes, link)


def with_boxes(asked: RegionsAsked, picture: Picture | None) -> RegionsAsked:
    """With the boxes that the person drew on this picture, if any."""
    return replace(asked, boxes=_kept(picture, asked)[0])


def of_picture(picture: Picture, variant: Variant) -> Variant:
    """The variant of another picture: boxes that were drawn on one are no boxes of another."""
    return replace(variant, picture=picture, asked=with_boxes(variant.asked, picture))


def link(picture: Picture, asked: RegionsAsked) -> str:
    """ "" where the detector's regions are used, and where the boxes are too many to tell."""
    return _kept(picture, asked)[1]


def _kept(picture: Picture | None, asked: RegionsAsked) -> tuple[tuple[OwnBox, ...] | None, str]:
    of = picture and (picture.digest, asked.detected)
    return st.session_state.get(STATE, {}).get(of, (None, ""))


def forget() -> None:
    """All pictures have the detector's regions again."""
    st.session_state.pop(STATE, None)


def names_boxes(picture: Picture) -> bool:
    """Whether the address names boxes for this picture that were not followed yet."""
    return bool(address.pending("boxes")) and address.pending(address.BOXES_OF) == picture.digest


def follow_boxes(found: Regions, picture: Picture, asked: RegionsAsked) -> None:
    """Once a session: the boxes that the address names. found: the detected regions."""
    told = address.pending("boxes")
    address.followed("boxes")
    try:
        boxes = boxes_link.decoded(told, variant.of_regions(found))
    except ValueError as error:
        address.say_missing(NO_BOXES.format(plain(str(error))))
        return
    use(picture, replace(asked, boxes=boxes), told)


def state_regions(model: str, picture: Picture | None) -> None:
    """How regions are found, and boxes of a person's own.

    Boxes of a picture that is lost, and those that no page has followed yet, stay as they are.
    """
    if not models.pipeline(model).has_detector:
        return
    profiles = models.pipeline(model).detector.config.profiles
    keys = {"profile": region_options.link(profiles)}
    if picture is not None and not names_boxes(picture):
        keys["boxes"] = link(picture, region_options.chosen())
    st.session_state[STATED] = keys
    address.put(keys)


def state_again() -> None:
    """The same on a page that asks nothing."""
    address.put(st.session_state.get(STATED, {}))
