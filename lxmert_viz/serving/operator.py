"""A second port for whoever runs the server, on this machine alone: how it is, and whether."""

import html
import socket
import threading
import time
from functools import cache

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Route
from streamlit.runtime.stats import GaugeStat

from lxmert_viz.checkpoints.fetching import in_words
from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.errors import LxmertVizError
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Regions
from lxmert_viz.runs.stored import StoredRegions
from lxmert_viz.serving import incidents, numbers
from lxmert_viz.serving.guard import Guard
from lxmert_viz.ui.server import models, waiting

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
QUESTION = "is there a cube?"
EVERY_SECONDS = 10
HEAD = f"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta http-equiv="refresh" content="{EVERY_SECONDS}"><title>lxmert-viz: operator</title>
<style>
body {{ font: 15px/1.5 sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ border-bottom: 1px solid #ccc; padding: .25rem .5rem; text-align: right }}
th:first-child, td:first-child {{ text-align: left }}
td {{ overflow-wrap: anywhere }}
</style>
<h1>lxmert-viz</h1>
<p><a href="/metrics">OpenMetrics</a> &middot; <a href="/healthz">health</a></p>
"""


def start(place: socket.socket) -> threading.Thread:
    """Ends with the process."""
    config = uvicorn.Config(application(), log_config=None, access_log=False, server_header=False)
    server = threading.Thread(
        target=uvicorn.Server(config).run, args=([place],), name="operator", daemon=True
    )
    server.start()
    return server


def application() -> Starlette:
    # plain functions, which Starlette runs in threads: none may hold up the others
    routes = [Route("/", page), Route("/metrics", metrics), Route("/healthz", health)]
    return Starlette(routes=routes, middleware=[Middleware(Guard)])


def metrics(request: Request) -> PlainTextResponse:
    return PlainTextResponse(numbers.text(), media_type=OPEN_METRICS)


def health(request: Request) -> JSONResponse:
    """503 where the network does not answer one question as it always does."""
    begun = time.perf_counter()
    try:
        answers = models.pipeline(SHIPPED).ask(_regions(), QUESTION).answers
    except (LxmertVizError, OSError) as error:
        return JSONResponse({"status": "broken", "problem": str(error)}, 503)
    told = {"status": "ok", "question": QUESTION, "answer": answers[0].text}
    return JSONResponse(told | {"milliseconds": round(1000 * (time.perf_counter() - begun))})


@cache
def _regions() -> Regions:
    """Of the first picture of the study set."""
    stored = StoredRegions(models.pipeline(SHIPPED), ASSETS / "study" / "regions.tsv")
    return stored.of(stored.pictures[0])


def page(request: Request) -> HTMLResponse:
    kinds = numbers.work()
    work = [
        (
            name,
            f"{sum(kind.counts):,}",
            f"{kind.seconds / max(sum(kind.counts), 1):.2f} s",
            f"{max(kind.lately):.2f} s",
            f"{kind.waited / max(sum(kind.counts), 1):.2f} s",
        )
        for name, kind in sorted(kinds.items())
    ]
    turns = waiting.turns()
    queue = [(piece.kind, "running") for piece in turns.running()]
    queue += [(piece.kind, "waiting") for piece in turns.waiting()]
    server = [("open pages", f"{numbers.sessions():,}")]
    server += [(gauge.help.lower(), _said(gauge)) for gauge in numbers.gauges()]
    met = reversed(incidents.MET.last)
    errors = [(e.time, e.id, e.error, " > ".join(e.where[-3:])) for e in met]
    return HTMLResponse(
        HEAD
        + _table("Server", ("what", "now"), server)
        + _table("Queue", ("work", "state"), queue)
        + _table("Work", ("what", "times", "mean", "longest lately", "mean wait"), work)
        + _table(f"Errors ({incidents.MET.count})", ("time", "number", "error", "where"), errors)
    )


def _said(gauge: GaugeStat) -> str:
    is_size = gauge.family_name.endswith("_bytes")
    return in_words(gauge.value) if is_size else f"{gauge.value:,}"


def _table(title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    shown = f"<table><tr>{head}</tr>{body}</table>" if rows else "<p>none</p>"
    return f"<h2>{html.escape(title)}</h2>{shown}"
