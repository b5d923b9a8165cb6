"""Check that a checkpoint behaves like itself; grade explanations, or find heads that point."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from lxmert_viz.checkpoints.folder import find
from lxmert_viz.checkpoints.known import KNOWN, SHIPPED
from lxmert_viz.commands.options import SEEDS, add_models_option, whole
from lxmert_viz.commands.progress import report
from lxmert_viz.errors import CheckpointError, OptionError
from lxmert_viz.whole_files import write_text

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    from collections.abc import Iterable

    from pandas import DataFrame

    from lxmert_viz.dataset.datasets import Dataset
    from lxmert_viz.pipeline import Pipeline

COLOURS = {"right": "\033[32m", "wrong": "\033[31m", "not applicable": "\033[2m"}
PLAIN = "\033[0m"
EXAMPLE = "check lxmert-base"
EXPLANATIONS, HEADS, ABLATION = "explanations", "heads", "input-ablation"
TOP = 5  # heads that are shown
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
        f"of relevance on examples whose causes are known; or {HEADS!r}: which heads look at what "
        f"questions are about; or {ABLATION!r}: how much regions help to tell a masked word, and "
        "words a hidden region",
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
    add_published_options(parser)
    graded = parser.add_argument_group(f"for {EXPLANATIONS}, {HEADS} and {ABLATION}")
    add = graded.add_argument
    add("--model", default=SHIPPED, metavar="NAME", help=f"whose answers (default: {SHIPPED})")
    add("--scenes", type=whole(1), default=SCENES, metavar="N", help=f"drawn (default: {SCENES})")
    add("--seed", type=whole(0, SEEDS), default=FIRST_SEED, help="of the first scene")
    add("--dataset", metavar="DATASET", help="instead of scenes; its files must mark objects")
    add("--out", type=Path, metavar="FILE.csv", help="write the whole table")


def add_published_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("published figures").add_argument
    add("--published", action="store_true", help="list them, and measure what lies in --data")
    add("--data", type=Path, metavar="FOLDER", help="holds a folder a dataset")
    add("--runs", type=Path, metavar="FOLDER", help="keep the runs; a broken call goes on")


def run(options: argparse.Namespace) -> None:
    over_examples = {
        EXPLANATIONS: grade_explanations,
        HEADS: find_heads,
        ABLATION: hide_inputs,
    }
    if options.published:
        hold_against_published(options)
        return
    if options.name not in over_examples:
        check_checkpoint(options)
        return
    from lxmert_viz.going_out import as_csv
    from lxmert_viz.pipeline import Pipeline

    if options.out and options.out.suffix.lower() != ".csv":
        raise OptionError(f"{options.out} should end in .csv.")
    pipeline = Pipeline.open(options.model, options.device, options.models)
    with TemporaryDirectory() as scratch:
        dataset = examples(options, Path(scratch))
        table, lines = over_examples[options.name](pipeline, dataset)
    if options.out:
        write_text(options.out, as_csv(table, "%.6g"))
    print("\n".join(lines))


def examples(options: argparse.Namespace, scratch: Path) -> "Dataset":
    """A person's, or drawn ones. scratch: an empty folder."""
    from lxmert_viz.dataset.opening import open_dataset
    from lxmert_viz.miniature.world.study import write_study

    if options.dataset:
        return open_dataset(Path(options.dataset))
    write_study(scratch, options.seed, options.scenes, rivals=RIVALS)
    return open_dataset(scratch)


def grade_explanations(
    pipeline: "Pipeline", dataset: "Dataset"
) -> "tuple[DataFrame, Iterable[str]]":
    from lxmert_viz.runs.grades import lines_of
    from lxmert_viz.runs.truth import grade_dataset

    table = grade_dataset(pipeline, dataset, report)
    return table, lines_of(table)


def find_heads(pipeline: "Pipeline", dataset: "Dataset") -> "tuple[DataFrame, Iterable[str]]":
    from lxmert_viz.runs.grounding import as_table, grounding_of

    slots, found, count = grounding_of(pipeline, dataset, report)
    table = as_table(slots, found)
    lines = [f"words read regions: AUROC of the regions of {count:,} questions; 0.5 is chance"]
    for row in table.head(TOP).itertuples():
        lines.append(f"cross layer {row.layer}, head {row.head}: {row.score:.3f}")
    lines.append(
        f"chosen on half of the pictures: {slots[found.best].name}; on the other half "
        f"{found.held_out:.3f}; the best of {len(slots)} heads by luck: {found.lucky:.3f}"
    )
    return table, lines


def hide_inputs(pipeline: "Pipeline", dataset: "Dataset") -> "tuple[DataFrame, Iterable[str]]":
    from lxmert_viz.runs.ablation import ablate, lines_of

    table = ablate(pipeline, dataset, report)
    return table, lines_of(table)


def hold_against_published(options: argparse.Namespace) -> None:
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.runs.published import hold, lines_of, of_checkpoint

    listed, pipeline, folder = of_checkpoint(options.name), None, Path()
    if options.data is not None:  # a list alone needs no weights
        folder = find(options.name, options.models)
        pipeline = Pipeline.open(options.name, options.device, options.models)
    with TemporaryDirectory() as scratch:
        runs = options.runs or Path(scratch)
        for held in hold(pipeline, folder, listed, options.data, runs, report):
            print("\n".join(lines_of(held)))


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
