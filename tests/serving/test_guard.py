"""What a page of another site may not do, and what a browser is told of ours."""

import json
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import InvalidStatus

from lxmert_viz.serving.guard import CLOSED, HEADERS, Guard, host_name
from tests.helpers.page_client import Visitor, waited

NAMED = "demo.example"


async def _greeting(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        await socket.send_text("come in")
        await socket.close()
    else:
        await PlainTextResponse("come in")(scope, receive, send)


@pytest.fixture(scope="module")
def guarded() -> TestClient:
    return TestClient(Guard(_greeting, [NAMED]))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8501", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1:8501", 200),
        ("[::1]:8501", 200),
        ("10.1.2.3", 200),
        ("demo.example", 200),
        ("demo.example.:443", 200),
        ("evil.example", 403),
        ("demo.example.evil.example", 403),
        ("localhost.evil.example", 403),
        ("localhost@evil.example", 403),
        ("localhost:port", 403),
        ("", 403),
    ],
)
def test_only_names_of_ours_are_answered_to(guarded: TestClient, host: str, status: int) -> None:
    answer = guarded.get("/", headers={"Host": host})
    assert answer.status_code == status
    assert ("--allow-host" in answer.text) == (status == 403)


def test_two_host_headers_are_none() -> None:
    answer = TestClient(Guard(_greeting)).get("/", headers=[("Host", "localhost")] * 2)
    assert answer.status_code == 403


ORIGINS = [
    ("http://localhost:8501", True),
    ("https://localhost:8501", True),  # a proxy speaks TLS
    ("http://localhost:9999", False),
    ("http://127.0.0.1:8501", False),
    ("https://evil.example", False),
    ("null", False),
    ("", False),
]


@pytest.mark.parametrize(("origin", "may"), ORIGINS)
def test_only_our_own_page_opens_a_websocket(guarded: TestClient, origin: str, may: bool) -> None:
    told = {"Host": "localhost:8501", "Origin": origin}
    if may:
        with guarded.websocket_connect("/_stcore/stream", headers=told) as socket:
            assert socket.receive_text() == "come in"
    else:
        with (
            pytest.raises(WebSocketDisconnect),
            guarded.websocket_connect("/_stcore/stream", headers=told),
        ):
            pass


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(("origin", "may"), ORIGINS)
def test_only_our_own_page_changes_anything(
    guarded: TestClient, method: str, origin: str, may: bool
) -> None:
    told = {"Host": "localhost:8501", "Origin": origin}
    assert guarded.request(method, "/", headers=told).status_code == (200 if may else 403)


@pytest.mark.parametrize("path", [*CLOSED, "/_stcore/agent/mcp", "/%5Fstcore/metrics"])
def test_what_is_for_operators_and_programs_is_closed(guarded: TestClient, path: str) -> None:
    assert guarded.get(path, headers={"Host": "localhost"}).status_code == 404


def test_a_host_is_told_without_its_port() -> None:
    assert host_name("Demo.Example.:80") == "demo.example"
    assert host_name("a/b") is None


def _get(address: str, path: str, **headers: str) -> HTTPResponse:
    place = urlsplit(address)
    server = HTTPConnection(place.hostname or "", place.port, timeout=60)
    server.request("GET", path, headers=headers)
    return server.getresponse()


@pytest.mark.parametrize(
    "path", ["/", "/_stcore/health", "/_stcore/host-config", "/media/none", "/static/none.js"]
)
def test_every_answer_tells_the_browser_what_it_may(address: str, path: str) -> None:
    told = _get(address, path).headers
    assert {name: told[name] for name in HEADERS} == HEADERS
    policy = told["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "http:" not in policy and "https:" not in policy and "*" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert told["Access-Control-Allow-Origin"] is None
    assert told["Server"] is None


def test_the_real_server_refuses_what_the_guard_refuses(address: str) -> None:
    assert _get(address, "/", Host="evil.example").status == 403
    for path in ("/_stcore/metrics", "/_stcore/agent/openapi.json", "/_stcore/agent/mcp"):
        assert _get(address, path).status == 404


def test_no_foreign_page_may_steer_ours(address: str) -> None:
    assert json.loads(_get(address, "/_stcore/host-config").read())["allowedOrigins"] == []


def test_the_real_websocket_is_for_our_own_page(address: str) -> None:
    async def visit() -> str:
        visitor = await Visitor.come(address)
        await visitor.see()
        await visitor.leave()
        return visitor.text

    assert "P(match)" in waited(visit())
    with pytest.raises(InvalidStatus, match="403"):
        waited(Visitor.come(address, Origin="http://localhost:1"))
