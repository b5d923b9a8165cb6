"""What visitors gave leaves when its hours are over, whether or not anybody comes."""

import threading
import time
from functools import cache

import streamlit as st

from lxmert_viz.places import is_public
from lxmert_viz.ui.server import jobs, own_data, pictures

EVERY_SECONDS = 600


def sweep() -> None:
    """Kept pictures and datasets that were handed over; those of running evaluations stay.

    Where strangers come, also whatever was made of what they gave.
    """
    pictures.kept_pictures().sweep()
    in_use = {own_data.key_named(job.name) for job in jobs.evaluations().running()}
    own_data.store().drop(in_use)
    if is_public():
        st.cache_data.clear()
        st.cache_resource.clear()


@cache
def begin() -> threading.Thread:
    """Once a server."""
    # a daemon: closing the server does not wait for it
    sweeper = threading.Thread(target=_sweep_on, name="sweeping", daemon=True)
    sweeper.start()
    return sweeper


def _sweep_on() -> None:
    while True:
        time.sleep(EVERY_SECONDS)
        sweep()
