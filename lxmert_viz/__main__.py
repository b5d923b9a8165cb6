"""`python -m lxmert_viz COMMAND`.

Exit codes: 0 done, 2 the person can mend it, 130 stopped with Ctrl-C, 1 our fault.
"""

import argparse
import ast
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from types import ModuleType

from lxmert_viz import openmp
from lxmert_viz.commands.progress import PROGRESS
from lxmert_viz.errors import LxmertVizError

COMMANDS = (
    "ask",
    "serve",
    "fetch",
    "check",
    "cache",
    "regions",
    "lens",
    "evaluate",
    "compare",
    "report",
    "probe",
    "cause",
    "steer",
    "tune",
    "make-scenes",
    "train-miniature",
)
FOLDER = Path(__file__).with_name("commands")
OF_THE_DISK = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}
STOPPED, CUT_SHORT = 130, 141  # as shells tell of SIGINT and SIGPIPE


def parser(called: str | None = None) -> argparse.ArgumentParser:
    """called: the command whose options are known, else those of all are; importing takes time."""
    made = argparse.ArgumentParser(
        prog="python -m lxmert_viz", description="A browser laboratory for LXMERT."
    )
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        if called not in (None, name):
            commands.add_parser(name, help=_purpose(name))
            continue
        command = command_of(name)
        options = commands.add_parser(
            name,
            help=command.__doc__,
            description=command.__doc__,
            epilog=f"example: python -m lxmert_viz {command.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_options(options)
        options.set_defaults(run=command.run)
    return made


def command_of(name: str) -> ModuleType:
    return import_module(f"lxmert_viz.commands.{_file(name)}")


def _purpose(name: str) -> str | None:
    return ast.get_docstring(ast.parse((FOLDER / f"{_file(name)}.py").read_bytes()))


def _file(name: str) -> str:
    return name.replace("-", "_")


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    called = next((word for word in arguments if not word.startswith("-")), "")
    try:
        known = parser(called)
    except ModuleNotFoundError as missing:
        print(
            f"lxmert-viz: {sys.executable} has no {missing.name}: call the Python of the "
            "environment that `make run` makes, .venv/bin/python.",
            file=sys.stderr,
        )
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    return known.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    openmp.wait_asleep()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may know few letters
    chosen = _parsed(sys.argv[1:] if arguments is None else arguments)
    try:
        chosen.run(chosen)
        sys.stdout.flush()
    except LxmertVizError as error:
        PROGRESS.end()
        print(f"lxmert-viz: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"\nlxmert-viz: Stopped. {stop}".rstrip(), file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # whoever read has enough, as in `| head`; Python would complain of what is still to write
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CUT_SHORT
    except OSError as error:
        if error.filename is None and error.errno not in OF_THE_DISK:
            raise
        PROGRESS.end()
        place = f"{error.filename} cannot be used: " if error.filename else ""
        print(f"lxmert-viz: {place}{error.strerror}.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
