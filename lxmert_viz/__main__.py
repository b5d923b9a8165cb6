"""`python -m lxmert_viz COMMAND`.

Exit codes: 0 done, 2 the person can mend it, 130 stopped with Ctrl-C, 1 our fault.
"""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from lxmert_viz import openmp
from lxmert_viz.commands.progress import PROGRESS
from lxmert_viz.errors import LxmertVizError

try:
    from lxmert_viz.commands import (
        ask,
        cache,
        cause,
        check,
        compare,
        evaluate,
        fetch,
        lens,
        make_scenes,
        probe,
        regions,
        report,
        serve,
        steer,
        train_miniature,
        tune,
    )
except ModuleNotFoundError as missing:
    print(
        f"lxmert-viz: {sys.executable} has no {missing.name}: call the Python of the environment "
        "that `make run` makes, .venv/bin/python.",
        file=sys.stderr,
    )
    sys.exit(2)
except KeyboardInterrupt:
    sys.exit(130)

COMMANDS = (
    ask,
    serve,
    fetch,
    check,
    cache,
    regions,
    lens,
    evaluate,
    compare,
    report,
    probe,
    cause,
    steer,
    tune,
    make_scenes,
    train_miniature,
)

OF_THE_DISK = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}
STOPPED, CUT_SHORT = 130, 141  # as shells tell of SIGINT and SIGPIPE


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m lxmert_viz", description="A browser laboratory for LXMERT."
    )
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2].replace("_", "-")
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


def main(arguments: Sequence[str] | None = None) -> int:
    openmp.wait_asleep()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may know few letters
    chosen = parser().parse_args(arguments)
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
