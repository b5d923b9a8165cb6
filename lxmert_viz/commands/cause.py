"""Run an experiment on causes again, or measure causes over a dataset."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.commands.engines import RAY, add_engine_options, engine, hold_elsewhere
from lxmert_viz.commands.options import add_models_option, whole
from lxmert_viz.commands.progress import report
from lxmert_viz.commands.stopping import goes_on
from lxmert_viz.errors import DatasetError, OptionError

if TYPE_CHECKING:
    from lxmert_viz.experiments.head_means import HeadMeans

EXAMPLE = "cause heads-off.json"
VIEWS, OFF = ("atlas", "edges", "knowing", "means"), ("zero", "mean", "set")
OF_A_SET = (
    "What was measured over a set has no file of an experiment: `cause DATASET --view ...` with "
    "the same dataset and checkpoint measures it again."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", type=Path, metavar="FILE.json", help="a saved experiment, or a dataset's folder")
    add("--model", metavar="NAME", help="a name or folder (default: the file's, or miniature)")
    add_models_option(parser)
    add("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    add("--table", type=Path, metavar="FILE.csv", help="write the figures")
    over = parser.add_argument_group("for a dataset")
    add = over.add_argument
    add("--view", choices=VIEWS, default="atlas", help="what is measured")
    add("--off", choices=OFF, default="zero", help="of atlas: what a head then writes")
    add("--means", type=Path, metavar="FILE.json", help="with --off set: what --view means wrote")
    add("--width", type=whole(1, 3), default=1, help="of edges: layers of a window (default: 1)")
    add(
        "--out",
        type=Path,
        metavar="RUN",
        help="where it is kept; the same call goes on with it (of means: a FILE.json)",
    )
    add("--figure", type=Path, metavar="FILE", help="of knowing: .html, or .png with kaleido")
    add_engine_options(over)


def run(options: argparse.Namespace) -> None:
    if options.table and options.table.suffix.lower() != ".csv":
        raise OptionError(f"{options.table} should end in .csv.")
    if options.engine == RAY and (options.view in WITHOUT_RUN or not options.source.is_dir()):
        raise OptionError("--engine ray is for the atlas or the edges of a dataset's folder.")
    hold_elsewhere(options)
    if options.source.is_dir():
        measure(options)
    else:
        again(options)


def again(options: argparse.Namespace) -> None:
    from lxmert_viz.experiments import cause_files
    from lxmert_viz.pipeline import Pipeline

    if not options.source.is_file():
        raise DatasetError(f"There is no file {options.source}.")
    if options.source.suffix.lower() == ".csv":
        raise OptionError(f"{options.source} is a table of figures. {OF_A_SET}")
    content = options.source.read_bytes().decode("utf-8", "replace")
    told, cause, before = cause_files.read(content)
    name = options.model or str(told["model"])
    pipeline = Pipeline.open(name, options.device, options.models)
    cause_files.check_model(pipeline, told)
    found = cause_files.run(pipeline, cause)
    apart = cause_files.difference(found, before)
    _show(options, found)
    print(f"{cause.kind} of {cause.target.name!r}, seed {cause.seed}, {pipeline.name}")
    same = apart <= cause_files.SAME
    print(f"figures as in the file{'' if same else ' NOT'}: largest difference {apart:.1g}")


def measure(options: argparse.Namespace) -> None:
    from lxmert_viz.dataset.opening import open_dataset
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.results.run_folder import RAY_LOG
    from lxmert_viz.runs import causes
    from lxmert_viz.runs.cluster.causing import measuring_on

    if options.view in WITHOUT_RUN:
        WITHOUT_RUN[options.view](options)
        return
    if options.out is None:
        raise OptionError("Name a folder to keep what is measured: --out RUN.")
    if (options.off == "set") != (options.means is not None):
        raise OptionError("--off set and --means FILE.json belong together.")
    given = None if options.means is None else _means(options.means)
    view = causes.View(options.view, options.off, options.width, given)
    with goes_on(), engine(options, options.out / RAY_LOG) as site:
        device = "cpu" if site else options.device  # the cluster's is its machines' own
        pipeline = Pipeline.open(options.model or SHIPPED, device, options.models)
        dataset, measuring = open_dataset(options.source), site and measuring_on(site)
        table = causes.measure(pipeline, dataset, view, options.out, report, measuring)
    _show(options, table)
    if options.view == causes.ATLAS:
        print(causes.areas_table(causes.lines_of(options.out)).to_string(index=False))
        print(f"recall of the gradient's strongest tenth: {causes.recall_of(table):.0%}")


def know(options: argparse.Namespace) -> None:
    """What probes read in states, and what patching them moves."""
    from lxmert_viz.dataset.opening import open_dataset
    from lxmert_viz.figures import files, knowing
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.runs import knowing as runs

    if options.figure:
        files.check(options.figure)
    pipeline = Pipeline.open(options.model or SHIPPED, options.device, options.models)
    table = runs.measure(pipeline, open_dataset(options.source), report)
    _show(options, table)
    if options.figure:
        files.write(knowing.by_depth(table, pipeline.name), options.figure)


def mean(options: argparse.Namespace) -> None:
    """What heads write on average."""
    from lxmert_viz.dataset.opening import open_dataset
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.runs import head_means
    from lxmert_viz.whole_files import write_json

    if options.out is None or options.out.suffix.lower() != ".json":
        raise OptionError("Name a file for the means: --out FILE.json.")
    pipeline = Pipeline.open(options.model or SHIPPED, options.device, options.models)
    dataset = open_dataset(options.source)
    found = head_means.measure(pipeline, dataset, dataset.name, report)
    write_json(options.out, found.told())
    print(f"means over {found.examples} examples of {found.set}, {found.digest[:12]}")


WITHOUT_RUN = {"knowing": know, "means": mean}


def _means(path: Path) -> "HeadMeans":
    from lxmert_viz.experiments import head_means

    try:
        told = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise OptionError(f"{path} cannot be read ({error}).") from error
    return head_means.read(told)


def _show(options: argparse.Namespace, table: object) -> None:
    from lxmert_viz.going_out import as_csv
    from lxmert_viz.whole_files import write_text

    print(table.to_string(index=False, float_format="{:.4f}".format))
    if options.table:
        write_text(options.table, as_csv(table, "%.6g"))
