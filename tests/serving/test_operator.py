"""What whoever runs the server reads on the second port, which others cannot reach."""

import json
import math
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.places import APP
from lxmert_viz.serving import operator
from lxmert_viz.serving.sockets import listening
from tests.helpers.page_client import Visitor, waited
from tests.helpers.served_page import free_port, served

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
SECRET = "is my neighbour at home"


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[str, str]]:
    """The page's address, after one visit, and the operator's."""
    port = free_port()
    with served(APP, "--operator-port", str(port)) as address:

        async def visit() -> None:
            visitor = await Visitor.come(address)
            await visitor.see(question=SECRET)
            await visitor.leave()

        waited(visit())
        yield address, f"http://127.0.0.1:{port}"


def _read(address: str, **headers: str) -> str:
    wanted = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(wanted, timeout=60) as answer:
        return answer.read().decode()


def test_health_asks_the_network_a_question(ports: tuple[str, str]) -> None:
    told = json.loads(_read(f"{ports[1]}/healthz"))
    assert (told["status"], told["question"]) == ("ok", "is there a cube?")
    assert told["answer"] in ("yes", "no")
    assert told["milliseconds"] >= 0


def test_a_network_that_does_not_answer_is_no_health(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from starlette.testclient import TestClient

    from lxmert_viz.errors import CheckpointError
    from lxmert_viz.ui.server import models

    def broken(name: str) -> None:
        raise CheckpointError("its weights are gone")

    monkeypatch.setattr(models, "pipeline", broken)
    answer = TestClient(operator.application(), base_url="http://localhost").get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["problem"] == "its weights are gone"


def test_metrics_are_open_metrics_and_tell_of_the_visit(ports: tuple[str, str]) -> None:
    lines = _read(f"{ports[1]}/metrics").splitlines()
    assert lines[-1] == "# EOF"
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(families) == len(set(families))
    samples = [SAMPLE.match(line) for line in lines if not line.startswith("#")]
    assert all(samples)
    values = {(m[1], m[2]): float(m[3]) for m in samples}
    asked = values["lxmert_viz_work_seconds_count", 'kind="asking miniature"']
    assert asked >= 1
    assert values["lxmert_viz_work_seconds_bucket", 'kind="asking miniature",le="+Inf"'] == asked
    assert values["lxmert_viz_resident_bytes", None] > 1e8
    assert values["lxmert_viz_errors_total", None] == 0
    assert ("active_sessions", None) in values
    assert all(math.isfinite(value) for value in values.values())


def test_the_page_tells_of_work_without_what_was_asked(ports: tuple[str, str]) -> None:
    told = _read(f"{ports[1]}/")
    assert "<td>asking miniature</td>" in told
    assert "<h2>Errors (0)</h2><p>none</p>" in told
    assert SECRET not in told
    assert SECRET not in _read(f"{ports[1]}/metrics")


def test_other_names_and_the_page_s_port_do_not_lead_there(ports: tuple[str, str]) -> None:
    page, own = ports
    with pytest.raises(urllib.error.HTTPError, match="403"):
        _read(f"{own}/metrics", Host="evil.example")
    for path in ("metrics", "healthz"):
        assert "<title>Streamlit</title>" in _read(f"{page}/{path}")


def test_a_busy_operator_s_port_is_told_before_anything_is_served(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with listening("localhost", None) as busy:
        port = str(busy.getsockname()[1])
        assert main(["serve", "--port", str(free_port()), "--operator-port", port]) == 2
    assert f"port {port}" in capsys.readouterr().err
