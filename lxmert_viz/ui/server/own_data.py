"""Datasets that visitors hand over: each visitor knows the keys of their own, and no others."""

from collections.abc import Sequence

import streamlit as st

from lxmert_viz.dataset.upload_store import FILES, RUNS, UploadStore
from lxmert_viz.dataset.uploads import Given
from lxmert_viz.places import data_folder
from lxmert_viz.ui.server.pictures import hours_kept

FOLDER = "uploads"  # of the data folder
KNOWN = "own-data.known"


def store() -> UploadStore:
    return UploadStore(data_folder() / FOLDER, hours_kept())


def are_taken() -> bool:
    """Whether visitors may hand anything over."""
    return hours_kept() > 0


def known() -> list[str]:
    """The visitor's own, the newest first."""
    return [key for key in st.session_state.get(KNOWN, []) if store().has(key)]


def know(name: str) -> None:
    """Whoever has the address of a run has its key."""
    keys, key = st.session_state.setdefault(KNOWN, []), key_in(name)
    if key and key not in keys:
        keys.append(key)


def keep(given: Sequence[Given], in_use: Sequence[str]) -> str:
    """The name of the new dataset. in_use: runs on their way. Raises DatasetError."""
    key = store().keep(given, {key_named(name) for name in in_use})
    st.session_state.setdefault(KNOWN, []).insert(0, key)
    return files_of(key)


def key_in(name: str) -> str:
    """The key in a dataset's or run's name; "" where there is none that is here."""
    key = key_named(name)
    return key if store().has(key) else ""


def key_named(name: str) -> str:
    """The same, though its hours are over: a run on its way goes on with it."""
    folder, _, rest = name.partition("/")
    return rest.partition("/")[0] if folder == FOLDER else ""


def files_of(key: str) -> str:
    return f"{FOLDER}/{key}/{FILES}"


def runs_of(key: str) -> str:
    return f"{FOLDER}/{key}/{RUNS}"
