"""Errors of ours that visitors met: each has a number that page, log and operator know it by."""

import secrets
from collections import deque
from dataclasses import asdict, dataclass
from threading import Lock

import streamlit as st

from lxmert_viz.serving import logs

MOST_TOLD = 50
SORRY = (
    "Something went wrong here, and it is our fault. The rest of the laboratory goes on. Whoever "
    "runs it finds the reason in the log, as error **{}**."
)


@dataclass(frozen=True, slots=True)
class Incident:
    """What happened, without the error's message, which may quote what the visitor gave."""

    id: str
    time: str  # UTC
    error: str  # its class
    where: tuple[str, ...]  # file:line function, the innermost last


class Incidents:
    """The last ones, and how many there were."""

    def __init__(self) -> None:
        self.count = 0
        self.last: deque[Incident] = deque(maxlen=MOST_TOLD)  # the newest last
        self._lock = Lock()

    def add(self, incident: Incident) -> None:
        with self._lock:
            self.count += 1
            self.last.append(incident)


MET = Incidents()


def tell_visitor(error: Exception) -> bool:
    """Logs an error of a page under a number, and shows the number in the error's place."""
    where = tuple(logs.steps(error))
    incident = Incident(secrets.token_hex(4), logs.now(), type(error).__name__, where)
    MET.add(incident)
    logs.say("error", **asdict(incident))
    st.error(SORRY.format(incident.id), icon=":material/bug_report:")
    return True  # Streamlit has nothing more to show
