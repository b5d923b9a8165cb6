"""The real app, served and opened in a browser."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from playwright.sync_api import Browser, FilePayload, Page, expect

from lxmert_viz.places import APP, ROOT

MILLISECONDS = 120_000  # a busy machine, not a slow page
WIDE = (1440, 900)
PHONE = (390, 844)
CHANGE, DATA = "Change something", "Datasets and models"  # menus of the row of pages


SERVE_ANOTHER = """
import sys
from pathlib import Path
from lxmert_viz.__main__ import main
from lxmert_viz.serving import application
application.APP = Path(sys.argv.pop(1))
exec(sys.argv.pop(1))
sys.exit(main(sys.argv[1:]))
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(
    script: Path, *options: str, log: IO[str] | None = None, port: int = 0, setup: str = ""
) -> Iterator[str]:
    """The address of the running page.

    options: of `serve`. log: what the server says. setup: code that its process runs first.
    """
    port = port or free_port()
    serve = ["serve", "--port", str(port), *options]
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE_ANOTHER, str(script), setup, *serve],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(APP.parent)},
        stdout=log or sys.stderr.fileno(),
        stderr=log,
    )
    address = f"http://localhost:{port}"
    try:
        wait_until_healthy(address, server)
        yield address
    finally:
        server.kill()  # it keeps nothing, and a busy one would take its time
        server.wait()


def wait_until_healthy(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + MILLISECONDS / 1000
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(f"the page does not come up at {address}; exit code {server.poll()}")


def opened(browser: Browser, address: str, size: tuple[int, int]) -> tuple[Page, list[str]]:
    """The page with its first answer, and what its console complains of."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(MILLISECONDS)
    expect.set_options(timeout=MILLISECONDS)
    page.goto(address, timeout=MILLISECONDS)
    return page, complaints


def open_in_bar(page: Page, part: str) -> None:
    """Opens a menu of the bar. A narrow page has each button twice, one of them hidden."""
    page.locator(f"[class*='st-key-{part}'] button:visible").first.click()


def go_to(page: Page, title: str, menu: str = "") -> None:
    """Turns to another page as a person does on a desk."""
    if menu:
        page.get_by_test_id("stTopNavSection").filter(has_text=menu).click()
    page.get_by_role("menuitem" if menu else "link", name=title, exact=True).click()


def give(page: Page, file: Path | FilePayload) -> None:
    """A picture of one's own, through the drawer."""
    open_in_bar(page, "bar-picture")
    page.get_by_text("Upload", exact=True).first.click()
    page.locator("input[type=file]").first.set_input_files(file)
