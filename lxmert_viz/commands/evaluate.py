"""Ask a model all questions of a dataset; the same call goes on with a broken run."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.checkpoints.folder import find
from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.commands.engines import add_engine_options, engine, hold_elsewhere
from lxmert_viz.commands.inputs import add_dataset_options, named_source
from lxmert_viz.commands.options import add_models_option, add_precision_option
from lxmert_viz.commands.progress import PROGRESS, report
from lxmert_viz.commands.stopping import goes_on
from lxmert_viz.errors import MachineError, OptionError

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    from lxmert_viz.dataset.opening import Source
    from lxmert_viz.dataset.remarks import Tally
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.results.run_folder import RunFolder
    from lxmert_viz.runs.cluster.rounds import Site


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
    add_precision_option(parser)
    add("--no-baselines", action="store_true", help="ask only with picture and question")
    add("--no-internals", action="store_true", help="keep no states and statistics of heads")
    add("--retry-errors", action="store_true", help="ask again what a run could not answer")
    add(
        "--mix",
        action="store_true",
        help="go on with a run that other libraries, devices or another version began",
    )
    add_engine_options(parser)
    add_closer_looks(parser)
    add(
        "--predictions",
        type=Path,
        metavar="FILE",
        help="take these answers (VQA's or GQA's result file, CSV) and ask no model",
    )


def add_closer_looks(parser: argparse.ArgumentParser) -> None:
    """What may be asked of a whole run."""
    add = parser.add_argument
    add(
        "--looked",
        nargs="?",
        const="",
        metavar="FILTER",
        help="then judge the mistakes of a filter, or all, by where the model looked",
    )
    add(
        "--relevance",
        nargs="+",
        default=[],
        metavar="METHOD",
        help="then keep what each answer rests on, by these methods (those of the page Why)",
    )
    add(
        "--protocol",
        choices=("chefer",),
        help="then measure accuracy as words and regions leave in the order of each --relevance",
    )


def run(options: argparse.Namespace) -> None:
    from lxmert_viz.dataset.remarks import KINDS, Tally

    hold_elsewhere(options)
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
    from lxmert_viz.results.run_folder import RAY_LOG, RunFolder
    from lxmert_viz.runs.cluster.evaluating import on_cluster
    from lxmert_viz.runs.evaluation import Engine, Resume, evaluate
    from lxmert_viz.runs.manifest import Settings

    check_closer_looks(options)
    if options.precision != "full" and options.engine != "here":
        raise OptionError("--precision is for a run on this machine: leave it out with --engine.")
    folder = find(options.model, options.models)
    settings = Settings(options.profile, not options.no_baselines, not options.no_internals)
    resume = Resume(options.retry_errors, options.mix, PROGRESS.line)
    looks_closer = options.looked is not None or bool(options.relevance)
    with goes_on():
        with engine(options, options.out / RAY_LOG) as site:
            device = "cpu" if site else options.device  # the cluster's is its machines' own
            opened = {"device": device, "models": options.models, "precision": options.precision}
            pipeline = Pipeline.open(options.model, **opened)
            cache, own = options.region_cache, RunFolder(options.out)
            made_by = Engine() if site is None else on_cluster(site, own, cache)
            made = evaluate(
                pipeline,
                folder,
                source,
                options.out,
                settings,
                report,
                made_by,
                cache,
                resume,
                say,
                keep_regions=looks_closer,
            )
            if looks_closer:
                look_closer(options, pipeline.exact, folder, source, made, site)
        return made


def look_closer(
    options: argparse.Namespace,
    pipeline: "Pipeline",
    folder: Path,
    source: "Source",
    made: "RunFolder",
    site: "Site | None",
) -> None:
    """What is asked of a whole run: where mistakes looked, and what each answer rests on."""
    from lxmert_viz.runs.chefer import chefer
    from lxmert_viz.runs.cluster.keeping import keeping_on
    from lxmert_viz.runs.explaining import explain_run
    from lxmert_viz.runs.looking_first import forget_regions

    cache = options.region_cache
    if options.looked is not None:
        judge_mistakes(options, pipeline, folder, source, made, site)
    elsewhere = keeping_on(site, pipeline, made, cache) if site and options.relevance else None
    for method in options.relevance:
        explain_run(pipeline, folder, made, method, report, elsewhere, cache)
    if options.protocol:
        table = chefer(
            pipeline,
            folder,
            made,
            options.relevance,
            report,
            elsewhere=elsewhere,
            region_cache=cache,
        )
        for line in table.itertuples():
            print(f"{line.method}, {line.curve}: area {line.area:.2f} ({line.questions:,})")
    forget_regions(made)


def check_closer_looks(options: argparse.Namespace) -> None:
    """Raises OptionError, before hours of work."""
    from lxmert_viz.experiments.relevance import check_method

    for method in options.relevance:
        check_method(method)
    if options.protocol and not options.relevance:
        raise OptionError("--protocol needs the methods to measure: --relevance METHOD ...")


def say(tally: "Tally", training_note: str) -> None:
    """What a person should know of a dataset before it is asked."""
    from lxmert_viz.dataset.remarks import KINDS

    for line in filter(None, (*tally.lines(KINDS), training_note)):
        PROGRESS.line(line)


def judge_mistakes(
    options: argparse.Namespace,
    pipeline: "Pipeline",
    folder: Path,
    source: "Source",
    made: "RunFolder",
    site: "Site | None",
) -> None:
    """By where the model looked."""
    from lxmert_viz.results.opening import open_run
    from lxmert_viz.runs.cluster.judging import judging_on
    from lxmert_viz.runs.occlusion import judge_looks
    from lxmert_viz.runs.preparing import prepared_in

    board = open_run(made.path)
    mistakes = {*board.unexplained(options.looked)}
    is_here = made.examples.exists()  # an older run has none
    asked = prepared_in(made.examples).only(mistakes) if is_here else source.whole()
    judge = None if site is None else judging_on(site, pipeline, made)
    judge_looks(pipeline, folder, asked, board, options.looked, report, judge)


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


def result(folder: Path) -> Iterator[str]:
    from lxmert_viz.results.opening import open_run

    totals = open_run(folder).totals()
    yield f"{totals.rows:,} examples in {folder / 'predictions.parquet'}"
    if totals.errors:
        yield f"{totals.errors:,} could not be answered: their column `error` says why"
    if totals.scored:
        yield f"mean score {totals.score:.4f} over {totals.scored:,} with a right answer"
