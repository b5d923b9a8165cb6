"""Many visitors at once, over real websockets: what they wait, and whether each sees its own.

python -m benchmarks.sessions [--visitors N] [--pages N] [--minutes M] [--pause S] [--mixed]

A single visitor loads every view first. Then all load views at random, each in a session of its
own as a browser's is, some with a picture that is theirs alone, and every page must read as the
single visitor's. With --minutes they go on that long. --mixed: they also ask what nobody asked
before, have pictures searched with numbers of their own, give files that are no pictures and
addresses that are none, leave in the middle, and read the board of mistakes while it is evaluated.
Meanwhile one more visitor loads a page that computes nothing, again and again.

Prints a JSON object: seconds a page (median, 95th percentile) by what was done, pages a second,
wrong pages, the longest wait for the page that computes nothing, and of the server before, every
ten minutes and after: resident memory, threads, open files, temporary files.
"""

import argparse
import asyncio
import json
import platform
import random
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
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
NUMBER = re.compile(r"\d*\.?\d+")
KEEPS_IN = "import tempfile; tempfile.tempdir = {!r}"
IDLE_SECONDS = 5.0  # until the server's own threads have ended
MIXED_SHARE = 0.5  # of the pages, with --mixed
PROBED_PAGE, PROBE_SECONDS = "models_page", 2.0  # it computes nothing
SAMPLE_SECONDS = 600.0
LEAVE_SECONDS = 0.2  # before a page can be whole
COLORS, SHAPES = ("red", "green", "blue", "yellow"), ("cube", "ball", "cone", "ring")
BAD_ADDRESSES = (
    {"example": "scene-1", "question": "?" * 3000},
    {"example": "scene-1", "question": "[MASK] " * 40},
    {"example": "../../etc/passwd", "question": "is there a cube?"},
    {"example": "scene-2", "question": "is there a cube?", "layer": "9" * 5000},
    {"example": "scene-2", "question": "is there a cube?", "off": "-1,x,9999"},
    {
        "example": "scene-3",
        "question": "is there a cube?",
        "regions": "trained, regions=\u0665\u0660",
    },
    {"picture": "0" * 64, "question": "<script>alert(1)</script>", "model": "none"},
)

View = tuple[str, str, str]  # page, example, question


@dataclass(frozen=True)
class Habits:
    """How a visitor goes about."""

    pages: int  # at least
    until: float = 0.0  # by time.monotonic
    pause: float = 0.0  # mean seconds between two pages
    mixed_share: float = 0.0  # of what is no view


@dataclass
class Seen:
    """What the visitors met."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    probed: list[float] = field(default_factory=list)
    wrong: list[View] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=40)
    parser.add_argument("--pages", type=int, default=5, help="of each visitor")
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--pause", type=float, default=0.0, help="mean seconds between two pages")
    parser.add_argument("--mixed", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    print(json.dumps(crowded(parser.parse_args())))


def crowded(chosen: argparse.Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as log:
        data, own = Path(folder) / "data", Path(folder) / "temporary"
        data.mkdir()
        own.mkdir()
        with served(APP, "--data", str(data), log=log, setup=KEEPS_IN.format(str(own))) as address:
            told = asyncio.run(measured(address, chosen, own))
        log.seek(0)
        told["logged errors"] = [line[:300] for line in log if "error" in line.lower()][:20]
    versions = {"streamlit": streamlit.__version__, "torch": torch.__version__}
    return told | {"versions": versions, "machine": platform.processor() or platform.machine()}


async def measured(address: str, chosen: argparse.Namespace, own: Path) -> dict[str, object]:
    """own: where the server has its temporary files."""
    views = [
        (page, scene.name, question.text)
        for page in PAGES
        for scene in examples()
        for question in scene.questions[:2]
    ]
    right = await alone(address, views)
    server, seen, samples = process_at(address), Seen(), []
    begun = time.monotonic()
    until = begun + 60 * chosen.minutes
    watching = [
        asyncio.create_task(sample(server, own, samples)),
        asyncio.create_task(probe(address, seen)),
    ]
    crowd = []
    for number in range(chosen.visitors):
        dice = random.Random(f"{chosen.seed} {number}")
        habits = Habits(chosen.pages, until, chosen.pause, MIXED_SHARE if chosen.mixed else 0.0)
        crowd.append(visit(address, dice, right, habits, seen))
    await asyncio.gather(*crowd)
    took = time.monotonic() - begun
    for task in watching:
        task.cancel()
    await asyncio.sleep(IDLE_SECONDS)
    every = [seconds for some in seen.seconds.values() for seconds in some]
    return {
        "visitors": chosen.visitors,
        "minutes": took / 60,
        "pages": len(every),
        "pages a second": len(every) / took,
        **spread(every),
        "by what was done": {what: spread(some) for what, some in seen.seconds.items()},
        "page that computes nothing": spread(seen.probed),
        "wrong": len(seen.wrong),
        "errors": seen.errors[:5],
        "server": [*samples, state(server, own)],
    }


def spread(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "n": len(ordered),
        "median s": ordered[len(ordered) // 2],
        "p95 s": ordered[int(0.95 * len(ordered))],
        "longest s": ordered[-1],
    }


async def sample(server: psutil.Process, own: Path, samples: list[dict[str, int]]) -> None:
    while True:
        samples.append(state(server, own))
        await asyncio.sleep(SAMPLE_SECONDS)


async def probe(address: str, seen: Seen) -> None:
    while True:
        begun = time.monotonic()
        await read(address, (PROBED_PAGE, "", ""))
        seen.probed.append(time.monotonic() - begun)
        await asyncio.sleep(PROBE_SECONDS)


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


def reads_alike(text: str, right: str) -> bool:
    """The same words, and numbers that may have been rounded the other way: what was asked in one
    batch with others is equal to 1e-5."""
    if NUMBER.split(text) != NUMBER.split(right):
        return False
    for here, there in zip(NUMBER.findall(text), NUMBER.findall(right), strict=True):
        places = len(here.partition(".")[2])
        if len(there.partition(".")[2]) != places:
            return False
        if abs(float(here) - float(there)) > (1.01 * 10**-places if places else 0):
            return False
    return True


async def visit(
    address: str, dice: random.Random, right: dict[View, str], habits: Habits, seen: Seen
) -> None:
    """So many pages, and then on until the time is over."""
    views, done = list(right), 0
    while done < habits.pages or time.monotonic() < habits.until:
        begun = time.monotonic()
        if dice.random() < habits.mixed_share:
            act = dice.choice(ACTS)
            await act(address, dice, seen)
            what = act.__name__
        elif dice.random() < UPLOADS_SHARE:
            await upload(address, dice, seen)
            what = "upload"
        else:
            view, what = dice.choice(views), "load"
            if not reads_alike(await read(address, view), right[view]):
                seen.wrong.append(view)
        seen.seconds[what].append(time.monotonic() - begun)
        done += 1
        if habits.pause:
            await asyncio.sleep(dice.expovariate(1 / habits.pause))


async def upload(address: str, dice: random.Random, seen: Seen) -> None:
    """A picture of the visitor's own, in place of one that nobody has."""
    visitor = await Visitor.come(address)
    await visitor.see(picture=NO_PICTURE, question="is there a cube?")
    status = await visitor.upload("Your picture", "own.png", picture(dice))
    await visitor.leave()
    if status != 204 or "P(match)" not in visitor.text:
        seen.errors.append(f"upload {status}")


