"""The page as a web application: its guards, what goes on beside it, and the port it listens on."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
import uvicorn
from starlette.middleware import Middleware

from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.errors import AddressError, LxmertVizError
from lxmert_viz.places import APP, is_public
from lxmert_viz.serving import incidents, logs
from lxmert_viz.serving.guard import Guard
from lxmert_viz.serving.limits import Limits

FIRST_PORT, PORTS = 8501, 100  # where nobody names one: the first that is free
MESSAGE_BYTES = 2**25  # of a websocket; the page's own are smaller, and pictures come otherwise
CLOSING_SECONDS = 5  # for requests that are on their way


def application(hosts: Collection[str] = (), secrets: dict[str, Any] | None = None) -> st.App:
    """hosts: names that the server answers to, beside localhost and addresses."""
    return st.App(
        APP,
        secrets=secrets,
        lifespan=_lifespan,
        middleware=[
            Middleware(Guard, hosts=hosts),
            Middleware(Limits, public=is_public()),
        ],
        on_script_error=incidents.tell_visitor,
    )


@asynccontextmanager
async def _lifespan(app: st.App) -> AsyncIterator[None]:
    from lxmert_viz.ui.server import sweeping  # its caches ask for Streamlit's running server

    sweeping.begin()
    opening = asyncio.create_task(asyncio.to_thread(_open_first))
    yield
    await opening


def _open_first() -> None:
    """The first visitor should not wait for torch."""
    from lxmert_viz.ui.server import models

    try:
        models.pipeline(SHIPPED)
    except LxmertVizError as error:  # the page says it as well
        logs.say("not opened", model=SHIPPED, problem=str(error))


def listening(host: str, port: int | None) -> socket.socket:
    """Where the page is served. Raises AddressError where nothing can listen."""
    ports = range(FIRST_PORT, FIRST_PORT + PORTS) if port is None else [port]
    problem = ""
    for wanted in ports:
        try:
            # a browser that is told localhost tries 127.0.0.1 too, but an old one not ::1
            address = "127.0.0.1" if host == "localhost" else host
            family, *_, place = socket.getaddrinfo(address, wanted, type=socket.SOCK_STREAM)[0]
            return socket.create_server(place[:2], family=family, backlog=2048)
        except OSError as error:
            problem = error.strerror or str(error)
    where = host if port is None else f"{host}, port {port}"
    raise AddressError(
        f"The page cannot be served at {where} ({problem}); choose another --port or --host."
    )


def serve(
    host: str, port: int | None, hosts: Collection[str], secrets: dict[str, Any] | None
) -> None:
    """Until SIGINT or SIGTERM. Raises AddressError where nothing can listen.

    secrets: of visitors who log in, as identity.secrets_of reads them.
    """
    with listening(host, port) as place:
        server = uvicorn.Server(
            uvicorn.Config(
                application({host, *hosts}, secrets),
                ws="websockets-sansio",
                ws_max_size=MESSAGE_BYTES,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=CLOSING_SECONDS,
            )
        )
        shown = "localhost" if host in ("0.0.0.0", "::") else host
        print(f"lxmert-viz: http://{shown}:{place.getsockname()[1]} (Ctrl-C ends it)", flush=True)
        server.run(sockets=[place])
    if not server.started:
        sys.exit(1)
