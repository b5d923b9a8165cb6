"""Which run is looked at, how a new one is begun, and how far it is."""

from collections import Counter

import streamlit as st

from lxmert_viz.checkpoints import SHIPPED
from lxmert_viz.dataset.remarks import KINDS
from lxmert_viz.dataset.tables import COLUMNS, columns_of, guessed
from lxmert_viz.errors import DatasetError
from lxmert_viz.ui import board_state, runs
from lxmert_viz.ui.evaluations import Evaluation
from lxmert_viz.ui.wording import plain

EVERY_SECONDS = 1.0
MOST_REMARKS = 500  # that are listed
KIND_TITLES = {
    "picture": "Picture",
    "text": "Question",
    "id": "Id",
    "answer": "Right answer",
    "matches": "Caption is true",
    "question": "Question type",
    "answer_type": "Answer type",
}
WELCOME = (
    "**Start with the study set.** 60 drawn scenes with some 500 questions whose right answers, "
    "objects and programs are known. The miniature answers them in seconds."
)


def choose() -> str:
    """The run that is looked at; "" where there is none yet."""
    names = runs.run_names()
    asked = board_state.get("run")
    begun = runs.evaluations().of(asked)
    if begun and asked not in names:  # it has no folder yet
        names = [asked, *names]
    name = ""
    if names:
        place = names.index(asked) if asked in names else 0
        name = st.selectbox("Run", names, index=place, width=260)
        if name != asked:
            if asked:
                board_state.filter_by("")
            board_state.put(run=name)
    with st.popover("New run", icon=":material/add:"):
        offer_new()
    return name


def offer_new() -> None:
    model = st.session_state["model.name"]
    dataset = st.selectbox("Dataset", runs.dataset_names(), format_func=_dataset_title)
    columns = choose_columns(dataset)
    with st.container(horizontal=True):
        st.button(
            f"Ask {plain(model)} all its questions",
            type="primary",
            icon=":material/play_arrow:",
            on_click=begin,
            args=(dataset, model, columns),
        )
        check = st.button("Check the data first", icon=":material/rule:")
    if check:
        show_check(dataset, columns)
    st.caption(
        "For another model, choose it in the sidebar first. Datasets of yours: folders in "
        f"{plain(str(runs.data_folder()))}. Every layout and option: "
        "`python -m lxmert_viz evaluate --help`."
    )


def choose_columns(dataset: str) -> dict[str, str] | None:
    """What a table's columns hold, guessed and then chosen; None for other layouts."""
    table = runs.table_in(dataset)
    if table is None:
        return None
    offered = columns_of(table)
    guess = guessed(offered)
    chosen = {}
    with st.container(horizontal=True, gap="small"):
        for kind in COLUMNS:
            options = ["", *offered]
            column = st.selectbox(
                KIND_TITLES[kind],
                options,
                index=options.index(guess.get(kind, "")),
                format_func=lambda name: name or "(none)",
                key=f"columns-{dataset}-{kind}",
                width=150,
            )
            chosen |= {kind: column} if column else {}
    return chosen


def show_check(dataset: str, columns: dict[str, str] | None) -> None:
    """What was read and everything odd about it, before anything is asked."""
    try:
        read = runs.read(dataset, columns)
    except DatasetError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    pictures = len({example.picture for example in read.examples})
    scored = sum(bool(e.right) or e.matches is not None for e in read.examples)
    regions = f", regions from {read.region_file.name}" if read.region_file else ""
    st.markdown(
        f"**{plain(read.layout)}**: {len(read.examples):,} examples about {pictures:,} pictures, "
        f"{scored:,} with a right answer{plain(regions)}."
    )
    for kind, count in Counter(remark.kind for remark in read.remarks).items():
        said = KINDS[kind]
        st.markdown(f"- {said[:1].upper()}{said[1:]}: **{count:,}**")
    if read.remarks:
        st.dataframe([r._asdict() for r in read.remarks[:MOST_REMARKS]], hide_index=True)
    else:
        st.markdown(":green[Nothing odd was found.]")


def welcome() -> None:
    with st.container(border=True, key="board-welcome"):
        st.markdown(WELCOME)
        st.button(
            "Ask the miniature all questions of the study set",
            type="primary",
            icon=":material/play_arrow:",
            on_click=begin,
            args=(runs.STUDY, SHIPPED),
        )


def begin(dataset: str, model: str, columns: dict[str, str] | None = None) -> None:
    board_state.filter_by("")
    board_state.put(run=runs.begin(dataset, model, columns), view=board_state.TABLE)


@st.fragment(run_every=EVERY_SECONDS)
def watch(running: Evaluation) -> None:
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
    over = runs.evaluations().of(name)
    if over and over.problem:
        st.warning(plain(over.problem), icon=":material/pause_circle:")
    else:
        st.info("This run is not finished.", icon=":material/pause_circle:")
    model = st.session_state["model.name"]
    dataset = next((d for d in runs.dataset_names() if runs.run_name(d, model) == name), None)
    if dataset is None:
        st.caption(
            "Choose its model in the sidebar to go on, or ask `python -m lxmert_viz evaluate` "
            "the same again."
        )
        return
    st.button(
        "Go on",
        type="primary",
        icon=":material/play_arrow:",
        on_click=begin,
        args=(dataset, model, choose_columns(dataset)),
    )


def _dataset_title(name: str) -> str:
    return "study set (shipped)" if name == runs.STUDY else name
