"""Check that a checkpoint behaves like itself: colours, boxes, features, labels, logits."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from lxmert_viz.checkpoints.known import KNOWN, SHIPPED
from lxmert_viz.commands.options import add_models_option
from lxmert_viz.errors import CheckpointError

COLOURS = {"right": "\033[32m", "wrong": "\033[31m", "not applicable": "\033[2m"}
PLAIN = "\033[0m"
EXAMPLE = "check lxmert-base"


def add_options(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(checkpoint.name for checkpoint in KNOWN)
    parser.add_argument(
        "name",
        nargs="?",
        default=SHIPPED,
        metavar="NAME",
        help=f"{names}, or a folder (default: {SHIPPED})",
    )
    add_models_option(parser)
    parser.add_argument(
        "--regions",
        type=Path,
        metavar="FILE",
        help="judge these regions, which you ask it about (default: those that its detector finds)",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    parser.add_argument("--json", action="store_true", help="write one JSON list")


def run(options: argparse.Namespace) -> None:
    from lxmert_viz.checks.findings import WRONG
    from lxmert_viz.checks.selfcheck import check

    found = []
    for finding in check(options.name, options.models, options.device, options.regions):
        found.append(finding)
        if not options.json:
            state = f"{finding.state:<14}"
            if sys.stdout.isatty():
                state = f"{COLOURS[finding.state]}{state}{PLAIN}"
            print(f"{state}  {finding.check}: {finding.said}", flush=True)
    if options.json:
        print(json.dumps([asdict(finding) for finding in found], indent=2))
    wrong = [finding.check for finding in found if finding.state == WRONG]
    if wrong:
        raise CheckpointError(
            f"{options.name} fails {len(wrong)} of {len(found)} checks: {', '.join(wrong)}."
        )
