"""`python -m lxmert_viz COMMAND`. Exit codes: 0 done, 2 the person can mend it, 1 our fault."""

import argparse
import sys
from collections.abc import Sequence

from lxmert_viz.commands import (
    ask,
    cache,
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
    train_miniature,
)
from lxmert_viz.errors import LxmertVizError

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
    make_scenes,
    train_miniature,
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m lxmert_viz", description="A browser laboratory for LXMERT."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2].replace("_", "-")
        options = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        command.add_options(options)
        options.set_defaults(run=command.run)
    chosen = parser.parse_args(arguments)
    try:
        chosen.run(chosen)
    except LxmertVizError as error:
        print(f"lxmert-viz: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