async def ask(address: str, dice: random.Random, seen: Seen) -> None:
    """What nobody asked before, of a scene or of numbers of one's own for its regions."""
    words = [f"{dice.choice(COLORS)} {dice.choice(SHAPES)}" for _ in range(3)]
    question = f"is the {words[0]} left of the {words[1]} or the {words[2]}?"
    example = dice.choice(examples()).name
    await read(address, (dice.choice(PAGES), example, question))


async def search(address: str, dice: random.Random, seen: Seen) -> None:
    """Regions by a visitor's own number."""
    visitor = await Visitor.come(address)
    told = {"example": dice.choice(examples()).name, "question": "is there a ring?"}
    await visitor.see("regions_page", regions=f"trained, regions={dice.randint(2, 12)}", **told)
    await visitor.leave()
    complain(visitor, "search", seen)


async def misuse(address: str, dice: random.Random, seen: Seen) -> None:
    """An address or a file that is none."""
    visitor = await Visitor.come(address)
    if dice.random() < 0.5:
        await visitor.see(dice.choice(PAGES), **dice.choice(BAD_ADDRESSES))
    else:
        await visitor.see(picture=NO_PICTURE, question="is there a cube?")
        content = picture(dice)[: dice.randrange(10, 200)]
        status = await visitor.upload("Your picture", "own.png", content)
        if status != 204 or not visitor.of("alert"):
            seen.errors.append(f"half a picture: {status}, nothing said")
    await visitor.leave()
    complain(visitor, "misuse", seen)


async def hurry(address: str, dice: random.Random, seen: Seen) -> None:
    """Gone before the page stands."""
    visitor = await Visitor.come(address)
    view = {"example": dice.choice(examples()).name, "question": f"is it {dice.random()}?"}
    with suppress(TimeoutError):
        await asyncio.wait_for(visitor.see(dice.choice(PAGES), **view), LEAVE_SECONDS)
    await visitor.leave()


async def review(address: str, dice: random.Random, seen: Seen) -> None:
    """The board of mistakes; who finds none has the study set asked."""
    visitor = await Visitor.come(address)
    await visitor.see("mistakes_page")
    asks = [button.label for button in visitor.of("button") if button.label.startswith("Ask ")]
    if asks:
        await visitor.press(asks[0])
    await visitor.leave()
    complain(visitor, "review", seen)


ACTS: tuple[Callable[[str, random.Random, Seen], Awaitable[None]], ...]
ACTS = (ask, search, misuse, hurry, review)


def complain(visitor: Visitor, what: str, seen: Seen) -> None:
    seen.errors += [f"{what}: {met.type}: {met.message}" for met in visitor.of("exception")]


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


def state(server: psutil.Process, own: Path) -> dict[str, int]:
    return {
        "resident MB": server.memory_info().rss // 2**20,
        "threads": server.num_threads(),
        "open files": server.num_fds(),
        "temporary files": sum(path.is_file() for path in own.rglob("*")),
    }


if __name__ == "__main__":
    main()
