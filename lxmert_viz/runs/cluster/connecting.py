"""A Ray cluster: reached with a deadline, and its own words kept in a file."""

import io
import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from lxmert_viz.errors import ClusterError
from lxmert_viz.places import PACKAGE

MISSING = "Ray is not installed here: run `python -m pip install 'ray[data]'`, then ask again."
ADDRESS_VARIABLE = "RAY_ADDRESS"
SECONDS = 5.0  # that a cluster has to answer
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"  # gRPC begins so: RFC 9113
SETTINGS = b"\4"  # the kind of frame that answers it
RAY_LOGGERS = ("ray", "ray.data")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where to compute, and how much of it."""

    address: str = ""  # "host:port" or "auto"; "": RAY_ADDRESS, else this machine alone
    workers: int = 2  # actors at most, each with a model of its own
    processors: int = 1  # of an actor
    gpus: float = 1.0  # of an actor, where the device is cuda: a share of one, or several

    @property
    def place(self) -> str:
        return self.address or os.environ.get(ADDRESS_VARIABLE, "")


@contextmanager
def connected(cluster: Cluster, log: Path) -> Iterator[None]:
    """Raises ClusterError where no cluster answers.

    log: gets what Ray says, should it say anything. A cluster elsewhere gets this package's code.
    """
    if find_spec("ray") is None:
        raise ClusterError(MISSING)
    with _ray_says_in(log):
        try:
            _begin(cluster)
        except (OSError, ValueError, RuntimeError) as error:
            place = cluster.place or "this machine"
            said = f" (of {ADDRESS_VARIABLE})" if place and not cluster.address else ""
            raise ClusterError(
                f"No Ray cluster answers at {place}{said}: {error}. Start one with `ray start "
                "--head`, or give its address; --address local starts one on this machine."
            ) from error
        try:
            yield
        finally:
            import ray

            ray.shutdown()


def _begin(cluster: Cluster) -> None:
    if cluster.place not in ("", "local", "auto"):
        _knock(cluster.place)  # Ray would wait for minutes
    import ray

    if cluster.place in ("", "local"):  # with fewer CPUs than actors, some would wait for ever
        cpus = max(os.cpu_count() or 1, 1 + cluster.workers * cluster.processors)
        ray.init("local", num_cpus=cpus, include_dashboard=False, log_to_driver=False)
    else:
        sent = {"py_modules": [str(PACKAGE)], "excludes": ["__pycache__"]}
        ray.init(cluster.place, log_to_driver=False, runtime_env=sent)


def _knock(address: str) -> None:
    """Raises OSError where nobody listens, or somebody who does not speak gRPC."""
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        raise ValueError(f"{address!r} is not HOST:PORT")
    try:
        with socket.create_connection((host, int(port)), SECONDS) as line:
            line.settimeout(SECONDS)
            line.sendall(GREETING)
            if line.recv(4)[3:] != SETTINGS:
                raise ConnectionError("who listens there is not Ray")
    except TimeoutError as error:
        raise ConnectionError(f"who listens there said nothing for {SECONDS:.0f} s") from error


@contextmanager
def _ray_says_in(log: Path) -> Iterator[None]:
    with ExitStack() as stack:
        file = stack.enter_context(_Late(log))
        stack.enter_context(redirect_stdout(_Aside(sys.stdout, file)))
        stack.enter_context(redirect_stderr(_Aside(sys.stderr, file)))
        for name in RAY_LOGGERS:
            stack.enter_context(_logging_to(logging.getLogger(name), file))
        yield


@contextmanager
def _logging_to(logger: logging.Logger, file: TextIO) -> Iterator[None]:
    before = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [logging.StreamHandler(file)], False
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before


class _Late(io.TextIOBase):
    """A file that is there once something is written into it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def write(self, text: str) -> int:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8", buffering=1)  # a log grows
        return self._file.write(text)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


class _Aside(io.TextIOBase):
    """What other threads print goes into the log: Ray's do, and this program's do not."""

    def __init__(self, own: TextIO, log: TextIO) -> None:
        self._own, self._log, self._thread = own, log, threading.get_ident()

    def write(self, text: str) -> int:
        return self._stream().write(text)

    def flush(self) -> None:
        self._own.flush()

    def isatty(self) -> bool:
        return self._own.isatty()

    def fileno(self) -> int:
        return self._own.fileno()

    def _stream(self) -> TextIO:
        return self._own if threading.get_ident() == self._thread else self._log
