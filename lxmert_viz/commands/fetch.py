"""Download a published checkpoint with its detector and its list of answers."""

import argparse
import sys
import time

from lxmert_viz.checkpoints.fetching import Progress, fetch, in_words, plan
from lxmert_viz.checkpoints.known import KNOWN
from lxmert_viz.checkpoints.record import Plan
from lxmert_viz.commands.options import add_models_option
from lxmert_viz.commands.progress import PROGRESS
from lxmert_viz.commands.stopping import goes_on
from lxmert_viz.errors import DownloadError

NAMES = ", ".join(checkpoint.name for checkpoint in KNOWN if checkpoint.repository)
TERMINAL_SECONDS = 0.2  # between two lines of progress
LOG_SECONDS = 10.0
EXAMPLE = "fetch lxmert-base --list"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", help=f"{NAMES}, or owner/name of any LXMERT on the hub"
    )
    add_models_option(parser)
    parser.add_argument(
        "--list", action="store_true", help="only show what would be downloaded, and from where"
    )


def run(options: argparse.Namespace) -> None:
    try:
        chosen = plan(options.name, options.models)
    except DownloadError as error:
        known = next((c for c in KNOWN if c.name == options.name), None)
        if not options.list or known is None:
            raise
        print(f"lxmert-viz: {error} Addresses without sizes:", file=sys.stderr)
        print("\n".join(f"{file}  {address}" for file, address in known.addresses().items()))
        return
    print(_summary(chosen))
    if options.list:
        print("\n".join(f"{in_words(f.size):>9}  {f.path}  {f.urls[0]}" for f in chosen.files))
        return
    with goes_on():
        notes = fetch(chosen, _Printed())
    PROGRESS.end()
    print(f"{chosen.name} is whole and checked in {chosen.folder}")
    for note in notes:
        print(f"Note: {note}")


class _Printed:
    """Progress on standard error: one line that changes, or now and then a new one in a log."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now < self._next and progress.done < progress.total:
            return
        self._next = now + (TERMINAL_SECONDS if self._terminal else LOG_SECONDS)
        line = f"{progress.share:4.0%}  {progress.line()}"
        PROGRESS.write(f"\r\033[K{line}" if self._terminal else f"{line}\n")


def _summary(chosen: Plan) -> str:
    missing = chosen.missing_bytes()
    if not missing:
        return f"{chosen.name}: all {in_words(chosen.total_bytes)} are in {chosen.folder}"
    return (
        f"{chosen.name} ({chosen.repository}, commit {chosen.commit[:12]}): "
        f"{in_words(missing)} of {in_words(chosen.total_bytes)} to download into {chosen.folder}, "
        f"where {in_words(chosen.free_bytes())} are free"
    )
