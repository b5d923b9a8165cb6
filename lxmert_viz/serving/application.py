"""The page as a web application: its guards, what goes on beside it, and the port it listens on."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import Any

import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from streamlit import runtime

from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.errors import LxmertVizError
from lxmert_viz.places import APP, is_public
from lxmert_viz.serving import incidents, logs
from lxmert_viz.serving.guard import Guard
from lxmert_viz.serving.limits import Limits
from lxmert_viz.serving.sockets import listening

MESSAGE_BYTES = 2**25  # of a websocket; the page's own are smaller, and pictures come otherwise
REAP_EVERY_SECONDS = 60.0
CLOSING_SECONDS = 5  # for requests that are on their way


def application(
    hosts: Collection[str], secrets: dict[str, Any] | None, operators: socket.socket | None
) -> st.App:
    """hosts: names that the server answers to, beside localhost and addresses.

    operators: where whoever runs it is answered.
    """
    return st.App(
        APP,
        secrets=secrets,
        lifespan=partial(_lifespan, operators),
        middleware=[
            Middleware(Guard, hosts=hosts),
            Middleware(Limits, public=is_public()),
        ],
        on_script_error=incidents.tell_visitor,
    )


@asynccontextmanager
async def _lifespan(operators: socket.socket | None, app: st.App) -> AsyncIterator[None]:
    # their caches ask for Streamlit's running server
    from lxmert_viz.serving import operator
    from lxmert_viz.ui.server import sweeping

    sweeping.begin()
    if operators is not None:
        operator.start(operators)
    opening = asyncio.create_task(asyncio.to_thread(_open_first))
    reaping = asyncio.create_task(_reap_on())
    yield
    reaping.cancel()
    await opening


async def _reap_on() -> None:
    """Ends sessions whose time to come back is over.

    Streamlit does so only when another one leaves: on a quiet server the last ones' pictures, and
    three open files each, stay for good. It has no public call for it.
    """
    while True:
        await asyncio.sleep(REAP_EVERY_SECONDS)
        runtime.get_instance()._session_mgr._session_storage._cache.expire()


def _open_first() -> None:
    """The first visitor should not wait for torch."""
    from lxmert_viz.ui.server import models

    try:
        models.pipeline(SHIPPED)
    except LxmertVizError as error:  # the page says it as well
        logs.say("not opened", model=SHIPPED, problem=str(error))


def serve(
    host: str,
    port: int | None,
    hosts: Collection[str],
    secrets: dict[str, Any] | None,
    operator_port: int | None,
) -> None:
    """Until SIGINT or SIGTERM. Raises AddressError where nothing can listen.

    secrets: of visitors who log in, as identity.secrets_of reads them.
    """
    with ExitStack() as stack:
        place = stack.enter_context(listening(host, port))
        operators = None
        if operator_port is not None:
            operators = stack.enter_context(listening("localhost", operator_port))
        server = uvicorn.Server(
            uvicorn.Config(
                application({host, *hosts}, secrets, operators),
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
