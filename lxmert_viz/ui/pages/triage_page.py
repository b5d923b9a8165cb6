"""A queue of rows that a person judges one after the other, by keyboard."""

from functools import partial

import streamlit as st

from lxmert_viz.results.board import Board
from lxmert_viz.results.row import Row, rows_of
from lxmert_viz.results.verdicts import Note
from lxmert_viz.runs.report import notes_as_csv, notes_as_jsonl, report
from lxmert_viz.ui.frame import navigation
from lxmert_viz.ui.mistakes.place import get, put
from lxmert_viz.ui.mistakes.row import VERDICTS, show_answers, show_picture
from lxmert_viz.ui.server import boards, catalogue
from lxmert_viz.ui.wording import plain

QUEUES = {
    "correct=no": "Mistakes, the most certain first",
    "correct=no probability>0.9": "Mistakes with a certainty above 0.9",
    "": "All rows",
}
BOARD = "as filtered on Mistakes"
NOT_YET = "verdict=none"
EXPORTS = (
    ("Report (HTML)", report, "html", "text/html"),
    ("CSV", notes_as_csv, "csv", "text/csv"),
    ("JSON lines", notes_as_jsonl, "jsonl", "application/jsonl"),
)
KEYS = ("1", "2", "3", "4")  # one a verdict


def choose_run() -> str:
    names = [name for name in catalogue.run_names() if catalogue.is_whole(name)]
    if not names:
        st.info(
            "There is no finished run yet. Ask a model all questions of a dataset first.",
            icon=":material/inbox:",
        )
        navigation.link(navigation.MISTAKES, "Open Mistakes")
        st.stop()
    asked = get("run")
    place = names.index(asked) if asked in names else 0
    name = st.selectbox("Run", names, place, width=330, format_func=catalogue.title_of_run)
    if name != asked:
        put(run=name)
        restart()
    return name


def choose_queue() -> str:
    """The filter whose rows are gone through."""
    filtered = get("where")
    offered = {**QUEUES, **({filtered: f"{BOARD}: {filtered}"} if filtered else {})}
    text = st.selectbox(
        "Queue",
        list(offered),
        format_func=offered.get,
        key="triage.queue",
        on_change=restart,
        persist_state="session",
        width=330,
    )
    skip = st.toggle(
        "Only what has no verdict yet",
        key="triage.open",
        on_change=restart,
        persist_state="session",
    )
    return f"{text} {NOT_YET}".strip() if skip else text


def restart() -> None:
    st.session_state["triage.place"] = 0


def step(by: int, count: int) -> None:
    place = st.session_state.get("triage.place", 0) + by
    st.session_state["triage.place"] = min(max(place, 0), count - 1)


def judge(board: Board, row: Row, verdict: str, count: int, stays: bool) -> None:
    """Writes the verdict and goes on; where judged rows leave the queue, the next one moves up.

    A second press before the next row stands there is none.
    """
    name = row.question_id
    if st.session_state.pop("triage.shown", None) != name:
        return
    before = board.notes.of(name)
    again = before.verdict == verdict
    board.write_note(Note(name, "" if again else verdict, before.tags, before.text))
    if not again and stays:
        step(1, count)


def show(board: Board, row: Row, place: int, count: int, stays: bool) -> None:
    note = board.notes.of(row.question_id)
    st.session_state["triage.shown"] = row.question_id
    bar = st.empty()  # filled after the buttons: who sees another row can press keys for it
    with st.container(horizontal=True, key="triage.keys"):
        for key, (verdict, label) in zip(KEYS, VERDICTS.items(), strict=True):
            st.button(
                label,
                shortcut=key,
                type="primary" if note.verdict == verdict else "secondary",
                key=f"triage.verdict {verdict}",
                on_click=judge,
                args=(board, row, verdict, count, stays),
            )
        for label, key, by in (("Back", "Left", -1), ("Next", "Right", 1)):
            st.button(
                label,
                shortcut=key,
                type="tertiary",
                key=f"triage.step {label}",
                on_click=step,
                args=(by, count),
                disabled=not 0 <= place + by < count,
            )
    bar.progress((place + 1) / count, f"Row {place + 1:,} of {count:,}")
    left, right = st.columns([2, 3], gap="medium")
    with left:
        show_picture(row)
    with right:
        st.markdown(f"##### {plain(row.text)}")
        show_answers(row)
        write_words(board, row, note)


def write_words(board: Board, row: Row, note: Note) -> None:
    name = row.question_id
    tags = st.text_input("Tags", note.tags, key=f"triage.tags {name}", placeholder="small occluded")
    text = st.text_area("Note", note.text, key=f"triage.text {name}", height=80)
    written = Note(name, note.verdict, " ".join(tags.split()), text.strip(), note.at)
    if written != note:
        board.write_note(written)
        st.caption("Saved with the run.")


def offer_exports(board: Board, name: str) -> None:
    count = len(board.notes.all())
    file = name.replace("/", "-")
    with st.container(horizontal=True, vertical_alignment="center", key="triage.exports"):
        st.markdown(f"**{count:,} noted row{'' if count == 1 else 's'}**", width="content")
        for label, make, ending, mime in EXPORTS:
            st.download_button(
                label,
                partial(make, board),  # made when it is asked for: it reads every row
                f"{file}.{ending}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                disabled=not count and make is not report,
            )


navigation.heading(navigation.TRIAGE)
with st.container(horizontal=True, vertical_alignment="bottom", key="triage.choice"):
    name = choose_run()
    queue = choose_queue()
board = boards.board(name)
count = board.count(queue)
if count:
    place = min(st.session_state.setdefault("triage.place", 0), count - 1)
    (row,) = rows_of(board.page(queue, "probability", True, 1, place))
    show(board, row, place, count, NOT_YET not in queue)
else:
    st.success("Nothing is left in this queue.", icon=":material/done_all:")
offer_exports(board, name)
