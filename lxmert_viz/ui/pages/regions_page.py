"""The regions that LXMERT reads: as detected, or as a person draws them."""

from dataclasses import replace

import streamlit as st

from lxmert_viz.analysis import frames
from lxmert_viz.records import Regions, Trace
from lxmert_viz.ui.frame import boxes_link, navigation, own_boxes, results, workbench
from lxmert_viz.ui.server import pictures, variant
from lxmert_viz.ui.what_if import box_editor
from lxmert_viz.ui.wording import plain

NO_DETECTOR = (
    "Boxes of your own need a detector, which {} does not have: it reads the stored regions below."
)


def show_answer(title: str, found: Trace) -> None:
    """The most probable answer and the match, in two lines."""
    st.caption(title)
    if found.answers:
        first = found.answers[0]
        st.markdown(f"**{plain(first.text)}** &nbsp; {first.probability:.3f}")
    if found.match is not None:
        st.caption(f"P(match) {found.match:.3f}")


def show_answers(before: Trace, now: Trace | None) -> None:
    with st.container(border=True):
        st.markdown(plain(before.tokens.text))
        left, right = st.columns(2)
        with left:
            show_answer("With the detected regions", before)
        with right:
            if now is None:
                st.caption("Change the boxes and press *Use*: the answer with them stands here.")
            else:
                show_answer("With your boxes", now)


def show_table(read: Regions) -> None:
    st.caption(f"What LXMERT reads now: {len(read)} region{'' if len(read) == 1 else 's'}.")
    if len(read):
        st.dataframe(frames.regions(read), hide_index=True)


choice = workbench.choice()
picture = results.picture(choice)
if choice.asked.stored is not None:
    read = results.regions(choice)
    st.info(NO_DETECTOR.format(plain(choice.model)), icon=":material/center_focus_weak:")
    st.image(pictures.shown_picture(picture))
    show_table(read)
    st.stop()
boxes, as_detected = choice.asked.boxes, choice.as_detected
with st.container():  # while it waits, what stands below keeps its place
    detected = results.regions(as_detected)
    read = detected if boxes is None else results.regions(choice)
if choice.text:
    before = results.trace(as_detected)
    now = None if boxes is None else results.trace(choice)
    results.tell(choice, now or before)
left, right = st.columns([11, 9], gap="large")
with left:
    in_use = variant.of_regions(detected) if boxes is None else boxes
    wanted = box_editor.show(
        pictures.shown_picture(picture),
        detected,
        variant.named(in_use, read),
        key=f"regions.editor {picture.digest} {choice.model} {as_detected.asked.text}",
    )
    if wanted is not None:
        as_found = variant.of_regions(detected)
        link = boxes_link.encoded(wanted, as_found)
        used = None if wanted == as_found else wanted
        own_boxes.use(picture, replace(choice.asked, boxes=used), link)
        st.rerun()
    if boxes is not None and not own_boxes.link(picture, choice.asked):
        st.caption(
            "These names are too long for the page's address: a reload and a link forget the boxes."
        )
with right:
    if choice.text:
        show_answers(before, now)
    navigation.link(navigation.ATTENTION, "See what is read in these boxes")
show_table(read)
