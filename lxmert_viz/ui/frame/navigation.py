"""The pages, by what they are about, and the heading that each begins with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from lxmert_viz.ui.wording import NOT_PROOF

PAGES = Path(__file__).parent.parent / "pages"
ONE, CHANGE = "One picture, one question", "Change something"
DATASET, CHECKPOINTS = "A whole dataset", "Checkpoints"


@dataclass(frozen=True, slots=True)
class Page:
    file: str
    title: str
    icon: str
    section: str
    asks: bool = True  # about a picture and a question: the workbench stands above it

    @property
    def path(self) -> str:
        return str(PAGES / self.file)


ANSWERS = Page("answers_page.py", "Answers", ":material/question_answer:", ONE)
ATTENTION = Page("attention_page.py", "Attention", ":material/visibility:", ONE)
WHY = Page("why_page.py", "Why", ":material/balance:", ONE)
STATES = Page("states_page.py", "States", ":material/layers:", ONE)
PROBES = Page("probes_page.py", "Probes", ":material/troubleshoot:", ONE)
WALK = Page("walk_page.py", "Walk", ":material/directions_walk:", ONE)
REGIONS = Page("regions_page.py", "Regions", ":material/select_all:", CHANGE)
EDIT = Page("edit_page.py", "What if?", ":material/edit_note:", CHANGE)
COMPARE = Page("compare_page.py", "Compare", ":material/compare:", CHANGE)
SAVED = Page("saved_page.py", "Keep", ":material/inventory_2:", CHANGE)
MISTAKES = Page("mistakes_page.py", "Mistakes", ":material/rule:", DATASET, asks=False)
TRIAGE = Page("triage_page.py", "Triage", ":material/checklist:", DATASET, asks=False)
TWO_RUNS = Page("two_runs_page.py", "Two runs", ":material/compare_arrows:", DATASET, asks=False)
MODELS = Page("models_page.py", "Models", ":material/deployed_code:", CHECKPOINTS, asks=False)
ALL = (
    ANSWERS,
    ATTENTION,
    WHY,
    STATES,
    PROBES,
    WALK,
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
    chosen = st.navigation(sections, expanded=True)
    return next(page for page in ALL if page.title == chosen.title), chosen


def link(page: Page, label: str) -> None:
    st.page_link(page.path, label=label, icon=page.icon)


def heading(title: str, explanation: str) -> None:
    """A page's title, how to read it in one line, and the note on what attention does not prove."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.subheader(title, anchor=False, width="content")
        st.caption(explanation, width="stretch")
        with st.popover("What attention does not prove", icon=":material/info:", type="tertiary"):
            st.markdown(NOT_PROOF)
