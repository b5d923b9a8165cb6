"""Many visitors at once, over real websockets: what they wait, and whether each sees its own.

python -m benchmarks.sessions [--visitors N] [--pages N] [--minutes M] [--seed S]

A single visitor loads every view first. Then all load views at random, each in a session of its
own as a browser's is, some with a picture that is theirs alone, and every page must read as the
single visitor's. With --minutes they go on that long. Prints a JSON object: seconds a page (median,
95th percentile), pages a second, wrong pages, and of the server before and after: resident memory,
threads, open files, temporary files.
"""

import argparse
import asyncio
import json
import platform
import random
import tempfile
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import psutil
import streamlit
import torch
from PIL import Image, ImageDraw

from lxmert_viz.places import APP
from lxmert_viz.ui.server.examples import examples
from tests.helpers.page_client import Visitor
from tests.helpers.served_page import served

PAGES = ("", "attention_page", "walk_page", "regions_page", "why_page", "compare_page")
UPLOADS_SHARE = 0.15  # of the pages
NO_PICTURE = "0" * 64  # a link to a picture that nobody has: its page asks for one
IDLE_SECONDS = 5.0  # until the server's own threads have ended

View = tuple[str, str, str]  # page, example, question


@dataclass
class Seen:
    """What the visitors met."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[View] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    uploads: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=40)
    parser.add_argument("--pages", type=int, default=5, help="of each visitor")
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print(json.dumps(crowded(chosen.visitors, chosen.pages, chosen.minutes, chosen.seed)))


def crowded(visitors: int, pages: int, minutes: float, seed: int) -> dict[str, object]:
    with tempfile.TemporaryFile("w") as log, served(APP, log=log) as address:
        told = asyncio.run(measured(address, visitors, pages, minutes, seed))
    versions = {"streamlit": streamlit.__version__, "torch": torch.__version__}
    return told | {"versions": versions, "machine": platform.processor() or platform.machine()}


async def measured(
    address: str, visitors: int, pages: int, minutes: float, seed: int
) -> dict[str, object]:
    views = [
        (page, scene.name, question.text)
        for page in PAGES
        for scene in examples()
        for question in scene.questions[:2]
    ]
    right = await alone(address, views)
    server, seen = process_at(address), Seen()
    before, begun = state(server), time.monotonic()
    until = begun + 60 * minutes
    crowd = [
        visit(address, random.Random(f"{seed} {n}"), right, pages, until, seen)
        for n in range(visitors)
    ]
    await asyncio.gather(*crowd)
    took = time.monotonic() - begun
    await asyncio.sleep(IDLE_SECONDS)
    ordered = sorted(seen.seconds)
    return {
        "visitors": visitors,
        "pages": len(ordered),
        "uploads": seen.uploads,
        "pages a second": len(ordered) / took,
        "median s": ordered[len(ordered) // 2],
        "p95 s": ordered[int(0.95 * len(ordered))],
        "wrong": len(seen.wrong),
        "errors": seen.errors[:5],
        "before": before,
        "after": state(server),
    }


async def alone(address: str, views: list[View]) -> dict[View, str]:
    """What one visitor reads, view by view."""
    return {view: await read(address, view) for view in views}


async def read(address: str, view: View) -> str:
    """A page as it is loaded: in a session of its own."""
    page, example, question = view
    visitor = await Visitor.come(address)
    await visitor.see(page, example=example, question=question)
    await visitor.leave()
    if visitor.of("exception"):
        raise ValueError(f"{view}: {visitor.of('exception')[0].type}")
    return visitor.text


async def visit(
    address: str,
    dice: random.Random,
    right: dict[View, str],
    pages: int,
    until: float,
    seen: Seen,
) -> None:
    """So many pages, and then on until the time is over."""
    views, done = list(right), 0
    while done < pages or time.monotonic() < until:
        begun = time.monotonic()
        if dice.random() < UPLOADS_SHARE:
            await upload(address, dice, seen)
        else:
            view = dice.choice(views)
            if await read(address, view) != right[view]:
                seen.wrong.append(view)
        seen.seconds.append(time.monotonic() - begun)
        done += 1


async def upload(address: str, dice: random.Random, seen: Seen) -> None:
    """A picture of the visitor's own, in place of one that nobody has."""
    visitor = await Visitor.come(address)
    await visitor.see(picture=NO_PICTURE, question="is there a cube?")
    status = await visitor.upload("Your picture", "own.png", picture(dice))
    await visitor.leave()
    seen.uploads += 1
    if status != 204 or "P(match)" not in visitor.text:
        seen.errors.append(f"upload {status}")


def picture(dice: random.Random) -> bytes:
    """A disc of any colour anywhere on a grey table."""
    image = Image.new("RGB", (320, 240), (150, 150, 150))
    x, y, size = dice.randrange(20, 220), dice.randrange(20, 150), dice.randrange(30, 80)
    colour = tuple(dice.randrange(256) for _ in range(3))
    ImageDraw.Draw(image).ellipse((x, y, x + size, y + size), fill=colour)
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def process_at(address: str) -> psutil.Process:
    """Whichever of our own children listens there."""
    port = int(address.rpartition(":")[2])
    for child in psutil.Process().children(recursive=True):
        listening = [c for c in child.net_connections() if c.status == psutil.CONN_LISTEN]
        if any(c.laddr.port == port for c in listening):
            return child
    raise ValueError(f"no child listens at {address}")


def state(server: psutil.Process) -> dict[str, int]:
    return {
        "resident MB": server.memory_info().rss // 2**20,
        "threads": server.num_threads(),
        "open files": server.num_fds(),
        "temporary files": len(list(Path(tempfile.gettempdir()).glob("lxmert-viz-*"))),
    }


if __name__ == "__main__":
    main()
