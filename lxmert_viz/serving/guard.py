"""Requests of other sites are refused, and answers say what a browser may do with them."""

import base64
import hashlib
import re
from collections.abc import Collection
from functools import cache
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# of Streamlit: what the operator's port has, and an interface for programs that stays off
CLOSED = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")
READING = ("GET", "HEAD")  # methods that change nothing
BROKEN_RULE = 1008  # code of a websocket's end
INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # an address holds the question
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
}


class Guard:
    """ASGI middleware, for requests and websockets alike.

    hosts: names that the server answers to, beside localhost and any IP address: a page of another
    site can be given our address only under a name of its own.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = {"localhost", *(host.lower().rstrip(".") for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope, Headers(scope=scope))
        if scope["type"] == "websocket":
            if refusal is None:
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": BROKEN_RULE})
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                for name, value in (HEADERS | {"Content-Security-Policy": policy()}).items():
                    told[name] = value
            await send(message)

        await (refusal or self._app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        hosts = headers.getlist("host")
        name = host_name(hosts[0]) if len(hosts) == 1 else None
        if name is None or not self._is_ours(name):
            return PlainTextResponse(
                "This server does not answer to that name. Whoever runs it can add the name with "
                "serve --allow-host NAME.",
                403,
            )
        origin = headers.get("origin")
        if origin is not None and _changes(scope) and not _same(origin, hosts[0]):
            return PlainTextResponse("A page of another site may not do this.", 403)
        if scope["path"].startswith(CLOSED):
            return PlainTextResponse("Not found.", 404)
        return None

    def _is_ours(self, name: str) -> bool:
        if name in self._hosts:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True


def host_name(host: str) -> str | None:
    """The name in a Host header, without port; None where it is no such header."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if parts.netloc != host or "@" in host or not parts.hostname:
        return None
    return parts.hostname.rstrip(".")


def _changes(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in READING


def _same(origin: str, host: str) -> bool:
    return urlsplit(origin).netloc.lower() == host.lower()


@cache
def policy() -> str:
    """The strictest content policy that Streamlit's page and our views run under.

    What it cannot forbid: styles within the page (every element of Streamlit has some), scripts as
    blobs (so our views arrive), and code made of text (so Plotly draws thousands of points). What
    is loaded, and where anything is sent, is this server alone.
    """
    rules = {
        "default-src": ("'none'",),
        "script-src": ("'self'", "blob:", "'unsafe-eval'", *map(_hashed, _inline_scripts())),
        "style-src": ("'self'", "'unsafe-inline'"),
        "img-src": ("'self'", "data:", "blob:"),
        "font-src": ("'self'", "data:"),
        "connect-src": ("'self'",),
        "worker-src": ("'self'", "blob:"),
        "manifest-src": ("'self'",),
        "frame-ancestors": ("'none'",),
        "form-action": ("'self'",),
        "base-uri": ("'self'",),
    }
    return "; ".join(f"{rule} {' '.join(sources)}" for rule, sources in rules.items())


def _inline_scripts() -> list[str]:
    """Of the page as the installed Streamlit has it."""
    found = find_spec("streamlit")
    if found is None or found.origin is None:
        raise ValueError("streamlit is not installed")
    return INLINE_SCRIPT.findall((Path(found.origin).parent / "static" / "index.html").read_text())


def _hashed(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
