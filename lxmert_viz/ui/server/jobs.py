"""Work that goes on while pages change and sessions end, each piece at most once at a time."""

import threading
from collections.abc import Callable
from functools import cache
from threading import Event, Lock, Semaphore

from lxmert_viz.checkpoints.fetching import fetch, plan
from lxmert_viz.errors import LxmertVizError
from lxmert_viz.records import Report
from lxmert_viz.ui.server.waiting import Stopped

STOPPED = "Stopped. What is done is kept, and it goes on from there."
DOWNLOADS, EVALUATIONS = 4, 1  # at once: each evaluation takes all cores
LOOK_UP_SECONDS = 0.2
MOST_OVER = 200  # jobs that are over and still told of
Work = Callable[[Report], tuple[str, ...]]  # gives notes; may be stopped at every report


class Job:
    """One piece of work on its way; any session may watch or stop it."""

    def __init__(self, name: str, stage: str, work: Work, room: Semaphore) -> None:
        self.name = name
        self.stage = stage
        self.share = 0.0
        self.problem = ""  # what a person can mend
        self.notes: tuple[str, ...] = ()
        self.stopped = Event()
        self.over = Event()
        self._work, self._room = work, room

    def run(self) -> None:
        try:
            while not self._room.acquire(timeout=LOOK_UP_SECONDS):
                self._hear("waiting until another is over", 0.0)
            try:
                self.notes = self._work(self._hear)
            finally:
                self._room.release()
        except LxmertVizError as error:
            self.problem = str(error)
        except Stopped:
            self.problem = STOPPED
        finally:
            self.over.set()

    def _hear(self, stage: str, share: float) -> None:
        if self.stopped.is_set():
            raise Stopped(stage)
        self.stage, self.share = stage, min(max(share, 0.0), 1.0)


class Jobs:
    """The last job of each name; the oldest that are over are forgotten.

    first_stage: said until a job reports another. at_once: so many; the others wait.
    """

    def __init__(self, first_stage: str, at_once: int) -> None:
        self._first_stage = first_stage
        self._room = Semaphore(at_once)
        self._by_name: dict[str, Job] = {}
        self._lock = Lock()

    def of(self, name: str) -> Job | None:
        return self._by_name.get(name)

    def running(self) -> list[Job]:
        with self._lock:
            return [job for job in self._by_name.values() if not job.over.is_set()]

    def start(self, name: str, work: Work) -> None:
        """Nothing happens where the job of that name is on its way."""
        with self._lock:
            before = self._by_name.get(name)
            if before and not before.over.is_set():
                return
            self._by_name.pop(name, None)  # the last one begun stands last
            over = [name for name, job in self._by_name.items() if job.over.is_set()]
            for forgotten in over[:-MOST_OVER]:
                del self._by_name[forgotten]
            begun = self._by_name[name] = Job(name, self._first_stage, work, self._room)
        # a daemon: closing the server does not wait for a gigabyte, and what is done is kept
        threading.Thread(target=begun.run, name=f"job {name}", daemon=True).start()

    def forget(self, name: str) -> None:
        with self._lock:
            self._by_name.pop(name, None)


@cache  # not Streamlit's, which any visitor can clear
def downloads() -> Jobs:
    return Jobs("Asking what there is to download", DOWNLOADS)


@cache
def evaluations() -> Jobs:
    return Jobs("opening model and data", EVALUATIONS)


def download(name: str) -> None:
    """Brings a checkpoint, in the background."""

    def work(report: Report) -> tuple[str, ...]:
        return fetch(plan(name), lambda progress: report(progress.line(), progress.share))

    downloads().start(name, work)
