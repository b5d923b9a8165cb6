"""A visitor without a browser: Streamlit's websocket, spoken as its page does."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any, Self, TypeVar
from urllib.parse import urlencode, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

Result = TypeVar("Result")
SECONDS = 120.0  # a busy machine, not a slow page
MOST_BYTES = 2**28
RUN_AGAIN = 2  # a script's end that is none
FORM = (
    '--cut\r\nContent-Disposition: form-data; name="file"; filename="{}"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
)


def waited(coming: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine gives; in a thread of its own, for Playwright has a loop in this one."""
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(asyncio.run, coming).result()


class Visitor:
    """One session. What it sees are the elements of the last run, by their place."""

    def __init__(self, connection: ClientConnection, address: str) -> None:
        self._connection = connection
        self._address = urlsplit(address)
        self._pages: dict[str, str] = {}  # page's name -> its script's hash
        self._query = self._page = ""
        self._elements: dict[tuple[int, ...], Element] = {}
        self._widgets: dict[str, WidgetState] = {}
        self.session = ""

    @classmethod
    async def come(cls, address: str, **headers: str) -> Self:
        """Opens the websocket as the page at `address` would, or with other headers."""
        told = {"Origin": address} | headers
        stream = address.replace("http", "ws", 1) + "/_stcore/stream"
        connection = await connect(
            stream,
            subprotocols=["streamlit"],
            additional_headers=told,
            max_size=MOST_BYTES,
            open_timeout=SECONDS,
        )
        return cls(connection, address)

    async def leave(self) -> None:
        await self._connection.close()

    async def see(self, page: str = "", **query: str) -> "Visitor":
        """Loads a page by its name in the address; "" is the first."""
        self._query, self._page = urlencode(query), page
        await self._run()
        return self

    async def press(self, label: str) -> None:
        button = next(b for b in self.of("button") if b.label == label)
        await self._run(WidgetState(id=button.id, trigger_value=True))

    async def upload(self, label: str, name: str, content: bytes) -> int:
        """Gives a file to an uploader; the HTTP status of the transfer."""
        uploader = next(u for u in self.of("file_uploader") if u.label == label)
        wanted = BackMsg()
        wanted.file_urls_request.session_id = self.session
        wanted.file_urls_request.file_names.append(name)
        await self._connection.send(wanted.SerializeToString())
        while (told := await self._hear()).WhichOneof("type") != "file_urls_response":
            pass
        (place,) = told.file_urls_response.file_urls
        status = await asyncio.to_thread(self._put, place.upload_url, name, content)
        if status == 204:
            state = WidgetState(id=uploader.id)
            file = state.file_uploader_state_value.uploaded_file_info.add()
            file.file_id, file.name, file.size = place.file_id, name, len(content)
            file.file_urls.CopyFrom(place)
            self._widgets[uploader.id] = state
            await self._run()
        return status

    def of(self, kind: str) -> list[Any]:
        """Elements of one kind, as protocol buffers, from the top of the page."""
        found = sorted(self._elements.items())
        return [getattr(e, kind) for _, e in found if e.WhichOneof("type") == kind]

    @property
    def text(self) -> str:
        """What is written on the page."""
        written = [m.body for m in self.of("markdown")] + [a.body for a in self.of("alert")]
        return "\n".join(written + [bar.text for bar in self.of("progress")])

    async def _run(self, *pressed: WidgetState) -> None:
        wish = BackMsg()
        wish.rerun_script.query_string, wish.rerun_script.page_name = self._query, self._page
        wish.rerun_script.page_script_hash = self._pages.get(self._page, "")
        wish.rerun_script.widget_states.widgets.extend([*self._widgets.values(), *pressed])
        await self._connection.send(wish.SerializeToString())
        while True:
            told = await self._hear()
            if told.WhichOneof("type") == "script_finished" and told.script_finished != RUN_AGAIN:
                return

    async def _hear(self) -> ForwardMsg:
        told = ForwardMsg()
        told.ParseFromString(await asyncio.wait_for(self._connection.recv(), SECONDS))
        kind = told.WhichOneof("type")
        if kind == "new_session":
            self.session = told.new_session.initialize.session_id or self.session
            self._elements = {}
        elif kind == "navigation":
            for page in told.navigation.app_pages:
                self._pages[page.url_pathname] = page.page_script_hash
        elif kind == "delta":
            self._draw(tuple(told.metadata.delta_path), told)
        return told

    def _draw(self, place: tuple[int, ...], told: ForwardMsg) -> None:
        for inner in [p for p in self._elements if p[: len(place)] == place]:
            del self._elements[inner]
        if told.delta.WhichOneof("type") == "new_element":
            self._elements[place] = told.delta.new_element

    def _put(self, path: str, name: str, content: bytes) -> int:
        form = FORM.format(name).encode() + content + b"\r\n--cut--\r\n"
        server = HTTPConnection(self._address.hostname or "", self._address.port, timeout=SECONDS)
        try:
            server.request("GET", "/_stcore/health")
            answer = server.getresponse()
            answer.read()
            cookie = (answer.headers["set-cookie"] or "").split(";")[0]
            told = {
                "Content-Type": "multipart/form-data; boundary=cut",
                "Cookie": cookie,
                "X-Xsrftoken": cookie.partition("=")[2],
            }
            server.request("PUT", path if path.startswith("/") else f"/{path}", form, told)
            answer = server.getresponse()
            answer.read()
            return answer.status
        finally:
            server.close()
