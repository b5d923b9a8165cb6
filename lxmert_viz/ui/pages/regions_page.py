"""The regions that LXMERT reads: as detected, or as a person draws them."""

from dataclasses import replace

import streamlit as st

from lxmert_viz.analysis import frames
from lxmert_viz.records import Regions, Trace
from lxmert_viz.rounding import probability
from lxmert_viz.ui.frame import boxes_link, navigation, own_boxes, results, workbench
from lxmert_viz.ui.server import pictures, variant
from lxmert_viz.ui.what_if import box_editor
from lxmert_viz.ui.what_if.box_editor import Told
from lxmert_viz.ui.wording import plain

NO_DETECTOR = (
    "Boxes of your own need a detector, which {} does not have: it reads the stored regions below."
)


def told(title: str, found: Trace) -> Told:
    """The most probable answer and the match."""
    first = found.answers[0] if found.answers else None
    rest = [probability(first.probability)] if first else []
    rest += [] if found.match is None else [f"P(match) {probability(found.match)}"]
    return Told(title, first.text if first else "", ", ".join(rest))


def answers_of(before: Trace, now: Trace | None) -> list[Told]:
    first = told(f"“{before.tokens.text}” with the detected regions", before)
    if now is None:
        waits = "Change the boxes and press Use: the answer with them stands here."
        return [first, Told("With your boxes", "", waits)]
    return [first, told("With your boxes", now)]


def show_table(read: Regions) -> None:
    count = len(read)
    with st.expander(f"What LXMERT reads now: {count} region{'' if count == 1 else 's'}"):
        if count:
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
answers = []
if choice.text:
    before = results.trace(as_detected)
    now = None if boxes is None else results.trace(choice)
    results.tell(choice, now or before)
    answers = answers_of(before, now)
wanted = box_editor.show(
    pictures.shown_picture(picture),
    detected,
    variant.named(variant.of_regions(detected) if boxes is None else boxes, read),
    answers,
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
navigation.link(navigation.ATTENTION, "See what is read in these boxes")
show_table(read)
