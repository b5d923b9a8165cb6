"""The pages, by what they are about, and the heading that each begins with."""

from pathlib import Path

import streamlit as st

from lxmert_viz.ui.wording import NOT_PROOF

PAGES = Path(__file__).parent.parent / "pages"
ANSWERS_PAGE = PAGES / "answers_page.py"
ATTENTION_PAGE = PAGES / "attention_page.py"
REGIONS_PAGE = PAGES / "regions_page.py"
WALK_PAGE = PAGES / "walk_page.py"
EDIT_PAGE = PAGES / "edit_page.py"
COMPARE_PAGE = PAGES / "compare_page.py"
SAVED_PAGE = PAGES / "saved_page.py"
STATES_PAGE = PAGES / "states_page.py"
PROBES_PAGE = PAGES / "probes_page.py"
MODELS_PAGE = PAGES / "models_page.py"
MISTAKES_PAGE = PAGES / "mistakes_page.py"
TWO_RUNS_PAGE = PAGES / "two_runs_page.py"
TRIAGE_PAGE = PAGES / "triage_page.py"
MODELS, MISTAKES, TWO_RUNS, TRIAGE = "Models", "Mistakes", "Two runs", "Triage"
WITHOUT_WORKBENCH = (MODELS, MISTAKES, TWO_RUNS, TRIAGE)


def pages() -> dict[str, list[st.Page]]:
    """By what they are about."""
    return {
        "One picture, one question": [
            st.Page(ANSWERS_PAGE, title="Answers", icon=":material/question_answer:", default=True),
            st.Page(ATTENTION_PAGE, title="Attention", icon=":material/visibility:"),
            st.Page(STATES_PAGE, title="States", icon=":material/layers:"),
            st.Page(PROBES_PAGE, title="Probes", icon=":material/troubleshoot:"),
            st.Page(WALK_PAGE, title="Walk", icon=":material/directions_walk:"),
        ],
        "Change something": [
            st.Page(REGIONS_PAGE, title="Regions", icon=":material/select_all:"),
            st.Page(EDIT_PAGE, title="What if?", icon=":material/edit_note:"),
            st.Page(COMPARE_PAGE, title="Compare", icon=":material/compare:"),
            st.Page(SAVED_PAGE, title="Keep", icon=":material/inventory_2:"),
        ],
        "A whole dataset": [
            st.Page(MISTAKES_PAGE, title=MISTAKES, icon=":material/rule:"),
            st.Page(TRIAGE_PAGE, title=TRIAGE, icon=":material/checklist:"),
            st.Page(TWO_RUNS_PAGE, title=TWO_RUNS, icon=":material/compare_arrows:"),
        ],
        "Checkpoints": [st.Page(MODELS_PAGE, title=MODELS, icon=":material/deployed_code:")],
    }


def heading(title: str, explanation: str) -> None:
    """A page's title, how to read it in one line, and the note on what attention does not prove."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.subheader(title, anchor=False, width="content")
        st.caption(explanation, width="stretch")
        with st.popover("What attention does not prove", icon=":material/info:", type="tertiary"):
            st.markdown(NOT_PROOF)
