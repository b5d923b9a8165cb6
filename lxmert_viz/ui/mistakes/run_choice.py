"""Which run is looked at, how a new one is begun, and how far it is."""

import streamlit as st

from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.ui.mistakes import new_run
from lxmert_viz.ui.mistakes.place import filter_by, get, put
from lxmert_viz.ui.server import boards, catalogue, jobs
from lxmert_viz.ui.server.boards import Wanted
from lxmert_viz.ui.server.jobs import Job
from lxmert_viz.ui.wording import plain

EVERY_SECONDS = 1.0
WELCOME = (
    "**Start with the study set.** 60 drawn scenes with some 500 questions whose right answers, "
    "objects and programs are known. The miniature answers them in seconds."
)


def choose() -> str:
    """The run that is looked at; "" where there is none yet."""
    names = catalogue.run_names()
    asked = get("run")
    begun = jobs.evaluations().of(asked)
    if begun and asked not in names:  # it has no folder yet
        names = [asked, *names]
    name = ""
    if names:
        place = names.index(asked) if asked in names else 0
        name = st.selectbox(
            "Run", names, index=place, width=260, format_func=catalogue.title_of_run
        )
        if name != asked:
            if asked:
                filter_by("")
            put(run=name)
    with st.popover("New run", icon=":material/add:", key="new.open", on_change="rerun") as opened:
        if opened.open:
            new_run.offer()
    return name


def welcome() -> None:
    with st.container(border=True, key="board.welcome"):
        st.markdown(WELCOME)
        st.button(
            "Ask the miniature all questions of the study set",
            type="primary",
            icon=":material/play_arrow:",
            on_click=new_run.begin,
            args=(Wanted(catalogue.STUDY, SHIPPED),),
        )


@st.fragment(run_every=EVERY_SECONDS)
def watch(running: Job) -> None:
    """The bar of a run; the page starts anew when it is over."""
    if running.over.is_set():
        st.rerun()
    with st.container(border=True):
        st.progress(running.share, f"**{plain(running.name)}**: {plain(running.stage)}")
        st.button(
            "Pause",
            icon=":material/pause:",
            on_click=running.stopped.set,
            disabled=running.stopped.is_set(),
            help="What is done is kept; the same run goes on from there.",
        )


def unfinished(name: str) -> None:
    over = jobs.evaluations().of(name)
    if over and over.problem:
        st.warning(plain(over.problem), icon=":material/pause_circle:")
    else:
        st.info("This run is not finished.", icon=":material/pause_circle:")
    wanted = boards.begun(name)
    if wanted is None:
        st.caption("It goes on when `python -m lxmert_viz evaluate` is asked the same again.")
        return
    st.button(
        "Go on",
        type="primary",
        icon=":material/play_arrow:",
        on_click=new_run.begin,
        args=(wanted,),
    )
