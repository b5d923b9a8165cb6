"""Check that a checkpoint behaves like itself, or grade every explanation on known causes."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from lxmert_viz.checkpoints.known import KNOWN, SHIPPED
from lxmert_viz.commands.options import SEEDS, add_models_option, whole
from lxmert_viz.commands.progress import report
from lxmert_viz.errors import CheckpointError, OptionError
from lxmert_viz.whole_files import write_text

COLOURS = {"right": "\033[32m", "wrong": "\033[31m", "not applicable": "\033[2m"}
PLAIN = "\033[0m"
EXAMPLE = "check lxmert-base"
EXPLANATIONS = "explanations"
SCENES = 60
RIVALS = 4  # questions a scene whose answer another object contends
FIRST_SEED = 9_600_000  # of scenes that nothing was trained or measured on


def add_options(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(checkpoint.name for checkpoint in KNOWN)
    parser.add_argument(
        "name",
        nargs="?",
        default=SHIPPED,
        metavar="NAME",
        help=f"{names}, or a folder (default: {SHIPPED}); or {EXPLANATIONS!r}: grade every method "
        "of relevance on examples whose causes are known",
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
    graded = parser.add_argument_group(f"for {EXPLANATIONS}")
    add = graded.add_argument
    add("--model", default=SHIPPED, metavar="NAME", help=f"whose answers (default: {SHIPPED})")
    add("--scenes", type=whole(1), default=SCENES, metavar="N", help=f"drawn (default: {SCENES})")
    add("--seed", type=whole(0, SEEDS), default=FIRST_SEED, help="of the first scene")
    add("--dataset", metavar="DATASET", help="instead of scenes; its files must mark objects")
    add("--out", type=Path, metavar="FILE.csv", help="write the whole table")


def run(options: argparse.Namespace) -> None:
    if options.name == EXPLANATIONS:
        grade_explanations(options)
    else:
        check_checkpoint(options)


def grade_explanations(options: argparse.Namespace) -> None:
    from lxmert_viz.dataset.opening import open_dataset
    from lxmert_viz.going_out import as_csv
    from lxmert_viz.miniature.world.study import write_study
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.runs.grades import lines_of
    from lxmert_viz.runs.truth import grade_dataset

    if options.out and options.out.suffix.lower() != ".csv":
        raise OptionError(f"{options.out} should end in .csv.")
    pipeline = Pipeline.open(options.model, options.device, options.models)
    with TemporaryDirectory() as scratch:
        source = Path(options.dataset) if options.dataset else Path(scratch)
        if not options.dataset:
            write_study(source, options.seed, options.scenes, rivals=RIVALS)
        table = grade_dataset(pipeline, open_dataset(source), report)
    if options.out:
        write_text(options.out, as_csv(table, "%.6g"))
    print("\n".join(lines_of(table)))


def check_checkpoint(options: argparse.Namespace) -> None:
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
