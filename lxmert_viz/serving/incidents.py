"""Errors of ours that visitors met: each has a number that page, log and operator know it by."""

import secrets
from collections import deque
from dataclasses import asdict, dataclass

import streamlit as st

from lxmert_viz.serving import logs

MOST_TOLD = 50
LAST: "deque[Incident]" = deque(maxlen=MOST_TOLD)  # the newest last
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


def tell_visitor(error: Exception) -> bool:
    """Logs an error of a page under a number, and shows the number in the error's place."""
    where = tuple(logs.steps(error))
    incident = Incident(secrets.token_hex(4), logs.now(), type(error).__name__, where)
    LAST.append(incident)
    logs.say("error", **asdict(incident))
    st.error(SORRY.format(incident.id), icon=":material/bug_report:")
    return True  # Streamlit has nothing more to show
