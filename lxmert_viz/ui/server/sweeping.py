"""What visitors gave leaves when its hours are over, whether or not anybody comes."""

import threading
import time
from functools import cache

from lxmert_viz.ui.server import jobs, own_data, pictures

EVERY_SECONDS = 600


def sweep() -> None:
    """Kept pictures and datasets that were handed over; those of running evaluations stay."""
    pictures.kept_pictures().sweep()
    in_use = {own_data.key_named(job.name) for job in jobs.evaluations().running()}
    own_data.store().drop(in_use)


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
