"""Which two runs are compared; the address holds their names as `before` and `after`."""

from collections.abc import Sequence

import streamlit as st

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
