"""Ask a model all questions of a dataset; the same call goes on with a broken run."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.checkpoints.folder import find
from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.commands.inputs import add_dataset_options, named_source
from lxmert_viz.commands.options import add_models_option, whole
from lxmert_viz.commands.progress import report
from lxmert_viz.commands.stopping import goes_on
from lxmert_viz.errors import MachineError

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    from lxmert_viz.dataset.opening import Source
    from lxmert_viz.dataset.remarks import Tally
    from lxmert_viz.results.run_folder import RunFolder


FEW = 0.01  # of all rows
AT_THE_END = ("no regions", "unclear")  # remarks that are said again
EXAMPLE = "evaluate study --out runs/study"


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_dataset_options(parser)
    add("--model", default=SHIPPED, help=f"a name or folder (default: {SHIPPED})")
    add_models_option(parser)
    add("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    add("--region-cache", type=Path, metavar="FOLDER", help="share regions with other runs")
    add("--profile", default="trained", help="how regions are found (default: trained)")
    add("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    add("--no-baselines", action="store_true", help="ask only with picture and question")
    add("--no-internals", action="store_true", help="keep no states and statistics of heads")
    add("--retry-errors", action="store_true", help="ask again what a run could not answer")
    add("--engine", choices=("here", "ray"), default="here", help="ray: on a Ray cluster")
    add("--address", default="", help="of the Ray cluster (default: one on this machine)")
    add("--workers", type=whole(1), default=2, help="models at work on the cluster (default: 2)")
    add(
        "--looked",
        nargs="?",
        const="",
        metavar="FILTER",
        help="then judge the mistakes of a filter, or all, by where the model looked",
    )
    add(
        "--predictions",
        type=Path,
        metavar="FILE",
        help="take these answers (VQA's or GQA's result file, CSV) and ask no model",
    )


def run(options: argparse.Namespace) -> None:
    from lxmert_viz.dataset.remarks import KINDS, Tally

    source = named_source(options)
    if options.predictions is None:
        made = ask_model(options, source)
    else:
        from lxmert_viz.runs.elsewhere import take_predictions

        made = take_predictions(options.predictions, source, options.out)
    for line in result(made.path):
        print(line)
    said = Tally.of(made.manifest().get("remarks", {}))
    for line in said.lines(AT_THE_END if options.predictions is None else KINDS):
        print(line)
    if options.predictions is None:
        tell_machine_faults(made)


def ask_model(options: argparse.Namespace, source: "Source") -> "RunFolder":
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.runs.evaluation import evaluate
    from lxmert_viz.runs.manifest import Settings

    folder = find(options.model, options.models)
    pipeline = Pipeline.open(options.model, device=options.device, models=options.models)
    settings = Settings(options.profile, not options.no_baselines, not options.no_internals)
    compute, cache = None, (options.region_cache or options.out / "regions").resolve()
    if options.engine == "ray":
        from lxmert_viz.results.run_folder import RunFolder
        from lxmert_viz.runs.cluster import Cluster, on_cluster

        cluster, run = Cluster(options.address, options.workers), RunFolder(options.out)
        compute = on_cluster(cluster, folder, pipeline.device, run, settings, cache)
    with goes_on():
        made = evaluate(
            pipeline,
            folder,
            source,
            options.out,
            settings,
            report,
            compute,
            cache,
            options.retry_errors,
            say,
        )
        if options.looked is not None:
            from lxmert_viz.results.opening import open_run
            from lxmert_viz.runs.occlusion import judge_looks
            from lxmert_viz.runs.preparing import prepared_in

            board = open_run(made.path)
            known = {*board.unexplained(options.looked)}
            is_here = made.examples.exists()  # an older run has none
            asked = prepared_in(made.examples).only(known) if is_here else source.whole()
            judge_looks(pipeline, folder, asked, board, options.looked, report)
        return made


def tell_machine_faults(run: "RunFolder") -> None:
    """Raises MachineError where they are more than a few: the score is not the model's then."""
    from lxmert_viz.results.opening import open_run

    faults, rows = run.machine_faults(), open_run(run.path).totals().rows
    if not faults:
        return
    told = (
        f"{len(faults):,} of {rows:,} rows failed because of the machine, not of the question. "
        f"First: {faults[0]} Mend that; the same call with --retry-errors asks them again."
    )
    if len(faults) > FEW * rows:
        raise MachineError(told)
    print(told)


def say(tally: "Tally", training_note: str) -> None:
    """What a person should know of a dataset before it is asked."""
    from lxmert_viz.dataset.remarks import KINDS

    for line in filter(None, (*tally.lines(KINDS), training_note)):
        print(line, file=sys.stderr)


def result(folder: Path) -> Iterator[str]:
    from lxmert_viz.results.opening import open_run

    totals = open_run(folder).totals()
    yield f"{totals.rows:,} examples in {folder / 'predictions.parquet'}"
    if totals.errors:
        yield f"{totals.errors:,} could not be answered: their column `error` says why"
    if totals.scored:
        yield f"mean score {totals.score:.4f} over {totals.scored:,} with a right answer"
