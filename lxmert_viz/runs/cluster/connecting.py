"""A Ray cluster: reached with a deadline, and its own words kept in a file."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from lxmert_viz.errors import ClusterError
from lxmert_viz.places import PACKAGE

MISSING = (
    "Ray is not installed here: run `python -m pip install 'ray[data]>=2.60,<2.64'`, "
    "then ask again."
)
ADDRESS_VARIABLE = "RAY_ADDRESS"
SECONDS = 5.0  # that a cluster has to answer
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"  # gRPC begins so: RFC 9113
SETTINGS = b"\4"  # the kind of frame that answers it
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to anybody
    "RAY_ENABLE_AUTO_CONNECT": "0",  # what runs on after the end starts no cluster of its own
}
QUIET = {"log_to_driver": False, "configure_logging": False}


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

    def needs(self, device: str) -> str:
        gpus = f" and {self.gpus:g} GPUs" if device == "cuda" else ""
        return f"{self.processors} processors{gpus}"


@contextmanager
def connected(cluster: Cluster, log: Path) -> Iterator[TextIO]:
    """Gives what leads to the person; all else that is printed meanwhile goes into the log.

    A cluster elsewhere gets this package's code. Raises ClusterError where none answers, or where
    it fails meanwhile.
    """
    if find_spec("ray") is None:
        raise ClusterError(MISSING)
    os.environ.update(ENVIRONMENT)
    import ray  # before prints are caught: it remembers where they went
    from ray.exceptions import RayError, RayTaskError

    with _printing_into(log) as own:
        try:
            _begin(cluster)
        except (OSError, ValueError, RuntimeError, RayError) as error:
            place = cluster.place or "this machine"
            said = f" ({ADDRESS_VARIABLE})" if cluster.place and not cluster.address else ""
            raise ClusterError(
                f"No Ray cluster answers at {place}{said}: {error}. Start one with `ray start "
                "--head` and give its address; --address local starts one on this machine."
            ) from error
        try:
            yield own
        except RayError as error:
            cause = error.cause if isinstance(error, RayTaskError) else error
            if not isinstance(cause, RayError):  # raised by code of this program, on a machine
                raise
            said = str(cause).strip().partition("\n")[0].rstrip(".") or type(cause).__name__
            raise ClusterError(
                f"The Ray cluster failed: {said}. The same call goes on from there; what else Ray "
                f"says is in {log}."
            ) from error
        finally:
            ray.shutdown()


def reconnect(cluster: Cluster) -> None:
    """Ends all that goes on in the cluster for this process, whatever it waits for."""
    import ray

    ray.shutdown()
    _begin(cluster)


def device_of(asked: str) -> str:
    """What actors compute on: "auto" is a GPU where the connected cluster has any.

    An actor sees the GPU that it was given and no other, whatever its number is here.
    """
    import ray

    if asked != "auto":
        return asked.partition(":")[0]
    return "cuda" if ray.cluster_resources().get("GPU", 0) else "cpu"


def machines(cluster: Cluster, device: str) -> dict[str, str]:
    """Those of the connected cluster that have room for an actor: id of the node -> its host."""
    import ray

    least = {"CPU": cluster.processors, "GPU": cluster.gpus if device == "cuda" else 0}
    return {
        node["NodeID"]: node["NodeManagerHostname"]
        for node in ray.nodes()
        if node["Alive"] and all(node["Resources"].get(k, 0) >= n for k, n in least.items())
    }


def _begin(cluster: Cluster) -> None:
    if cluster.place not in ("", "local", "auto"):
        _knock(cluster.place)  # Ray would wait for minutes
    import ray

    if cluster.place in ("", "local"):  # with fewer CPUs than actors, some would wait for ever
        cpus = max(os.cpu_count() or 1, 1 + cluster.workers * cluster.processors)
        ray.init("local", num_cpus=cpus, include_dashboard=False, **QUIET)
    else:
        sent = {"py_modules": [str(PACKAGE)], "excludes": ["__pycache__"]}
        ray.init(cluster.place, runtime_env=sent, **QUIET)


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
def _printing_into(log: Path) -> Iterator[TextIO]:
    """All that is printed goes into the log, but for what is written to the stream it gives.

    Ray prints from many threads and from C++.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    # a log grows; it stays open, because Ray's threads and loggers speak on after the end
    file = log.open("a", encoding="utf-8", buffering=1)
    with ExitStack() as stack:
        for number in (1, 2):
            kept = stack.enter_context(_moved(number, file))
        own = sys.stderr
        if _descriptor(own) == 2:  # else somebody catches what is printed
            own = stack.enter_context(open(kept, "w", encoding=own.encoding, closefd=False))
        stack.enter_context(redirect_stdout(file))
        stack.enter_context(redirect_stderr(file))
        yield own


@contextmanager
def _moved(number: int, file: TextIO) -> Iterator[int]:
    """A descriptor leads to the file; gives another one that leads where it led."""
    sys.stdout.flush()
    kept = os.dup(number)
    os.dup2(file.fileno(), number)
    try:
        yield kept
    finally:
        os.dup2(kept, number)
        os.close(kept)


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):  # it has none
        return None
