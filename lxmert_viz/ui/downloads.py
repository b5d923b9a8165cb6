"""Downloads that go on while pages change and sessions end, each at most once at a time."""

import threading
from threading import Event, Lock

from lxmert_viz.checkpoints.fetching import Progress, fetch, plan
from lxmert_viz.errors import LxmertVizError


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
