"""Every upload has a limit that its page states and the server holds to."""

from collections.abc import Callable

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from lxmert_viz.serving import limits
from lxmert_viz.serving.limits import ALL_MB, SESSIONS_AT_ONCE, UPLOADS, VISITORS_MB, Limits, Pace
from lxmert_viz.ui.server.upload_limits import (
    ANALYSIS_MB,
    DATASET_MB,
    LABELS_MB,
    MEGABYTE,
    PICTURE_MB,
    megabytes_for,
)
from tests.helpers.page_client import FORM, Visitor, waited

PLACE = f"{UPLOADS}session/file"


async def _taking(scope: Scope, receive: Receive, send: Send) -> None:
    """What Streamlit would do: reads all of it, and says how much that was."""
    if scope["type"] == "websocket":
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        await socket.receive()
        return
    size, more = 0, True
    while more:
        told = await receive()
        size, more = size + len(told.get("body", b"")), told.get("more_body", False)
    await PlainTextResponse(str(size))(scope, receive, send)


def _client(
    public: bool = False, held: Callable[[str], tuple[int, int]] = lambda session: (0, 0)
) -> TestClient:
    return TestClient(Limits(_taking, public, held))


def _put(client: TestClient, name: str, megabytes: float) -> tuple[int, str]:
    """Says that so much comes, and sends the beginning."""
    body = FORM.format(name).encode()
    length = {"Content-Length": str(int(megabytes * MEGABYTE) + len(body))}
    answer = client.put(PLACE, content=body, headers=length)
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("name", "megabytes"),
    [("a.png", PICTURE_MB), ("a.JPG", PICTURE_MB), ("a.zip", DATASET_MB), ("a", DATASET_MB)],
)
def test_each_kind_of_file_has_its_own_limit(name: str, megabytes: int) -> None:
    assert _put(_client(), name, megabytes)[0] == 200
    status, said = _put(_client(), name, megabytes + 2)
    assert (status, f"{megabytes} MB" in said) == (413, True)


def test_what_is_sent_arrives_unchanged() -> None:
    body = FORM.format("a.csv").encode() + b"x" * 300_000
    assert _client().put(PLACE, content=body).text == str(len(body))


def test_an_upload_says_its_length_and_name() -> None:
    def drip() -> list[bytes]:
        return [b"some", b"more"]

    assert _client().put(PLACE, content=iter(drip())).status_code == 411
    assert _client().put(PLACE, content=b"no form at all").status_code == 400


def test_a_visitor_and_all_visitors_have_a_limit_in_all() -> None:
    almost_own = (VISITORS_MB - 5) * MEGABYTE
    almost_all = (ALL_MB - 5) * MEGABYTE
    for held, status in (((almost_own, almost_own), 413), ((0, almost_all), 503)):
        client = _client(held=lambda session, held=held: held)
        assert _put(client, "a.zip", 4)[0] == 200
        assert _put(client, "a.zip", 6)[0] == status


def test_of_the_public_one_address_opens_so_many_sessions() -> None:
    client = _client(public=True)
    opened = [client.websocket_connect("/_stcore/stream") for _ in range(SESSIONS_AT_ONCE)]
    for session in opened:
        session.__enter__()
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream"):
        pass
    opened.pop().close()
    for session in opened:
        session.close()


def test_of_the_public_one_address_gives_so_many_files_a_minute() -> None:
    client = _client(public=True)
    statuses = [_put(client, "a.png", 1)[0] for _ in range(limits.UPLOADS_A_MINUTE + 1)]
    assert statuses == [200] * limits.UPLOADS_A_MINUTE + [429]
    assert _put(_client(), "a.png", 1)[0] == 200


def test_a_pace_is_of_each_address_and_of_a_minute() -> None:
    clock = [0.0]
    pace = Pace(2, lambda: clock[0])
    assert [pace.has_room("a") for _ in range(3)] == [True, True, False]
    assert pace.has_room("b")
    clock[0] = 61.0
    assert pace.has_room("a")


def test_the_public_gives_no_datasets(monkeypatch: pytest.MonkeyPatch) -> None:
    assert megabytes_for("a.csv") == DATASET_MB
    monkeypatch.setenv("LXMERT_VIZ_PUBLIC", "1")
    assert megabytes_for("a.csv") == ANALYSIS_MB
    assert megabytes_for("a.png") == PICTURE_MB


def test_each_uploader_states_the_limit_that_the_server_holds_to(address: str) -> None:
    async def visit(page: str, label: str, name: str, megabytes: int, **query: str) -> None:
        visitor = await Visitor.come(address)
        await visitor.see(page, **query)
        (uploader,) = [u for u in visitor.of("file_uploader") if u.label == label]
        assert uploader.max_upload_size_mb == megabytes
        assert await visitor.upload(label, name, bytes(1000)) == 204
        too_much = bytes((megabytes_for(name) + 2) * MEGABYTE) if name == "a.png" else None
        if too_much:
            assert await visitor.upload(label, name, too_much) == 413
        await visitor.leave()

    waited(visit("", "Your picture", "a.png", PICTURE_MB, picture="0" * 64))
    waited(visit("saved_page", "Open one that was kept", "a.zip", ANALYSIS_MB))


def test_the_page_reads_no_more_than_it_states() -> None:
    from lxmert_viz.errors import DatasetError
    from lxmert_viz.ui.server.upload_limits import content

    class Given:
        name, size = "labels.csv", LABELS_MB * MEGABYTE

        def getvalue(self) -> bytes:
            return b"id,label"

    given = Given()
    assert content(given, LABELS_MB) == b"id,label"
    given.size += 1
    with pytest.raises(DatasetError, match=f"labels.csv has {LABELS_MB} MB; at most {LABELS_MB}"):
        content(given, LABELS_MB)
