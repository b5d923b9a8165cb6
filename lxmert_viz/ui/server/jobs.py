"""Downloads that go on while pages change and sessions end, each at most once at a time."""

import threading
from collections.abc import Callable
from threading import Event, Lock

import streamlit as st

from lxmert_viz.checkpoints.fetching import Progress, fetch, plan
from lxmert_viz.errors import LxmertVizError

Report = Callable[[str, float], None]


class _Stopped(Exception):
    """Ends a download in its own thread."""


class Download:
    """One checkpoint on its way; any session may watch or stop it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.progress: Progress | None = None  # None: it asks what there is to bring
        self.problem = ""  # what a person can mend
        self.notes: tuple[str, ...] = ()
        self.stopped = Event()
        self.over = Event()

    def run(self) -> None:
        try:
            self.notes = fetch(plan(self.name), self._hear)
        except LxmertVizError as error:
            self.problem = str(error)
        except _Stopped:
            self.problem = "Stopped. What came so far is kept; the next download goes on there."
        finally:
            self.over.set()

    def _hear(self, progress: Progress) -> None:
        if self.stopped.is_set():
            raise _Stopped
        self.progress = progress


class Downloads:
    """The last download of each checkpoint."""

    def __init__(self) -> None:
        self._by_name: dict[str, Download] = {}
        self._lock = Lock()

    def of(self, name: str) -> Download | None:
        return self._by_name.get(name)

    def start(self, name: str) -> None:
        with self._lock:
            running = self._by_name.get(name)
            if running and not running.over.is_set():
                return
            begun = self._by_name[name] = Download(name)
        # a daemon: closing the server does not wait for a gigabyte, and what came is kept
        threading.Thread(target=begun.run, name=f"download {name}", daemon=True).start()

    def forget(self, name: str) -> None:
        self._by_name.pop(name, None)


class _Stopped(Exception):
    """Ends an evaluation in its own thread."""


class Evaluation:
    """One run on its way; any session may watch or stop it."""

    def __init__(self, name: str, work: Callable[[Report], object]) -> None:
        self.name = name
        self.stage = "opening model and data"
        self.share = 0.0
        self.problem = ""  # what a person can mend
        self.stopped = Event()
        self.over = Event()
        self._work = work

    def run(self) -> None:
        try:
            self._work(self._hear)
        except LxmertVizError as error:
            self.problem = str(error)
        except _Stopped:
            self.problem = "Stopped. What is done is kept, and it goes on from there."
        finally:
            self.over.set()

    def _hear(self, stage: str, share: float) -> None:
        if self.stopped.is_set():
            raise _Stopped
        self.stage, self.share = stage, min(max(share, 0.0), 1.0)


class Evaluations:
    """The last evaluation of each run."""

    def __init__(self) -> None:
        self._by_name: dict[str, Evaluation] = {}
        self._lock = Lock()

    def of(self, name: str) -> Evaluation | None:
        return self._by_name.get(name)

    def running(self) -> list[Evaluation]:
        return [one for one in self._by_name.values() if not one.over.is_set()]

    def start(self, name: str, work: Callable[[Report], object]) -> None:
        """work: does the run and may be stopped at every report."""
        with self._lock:
            running = self._by_name.get(name)
            if running and not running.over.is_set():
                return
            begun = self._by_name[name] = Evaluation(name, work)
        threading.Thread(target=begun.run, name=f"evaluate {name}", daemon=True).start()

    def forget(self, name: str) -> None:
        self._by_name.pop(name, None)


@st.cache_resource(show_spinner=False)
def downloads() -> Downloads:
    return Downloads()


@st.cache_resource(show_spinner=False)
def evaluations() -> Evaluations:
    return Evaluations()
