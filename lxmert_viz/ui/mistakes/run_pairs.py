"""Which two runs are compared; the address holds their names as `before` and `after`."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from lxmert_viz.results.run_folder import TABLE
from lxmert_viz.results.two_runs import TwoRuns
from lxmert_viz.ui.server import boards

KEYS = ("before", "after")


def chosen(names: Sequence[str]) -> tuple[str, str]:
    """As chosen, else as the address says, else the last two; names: the last run first."""
    asked = [
        st.session_state.get(f"two-runs.side {key}") or st.query_params.get(key) for key in KEYS
    ]
    firsts = (names[1], names[0])
    before, after = (a if a in names else first for a, first in zip(asked, firsts, strict=True))
    return before, after


def choose(before: str, after: str) -> None:
    for key, name in zip(KEYS, (before, after), strict=True):
        st.session_state[f"two-runs.side {key}"] = name
        if st.query_params.get(key) != name:
            st.query_params[key] = name


def pair(before: str, after: str) -> TwoRuns:
    """Raises DatasetError for runs that cannot be compared."""
    folders = [boards.data_folder() / name for name in (before, after)]
    made = [(folder / TABLE).stat().st_mtime_ns for folder in folders]
    return _pair(*map(str, folders), *made)


@st.cache_resource(max_entries=4, show_spinner=False)
def _pair(before: str, after: str, made_before: int, made_after: int) -> TwoRuns:
    """made: when, so that a run that was made anew is read anew."""
    return TwoRuns(Path(before), Path(after))
