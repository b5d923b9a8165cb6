"""A new run: which dataset, what its columns hold, what is odd about it, and the button."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from lxmert_viz.dataset.remarks import KINDS
from lxmert_viz.dataset.tables import COLUMNS, columns_of, guessed
from lxmert_viz.dataset.uploads import KINDS as FILE_KINDS
from lxmert_viz.dataset.uploads import Given
from lxmert_viz.errors import DatasetError
from lxmert_viz.places import data_folder, is_public
from lxmert_viz.ui.frame import handover
from lxmert_viz.ui.mistakes import place
from lxmert_viz.ui.server import boards, catalogue, jobs, models, own_data
from lxmert_viz.ui.server.boards import Wanted
from lxmert_viz.ui.server.upload_limits import DATASET_MB
from lxmert_viz.ui.wording import plain

MOST_REMARKS = 500  # that are listed
DATASET, CHECKED, ROUND = "new.dataset", "new.checked", "new.round"
KIND_TITLES = {
    "picture": "Picture",
    "text": "Question",
    "id": "Id",
    "answer": "Right answer",
    "matches": "Caption is true",
    "question": "Question type",
    "answer_type": "Answer type",
}
WHAT_TO_BRING = (
    "Questions as VQA v2, GQA, LXMERT's or NLVR2's JSON, VizWiz, TextVQA, captions and foils of "
    "many layouts, CSV, TSV or JSONL; with them annotations, choices, scene graphs, pictures or a "
    "region file. Several files at once, or a zip. Kept for a day, for you alone."
)


def offer() -> None:
    unread = own_data.are_taken() and take_files()
    hint = "Read the files that you chose first." if unread else None
    names = models.model_names()
    model = st.selectbox("Checkpoint", names, names.index(handover.model()), key="new.model")
    dataset = st.selectbox(
        "Dataset", catalogue.dataset_names(), format_func=catalogue.title_of, key=DATASET
    )
    try:
        wanted = choose_details(dataset, model)
        with st.container(horizontal=True):
            st.button(
                f"Ask {plain(model)} all its questions",
                type="primary",
                icon=":material/play_arrow:",
                on_click=begin,
                args=(wanted,),
                disabled=unread,
                help=hint,
            )
            check = st.button(
                "Check the data first", icon=":material/rule:", disabled=unread, help=hint
            )
        if check or st.session_state.pop(CHECKED, "") == dataset:
            show_check(wanted)
    except DatasetError as error:
        st.error(plain(str(error)), icon=":material/error:")
    st.caption(
        ("" if own_data.are_taken() else "This server takes no datasets; your own does. ")
        + ("" if is_public() else f"The folders offered lie in {plain(str(data_folder()))}. ")
        + "Every option: `python -m lxmert_viz evaluate --help`."
    )


def take_files() -> bool:
    """Files of the visitor's become the chosen dataset, and are checked at once.

    Returns whether some are chosen and not yet read.
    """
    number = st.session_state.setdefault(ROUND, 0)
    given = st.file_uploader(
        "Bring your own",
        [kind.lstrip(".") for kind in (*FILE_KINDS, ".zip")],
        accept_multiple_files=True,
        key=f"new.files {number}",
        help=WHAT_TO_BRING,
        max_upload_size=DATASET_MB,
    )
    if given:
        names = f"{len(given)} files" if given[1:] else given[0].name
        st.button(
            f"Read {plain(names)}", icon=":material/upload_file:", on_click=keep, args=(given,)
        )
    problem = st.session_state.get("new.problem")
    if problem:
        st.error(plain(problem), icon=":material/error:")
    return bool(given)


def keep(given: Sequence[UploadedFile]) -> None:
    state = st.session_state
    running = [one.name for one in jobs.evaluations().running()]
    state["new.problem"] = ""
    try:
        name = own_data.keep([Given(file.name, file.getvalue()) for file in given], running)
    except DatasetError as error:
        state["new.problem"] = str(error)
        return
    state[ROUND] += 1  # the uploader is empty again
    state[DATASET] = state[CHECKED] = next(
        n for n in catalogue.dataset_names() if n.startswith(name)
    )


def choose_details(dataset: str, model: str) -> Wanted:
    """With what a table's columns hold, and what to ask of pictures. Raises DatasetError."""
    table = catalogue.table_in(dataset)
    if table is not None:
        return Wanted(dataset, model, columns=_columns(dataset, columns_of(table)))
    if not catalogue.is_only_pictures(dataset):
        return Wanted(dataset, model)
    asked = st.text_area(
        "Ask of every picture", "what is this?", key=f"new.asked {dataset}", help="One a line"
    )
    return Wanted(dataset, model, asked=asked.strip())


def _columns(dataset: str, offered: tuple[str, ...]) -> dict[str, str]:
    """Guessed, then chosen."""
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
                key=f"new.column {dataset} {kind}",
                width=150,
            )
            chosen |= {kind: column} if column else {}
    return chosen


def show_check(wanted: Wanted) -> None:
    """What was read and everything odd about it, before anything is asked. Raises DatasetError."""
    read = boards.read(wanted)
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
        st.dataframe(pd.DataFrame(read.remarks[:MOST_REMARKS]), hide_index=True)
    else:
        st.markdown(":green[Nothing odd was found.]")


def begin(wanted: Wanted) -> None:
    st.session_state["new.open"] = False  # it would cover the progress
    place.filter_by("")
    place.put(run=boards.begin(wanted), view=place.TABLE)
