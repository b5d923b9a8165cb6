"""A cluster that is not there is told in seconds, and what Ray prints stays out of the way."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from lxmert_viz.errors import ClusterError
from lxmert_viz.runs.cluster import connecting
from lxmert_viz.runs.cluster.connecting import Cluster, connected

PRINTS = """
import os, sys
from pathlib import Path
from lxmert_viz.runs.cluster.connecting import _printing_into
with _printing_into(Path(sys.argv[1])) as own:
    print("from Python")
    print("an error", file=sys.stderr)
    os.write(1, b"from C\\n")
    os.write(2, b"an error from C\\n")
    own.write("to the person\\n")
print("the result")
"""


@contextmanager
def listener(answer: bytes | None) -> Iterator[int]:
    """The port of somebody who is not Ray. answer: None is silence."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            line, _ = server.accept()
            with line, suppress(ConnectionResetError):
                line.recv(100)
                if answer is not None:
                    line.sendall(answer)
                line.recv(100)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]


def test_without_ray_one_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(connecting, "find_spec", lambda name: None)
    with (
        pytest.raises(ClusterError, match="pip install"),
        connected(Cluster(), tmp_path / "log"),
    ):
        pass


@pytest.mark.parametrize(
    ("answer", "told"),
    [(b"HTTP/1.1 400 Bad Request\r\n", "is not Ray"), (None, "said nothing for 0 s")],
)
def test_who_is_not_ray_is_told_before_ray_waits(
    answer: bytes | None, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ray = pytest.importorskip("ray")
    tried: list[str] = []
    monkeypatch.setattr(ray, "init", lambda address, **given: tried.append(address))
    monkeypatch.setattr(connecting, "SECONDS", 0.3)
    with listener(answer) as port:
        address = f"127.0.0.1:{port}"
        with (
            pytest.raises(ClusterError, match=f"at {address}: who listens there {told}"),
            connected(Cluster(address), tmp_path / "log"),
        ):
            pass
    assert tried == []


def test_a_port_where_nobody_listens_and_an_address_that_is_none_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    with (
        pytest.raises(ClusterError, match="at 127.0.0.1:1: .*refused"),
        connected(Cluster("127.0.0.1:1"), tmp_path / "log"),
    ):
        pass
    monkeypatch.setenv("RAY_ADDRESS", "somewhere")
    with (
        pytest.raises(ClusterError, match=r"at somewhere \(RAY_ADDRESS\): .* not HOST:PORT"),
        connected(Cluster(), tmp_path / "log"),
    ):
        pass


def test_the_address_is_tried_before_a_model_is_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    from lxmert_viz.__main__ import main
    from lxmert_viz.pipeline import Pipeline

    monkeypatch.setattr(Pipeline, "open", None)
    run = ["evaluate", "study", "--out", str(tmp_path / "run"), "--engine", "ray"]
    assert main([*run, "--address", "127.0.0.1:1"]) == 2
    assert "No Ray cluster answers at 127.0.0.1:1" in capsys.readouterr().err


def a_cluster_that_fails(error: Callable[[], Exception], log: Path) -> None:
    with connected(Cluster(), log):
        raise error()


def test_a_cluster_that_fails_meanwhile_is_told_in_one_sentence_and_a_fault_of_ours_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ray = pytest.importorskip("ray")
    errors, log = ray.exceptions, tmp_path / "ray.log"
    monkeypatch.setattr(ray, "init", lambda *_, **given: None)
    died = errors.RayError("The actor died.\n  class_name: MapWorker")
    told = f"The Ray cluster failed: The actor died\\. The same call goes on .*{log}"
    with pytest.raises(ClusterError, match=told) as raised:
        a_cluster_that_fails(lambda: died, log)
    assert "\n" not in str(raised.value)
    lost = errors.RayTaskError("map", "a traceback", died)
    with pytest.raises(ClusterError, match=told):
        a_cluster_that_fails(lambda: lost, log)
    ours = errors.RayTaskError("map", "a traceback", KeyError("ours"))
    with pytest.raises(errors.RayTaskError):
        a_cluster_that_fails(lambda: ours, log)


def test_what_others_print_goes_into_the_log_and_a_result_does_not(tmp_path: Path) -> None:
    log = tmp_path / "run" / "ray.log"
    ended = subprocess.run(
        [sys.executable, "-c", PRINTS, str(log)], capture_output=True, text=True, check=True
    )
    assert (ended.stdout, ended.stderr) == ("the result\n", "to the person\n")
    told = {"from Python", "an error", "from C", "an error from C"}
    assert set(log.read_text().splitlines()) == told


def test_what_is_caught_stays_caught(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = [os.fstat(number).st_ino for number in (1, 2)]
    with connecting._printing_into(tmp_path / "log") as own:
        print("in the log")
        own.write("to the person\n")
    assert capsys.readouterr().err == "to the person\n"
    assert [os.fstat(number).st_ino for number in (1, 2)] == before
