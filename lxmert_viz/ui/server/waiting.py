"""Slow work beside the page: progress while it runs, a way to cancel it, errors in one sentence."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Event
from typing import TypeVar

import streamlit as st

from lxmert_viz.errors import BusyError, LxmertVizError
from lxmert_viz.places import is_public
from lxmert_viz.records import Report
from lxmert_viz.ui.server.turns import Piece, Place, Together, Turns
from lxmert_viz.ui.wording import plain

Result = TypeVar("Result")
AT_ONCE_SECONDS = 0.4  # shorter work shows no progress, so that nothing flickers
LOOK_UP_SECONDS = 0.1
ENOUGH_SHARE = 0.02  # less tells nothing of the rest
PUBLIC_SECONDS = 120.0  # of one piece of work, where strangers come
VISITOR = "waiting.visitor"


class Stopped(Exception):
    """Ends work in its own thread: a person stopped it, or nobody waits for it any more."""


class Progress:
    """What work tells the page: its stage and the share done, 0..1; and the page's word to stop."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.stage = ""
        self.share = 0.0
        self.stop = Event()
        self.begin()

    def begin(self) -> None:
        """From when on it computes, after it had to wait."""
        self.started = self._began = self._reported = time.monotonic()

    def report(self, stage: str, share: float) -> None:
        if self.stop.is_set():
            raise Stopped(stage)
        self._reported = time.monotonic()
        if is_public() and self._reported - self.started > PUBLIC_SECONDS:
            raise BusyError(
                f"{self._named} took more than {PUBLIC_SECONDS:.0f} s, which is the most for one "
                "visitor here. Your own server has no such limit."
            )
        if share < self.share:  # another piece of work begins
            self._began = self._reported
        self.stage, self.share = stage, min(max(share, 0.0), 1.0)

    def line(self) -> str:
        seconds = time.monotonic() - self.started
        stage = f": {self.stage}" if self.stage else ""
        return f"{self._named}{stage} ({seconds:.0f} s{self._left()})"

    def waiting_line(self, place: Place) -> str:
        others = "1 other is" if place.ahead == 1 else f"{place.ahead} others are"
        soon = "" if place.seconds is None else f", about {max(place.seconds, 1):.0f} s to go"
        return f"{self._named}: {others} before you{soon}"

    @property
    def _named(self) -> str:
        return f"{self.title[:1].upper()}{self.title[1:]}"

    def _left(self) -> str:
        """As it went so far."""
        if not ENOUGH_SHARE <= self.share < 1:
            return ""
        at_report = (self._reported - self._began) * (1 / self.share - 1)
        seconds = at_report - (time.monotonic() - self._reported)
        return f", about {max(seconds, 0):.0f} s left"


def result_of(
    key: str,
    title: str,
    work: Callable[[Report], Result],
    together: Together | None = None,
) -> Result:
    """What `work` gives; the script stops here when the person cancels, and says so.

    key tells this piece of work from any other, so that only what was cancelled waits to be tried
    again. Any other click starts the page anew, and unfinished work ends at its next report.
    together: how it is done in one go with what others wait for under the same title.
    """
    if cancelled() == key:
        _say_cancelled(title)
    progress = Progress(title)

    def computed() -> Result:
        progress.begin()
        return work(progress.report)

    piece = turns().ask(title, _visitor(), computed, lambda: not progress.stop.is_set(), together)
    try:
        if not piece.over.wait(AT_ONCE_SECONDS):
            _watch(piece, progress, key)
    finally:
        progress.stop.set()
    return piece.result()


def _watch(piece: Piece, progress: Progress, key: str) -> None:
    place = st.empty()
    with place.container(border=True):
        bar = st.progress(0.0, _line(piece, progress))
        st.button(
            "Cancel",
            key=f"waiting.cancel {_of_this_run()} {key}",
            on_click=_cancel,
            args=(key,),
            icon=":material/close:",
        )
        while not piece.over.wait(LOOK_UP_SECONDS):
            # a click ends the script in this call
            bar.progress(progress.share, _line(piece, progress))
    place.empty()


def _line(piece: Piece, progress: Progress) -> str:
    if piece.begun is None:
        return progress.waiting_line(turns().place(piece))
    return progress.line()


def _visitor() -> str:
    """Whose turn it is: a session's, or all of one address where strangers come."""
    address = st.context.ip_address if is_public() else None
    return address or st.session_state.setdefault(VISITOR, secrets.token_hex(8))


def cancelled() -> str:
    """Key of the work that the person stopped last and did not try again; "" for none."""
    return st.session_state.get("waiting.cancelled", "")


def offer_again(label: str) -> None:
    """A button that takes the person's cancel back."""
    key = f"waiting.again {_of_this_run()}"
    st.button(label, key=key, on_click=_cancel, args=("",), type="primary")


def _say_cancelled(title: str) -> None:
    st.warning(f"Cancelled: {title}. Nothing of it was kept.", icon=":material/cancel:")
    offer_again("Try again")
    st.stop()


def begin_run() -> None:
    """The script begins anew, and numbers its waits from 1."""
    st.session_state["waiting.shown"] = 0


def _of_this_run() -> int:
    """A number for each wait that shows: on a busy server a page waits twice for the same work."""
    st.session_state["waiting.shown"] += 1
    return st.session_state["waiting.shown"]


def _cancel(key: str) -> None:
    st.session_state["waiting.cancelled"] = key


@contextmanager
def errors_in_a_sentence() -> Iterator[None]:
    """Shows what a person can mend and keeps the session; everything else is ours and passes."""
    try:
        yield
    except LxmertVizError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.stop()


@cache
def turns() -> Turns:
    """Whose threads compute while the page stays alive and can be told to stop waiting."""
    return Turns()
