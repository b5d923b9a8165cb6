"""The pages, by what they are about, and the ways between them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from lxmert_viz.ui.wording import WHAT_IT_IS

PAGES = Path(__file__).parent.parent / "pages"
LOOK = ""  # no menu: these pages stand in the row itself
CHANGE, DATA = "Change something", "Datasets and models"


@dataclass(frozen=True, slots=True)
class Page:
    file: str
    title: str
    icon: str
    section: str
    about: str  # what it shows and how to read it
    asks: bool = True  # about a picture and a question: the bar stands above it

    @property
    def path(self) -> str:
        return str(PAGES / self.file)

    @property
    def address(self) -> str:
        return self.file.removesuffix(".py")


WALK = Page(
    "walk_page.py",
    "Walk",
    ":material/directions_walk:",
    LOOK,
    "From the picture to the answer in seven stations, with the numbers of what you asked.",
)
ANSWERS = Page(
    "answers_page.py",
    "Answers",
    ":material/question_answer:",
    LOOK,
    "The regions that the detector found, and the model's answers: longer bars, more probable.",
)
ATTENTION = Page(
    "attention_page.py",
    "Attention",
    ":material/visibility:",
    LOOK,
    "Every cell is a head. Point at heads, words and boxes to see what reads what; click to lock.",
)
WHY = Page(
    "why_page.py",
    "Why",
    ":material/balance:",
    LOOK,
    "What each word and region adds to an answer. Eight methods, each judged on this very example.",
)
CAUSES = Page(
    "causes_page.py",
    "Causes",
    ":material/experiment:",
    LOOK,
    "The network run again with heads, edges, states or inputs changed: what then becomes of it?",
)
MATCHING = Page(
    "matching_page.py",
    "Matching",
    ":material/join_inner:",
    LOOK,
    "Does a text belong to a picture? Captions, foils and pictures, scored against each other.",
)
STATES = Page(
    "states_page.py",
    "States",
    ":material/layers:",
    LOOK,
    "Each layer writes one vector for every word and region. See what it already holds.",
)
PROBES = Page(
    "probes_page.py",
    "Probes",
    ":material/troubleshoot:",
    LOOK,
    "A small classifier on each layer's states: what can be read out, and from where on?",
)
REGIONS = Page(
    "regions_page.py",
    "Regions",
    ":material/select_all:",
    CHANGE,
    "LXMERT sees these boxes and nothing else. Draw, move, rename or delete them.",
)
EDIT = Page(
    "edit_page.py",
    "What if?",
    ":material/edit_note:",
    CHANGE,
    "Change words, regions or the checkpoint; read the answer before and after.",
)
COMPARE = Page(
    "compare_page.py",
    "Compare",
    ":material/compare:",
    CHANGE,
    "The choice above against another picture, question or checkpoint, on one scale.",
)
SAVED = Page(
    "saved_page.py",
    "Keep",
    ":material/inventory_2:",
    CHANGE,
    "The whole analysis as one file: every number, the picture without metadata, versions.",
)
MISTAKES = Page(
    "mistakes_page.py",
    "Mistakes",
    ":material/rule:",
    DATA,
    "A whole dataset at once: where the model fails, why, and every example a click away.",
    asks=False,
)
TRIAGE = Page(
    "triage_page.py",
    "Triage",
    ":material/checklist:",
    DATA,
    "Judge one row after the other: keys 1 to 4 give a verdict, arrow keys move.",
    asks=False,
)
TWO_RUNS = Page(
    "two_runs_page.py",
    "Two runs",
    ":material/compare_arrows:",
    DATA,
    "The same examples before and after a change: another model, checkpoint or kind of region.",
    asks=False,
)
MODELS = Page(
    "models_page.py",
    "Models",
    ":material/deployed_code:",
    DATA,
    "The miniature is always here. For photographs, download a full-size model.",
    asks=False,
)
ALL = (
    WALK,
    ANSWERS,
    ATTENTION,
    WHY,
    CAUSES,
    MATCHING,
    STATES,
    PROBES,
    REGIONS,
    EDIT,
    COMPARE,
    SAVED,
    MISTAKES,
    TRIAGE,
    TWO_RUNS,
    MODELS,
)


def choose() -> tuple[Page, Any]:
    """The page that the person is on, and Streamlit's own, which runs it."""
    sections: dict[str, list[Any]] = {}
    for page in ALL:
        shown = st.Page(page.path, title=page.title, icon=page.icon, default=page is ANSWERS)
        sections.setdefault(page.section, []).append(shown)
    chosen = st.navigation(sections, position="top")
    return next(page for page in ALL if page.title == chosen.title), chosen


def link(page: Page, label: str) -> None:
    st.page_link(page.path, label=label, icon=page.icon)


def say_what_this_is(page: Page) -> None:
    """One line in the row of pages, where that has room."""
    with st.container(key="frame.line", horizontal=True, gap="xsmall", width="content"):
        st.markdown(WHAT_IT_IS, width="content")
        if page is not WALK:
            link(WALK, "See how it answers")


def heading(page: Page) -> None:
    """Of a page without the bar: its title, and how to read it."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="frame.heading"):
        st.subheader(page.title, anchor=False, width="content")
        st.caption(page.about, width="stretch")
