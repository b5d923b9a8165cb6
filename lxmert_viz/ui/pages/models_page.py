"""Which models there are, how to get them, and whether they behave like themselves."""

from collections.abc import Sequence

import streamlit as st

from lxmert_viz.checkpoints.download import offline
from lxmert_viz.checkpoints.fetching import in_words
from lxmert_viz.checkpoints.folder import models_folder
from lxmert_viz.checkpoints.known import KNOWN, SHIPPED, KnownCheckpoint
from lxmert_viz.checkpoints.record import Kept, free_bytes, kept, remove
from lxmert_viz.checks.findings import NOT_APPLICABLE, RIGHT, WRONG, Finding
from lxmert_viz.errors import LxmertVizError
from lxmert_viz.places import is_public
from lxmert_viz.ui.frame import handover, navigation
from lxmert_viz.ui.server import jobs, models, waiting
from lxmert_viz.ui.server.jobs import Job
from lxmert_viz.ui.wording import plain

EVERY_SECONDS = 1.0
MARKS = {
    RIGHT: ":green[:material/check_circle:]",
    WRONG: ":red[:material/cancel:]",
    NOT_APPLICABLE: ":gray[:material/remove:]",
}


def show_model(name: str, known: KnownCheckpoint | None) -> None:
    """One model: what it is, whether it is here, and what can be done with it."""
    here = name in models.model_names()
    running = jobs.downloads().of(name)
    with st.container(border=True, key=f"models.model {name}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(name)}**", width="content")
            show_state(name, here, running)
        st.markdown(plain(known.summary if known else "In the models folder."))
        if known:
            st.caption(f"Heads: {known.heads}.")
        if known and known.repository and not here and not is_public():
            show_size(known)
        if running and not running.over.is_set():
            watch(running)
            return
        if running:
            show_outcome(running)
        with st.container(horizontal=True, key=f"models.actions {name}"):
            show_actions(name, known, here)
        if st.session_state.get("models.checked") == name and here:
            show_findings(name)


def show_state(name: str, here: bool, running: Job | None) -> None:
    if running and not running.over.is_set():
        st.badge("downloading", icon=":material/downloading:", color="orange")
    elif name == handover.model():
        st.badge("in use", icon=":material/visibility:", color="blue")
    elif here:
        st.badge("ready", icon=":material/check:", color="green")
    elif fetched_as(name):
        st.badge("partly downloaded", icon=":material/downloading:", color="orange")
    else:
        st.badge("not downloaded", color="gray")


def show_size(known: KnownCheckpoint) -> None:
    st.caption(
        f"About {in_words(known.download_bytes)} to download, the detector included; "
        f"{in_words(free_bytes(models_folder()))} are free. "
        f"From {plain(known.repository)} on the Hugging Face hub."
    )


def show_actions(name: str, known: KnownCheckpoint | None, here: bool) -> None:
    if known and known.repository and not here and not is_public():
        st.button(
            "Download",
            icon=":material/download:",
            key=f"models.download {name}",
            type="primary",
            disabled=offline(),
            help="HF_HUB_OFFLINE is set, so nothing is downloaded." if offline() else None,
            on_click=jobs.download,
            args=(name,),
        )
    if here and name != handover.model():
        st.button(
            "Use",
            icon=":material/visibility:",
            key=f"models.use {name}",
            on_click=handover.use_model,
            args=(name,),
            help="The model that every page asks",
        )
    if here:
        st.button(
            "Check",
            icon=":material/fact_check:",
            key=f"models.check {name}",
            on_click=begin_check,
            args=(name,),
            help="Does it behave like itself? Colours, boxes, features, labels, logits.",
        )
    entry = fetched_as(name)
    if entry and not is_public():
        with st.popover(f"Remove {in_words(entry.size_bytes)}", icon=":material/delete:"):
            st.button(
                f"Remove {plain(name)} from this disk",
                key=f"models.remove {name}",
                on_click=remove_models,
                args=([entry],),
            )


def fetched_as(name: str) -> Kept | None:
    """What was fetched into the folder of this name."""
    return next((entry for entry in kept() if entry.folder.name == name), None)


@st.fragment(run_every=EVERY_SECONDS)
def watch(running: Job) -> None:
    """The bar of a download; the page starts anew when it is over."""
    if running.over.is_set():
        st.rerun()
    st.progress(running.share, plain(running.stage))
    st.button(
        "Stop",
        icon=":material/pause:",
        key=f"models.stop {running.name}",
        on_click=running.stopped.set,
        help="What came so far is kept.",
        disabled=running.stopped.is_set(),
    )


def show_outcome(over: Job) -> None:
    if over.problem:
        st.warning(plain(over.problem), icon=":material/warning:")
    for note in over.notes:
        st.info(plain(note), icon=":material/info:")


def begin_check(name: str) -> None:
    st.session_state["models.checked"] = name


def remove_models(entries: Sequence[Kept]) -> None:
    models.open_models().close_all()
    for entry in entries:
        if entry.folder.name == handover.model():
            handover.use_model(SHIPPED)
        jobs.downloads().forget(entry.name)
        try:
            remove(entry.name)
        except LxmertVizError as error:
            st.session_state["models.problem"] = str(error)


def show_findings(name: str) -> None:
    found = waiting.result_of(
        f"check {name}", f"checking {name}", lambda report: models.findings(name, report)
    )
    wrong = [finding for finding in found if finding.state == WRONG]
    right = [finding for finding in found if finding.state == RIGHT]
    st.markdown(
        f"**{len(wrong)} of {len(found)} checks are wrong:** results of this model mislead."
        if wrong
        else f"**{len(right)} checks are right**, and none is wrong."
    )
    for finding in found:
        show_finding(finding)


def show_finding(finding: Finding) -> None:
    said = plain(finding.said)
    if finding.state == NOT_APPLICABLE:
        said = f":gray[not applicable: {said}]"
    st.markdown(f"{MARKS[finding.state]} **{finding.check}** · {said}")


def show_folder() -> None:
    """Where downloads lie, how large they are, and one button that removes them all."""
    found = kept()
    total = sum(entry.size_bytes for entry in found)
    st.caption(
        f"Downloads lie in {plain(str(models_folder()))} and take {in_words(total)}; "
        f"{in_words(free_bytes(models_folder()))} are free there. "
        "A complete folder that you put there yourself is offered too."
    )
    if found:
        with st.popover("Remove all downloads", icon=":material/delete_sweep:"):
            st.markdown(f"This frees {in_words(total)}. Folders of your own stay.")
            st.button(
                "Remove them all", key="models.remove-all", on_click=remove_models, args=(found,)
            )


navigation.heading(navigation.MODELS)
problem = st.session_state.pop("models.problem", "")
if problem:
    st.error(plain(problem), icon=":material/error:")
named = {checkpoint.name: checkpoint for checkpoint in KNOWN}
own = [name for name in models.model_names() if name not in named]
for name in (*named, *own):
    show_model(name, named.get(name))
if is_public():
    st.caption("This server is for everybody and brings no other models; your own does.")
else:
    show_folder()
