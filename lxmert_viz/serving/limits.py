"""How much one visitor, and all together, may send; over that, an answer says so at once."""

import re
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime

from lxmert_viz.ui.server.upload_limits import MEGABYTE, megabytes_for

UPLOADS = "/_stcore/upload_file/"  # then the session's id and the file's
FORM_BYTES = MEGABYTE  # around the file in a request
VISITORS_MB, ALL_MB = 1_000, 4_000  # of uploads that the server holds in memory
SESSIONS_AT_ONCE, SESSIONS_A_MINUTE, UPLOADS_A_MINUTE = 10, 30, 30  # of one address, to the public
MOST_ADDRESSES = 10_000  # that are remembered; the one seen least lately is forgotten
TRY_LATER = 1013  # code of a websocket's end
FILE_NAME = re.compile(rb'filename="([^"]*)"')


class Limits:
    """ASGI middleware. held: bytes of uploads in memory, of one session and of all."""

    def __init__(
        self, app: ASGIApp, public: bool, held: Callable[[str], tuple[int, int]] | None = None
    ) -> None:
        self._app = app
        self._public = public
        self._held = held or held_by
        self._arriving: Counter[str] = Counter()  # bytes on their way, by session
        self._open: Counter[str] = Counter()  # websockets, by address
        self._sessions = Pace(SESSIONS_A_MINUTE)
        self._uploads = Pace(UPLOADS_A_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and self._public:
            await self._session(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "PUT" and UPLOADS in scope["path"]:
            await self._upload(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _session(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = _address(scope)
        if self._open[address] >= SESSIONS_AT_ONCE or not self._sessions.has_room(address):
            await send({"type": "websocket.close", "code": TRY_LATER})
            return
        self._open[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= Counter({address: 1})  # without those that are 0

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = Headers(scope=scope).get("content-length", "")
        if not told.isdecimal() or len(told) > len(str(2**63)):
            await PlainTextResponse("Say how long the file is.", 411)(scope, receive, send)
            return
        length, session = int(told), scope["path"].split(UPLOADS)[1].split("/")[0]
        first = await receive()
        refusal = self._refusal(_address(scope), session, length, first)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        self._arriving[session] += length
        try:
            await self._app(scope, _again(first, receive), send)
        finally:
            self._arriving -= Counter({session: length})

    def _refusal(
        self, address: str, session: str, length: int, first: Message
    ) -> PlainTextResponse | None:
        name = FILE_NAME.search(first.get("body", b""))
        if name is None:
            return PlainTextResponse("Begin with the file's name.", 400)
        most = megabytes_for(name[1].decode("utf-8", "replace"))
        if length > most * MEGABYTE + FORM_BYTES:
            return PlainTextResponse(f"Files of this kind may have {most} MB.", 413)
        if self._public and not self._uploads.has_room(address):
            return PlainTextResponse("Too many files at once; try again in a minute.", 429)
        own, everybodys = self._held(session)
        own += self._arriving[session] + length
        everybodys += self._arriving.total() + length
        if own > VISITORS_MB * MEGABYTE:
            return PlainTextResponse(f"One visitor may give {VISITORS_MB} MB in all.", 413)
        if everybodys > ALL_MB * MEGABYTE:
            return PlainTextResponse("The server holds all it can; try again later.", 503)
        return None


class Pace:
    """So many a minute, for each address."""

    def __init__(self, a_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now = a_minute, now
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def has_room(self, address: str) -> bool:
        """Counts this one where it has."""
        times = self._times.setdefault(address, deque())
        self._times.move_to_end(address)
        while len(self._times) > MOST_ADDRESSES:
            self._times.popitem(last=False)
        while times and times[0] <= self._now() - 60:
            times.popleft()
        if len(times) >= self._most:
            return False
        times.append(self._now())
        return True


def held_by(session: str) -> tuple[int, int]:
    """Bytes of uploads that Streamlit holds in memory: of one session, and of all."""
    storage = runtime.get_instance().uploaded_file_mgr.file_storage
    sizes = {
        holder: sum(len(file.data) for file in list(files.values()))
        for holder, files in list(storage.items())
    }
    return sizes.get(session, 0), sum(sizes.values())


def _address(scope: Scope) -> str:
    return scope["client"][0] if scope["client"] else ""


def _again(first: Message, receive: Receive) -> Receive:
    """What was received, and then the rest."""
    waiting = [first]

    async def received() -> Message:
        return waiting.pop() if waiting else await receive()

    return received
