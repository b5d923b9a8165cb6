"""Where visitors say who they are first: `serve --auth`."""

import os
from collections.abc import Sequence

import streamlit as st

from lxmert_viz.places import AUTH_VARIABLE
from lxmert_viz.ui.wording import plain


def admit() -> None:
    """Stops the page for whoever is not known, or is not among those who may come."""
    if not os.environ.get(AUTH_VARIABLE):
        return
    if not st.user.is_logged_in:
        st.subheader("lxmert-viz", anchor=False)
        st.markdown("Whoever runs this laboratory asks its visitors to log in.")
        st.button("Log in", type="primary", icon=":material/login:", on_click=st.login)
        st.stop()
    email = str(st.user.get("email") or "")
    wanted = st.secrets["visitors"]["emails"]
    if wanted and not may_come(email, st.user.get("email_verified") is True, wanted):
        st.error(
            f"{plain(email) or 'This account'} is not among those who may come here. Ask whoever "
            "runs this laboratory, or log in as somebody else.",
            icon=":material/block:",
        )
        st.button("Log out", on_click=st.logout)
        st.stop()


def show_person() -> None:
    """Who is logged in, and the way out; nothing where nobody logs in."""
    if os.environ.get(AUTH_VARIABLE):
        st.caption(f"Logged in: {plain(str(st.user.get('name') or st.user.get('email') or ''))}")
        st.button("Log out", key="admission.out", on_click=st.logout, icon=":material/logout:")


def may_come(email: str, is_verified: bool, wanted: Sequence[str]) -> bool:
    """wanted: addresses, and ends of addresses that begin with "@"."""
    is_wanted = any(
        email.lower().endswith(entry.lower()) if entry[0] == "@" else email.lower() == entry.lower()
        for entry in wanted
    )
    return is_verified and is_wanted
