"""A Chromium for the browser tests: one that is here, else Playwright's, else Debian's.

As a program it installs one where it must and may, and ends with 1 where there is none.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 600  # for a download
CONNECTION_MS = "10000"  # Playwright's own patience is half a minute, several times
PLAYWRIGHT = (sys.executable, "-m", "playwright", "install", "chromium")
DEBIAN = (
    ("apt-get", "update"),
    ("apt-get", "install", "--yes", "--no-install-recommends", "chromium"),
)


def find() -> str | None:
    """Where a Chromium lies that starts: the machine's own, or else Playwright's."""
    return next(filter(_starts, _places()), None)


def _places() -> Iterator[str]:
    yield from filter(None, map(shutil.which, NAMES))
    with ThreadPoolExecutor(1) as alone:  # a thread that starts Playwright can do so only once
        yield alone.submit(_playwrights).result()


def _playwrights() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def _starts(path: str) -> bool:
    """Some are a note that one should be installed, or lack a library."""
    return Path(path).exists() and _succeeds((path, "--version"))


def installed() -> str | None:
    """As `find`; installs one where there is none."""
    return find() or _after((PLAYWRIGHT,)) or (_after(DEBIAN) if _may_install() else None)


def _may_install() -> bool:
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def _after(commands: Sequence[Sequence[str]]) -> str | None:
    return find() if all(_succeeds(command, shown=True) for command in commands) else None


def _succeeds(command: Sequence[str], shown: bool = False) -> bool:
    patience = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": CONNECTION_MS}
    output = None if shown else subprocess.DEVNULL
    try:
        ended = subprocess.run(
            command, env=os.environ | patience, stdout=output, stderr=output, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0


if __name__ == "__main__":
    sys.exit(installed() is None)
