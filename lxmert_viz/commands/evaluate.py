"""Ask a model all questions of a dataset; the same call goes on with a broken run."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.checkpoints.folder import find
from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.commands.engines import RAY, add_engine_options, engine
from lxmert_viz.commands.inputs import add_dataset_options, read_dataset
from lxmert_viz.commands.options import add_models_option
from lxmert_viz.commands.progress import PROGRESS, report
from lxmert_viz.commands.stopping import goes_on
from lxmert_viz.errors import MachineError, OptionError

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    from lxmert_viz.dataset.datasets import Dataset
    from lxmert_viz.dataset.remarks import Remark
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.results.run_folder import RunFolder
    from lxmert_viz.runs.cluster.connecting import Cluster
    from lxmert_viz.runs.evaluation import Engine


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
    dataset = read_dataset(options)
    for line in (*summary(dataset.remarks), dataset.training_note):
        print(line, end="\n" if line else "", file=sys.stderr)
    if options.predictions is None:
        made = ask_model(options, dataset)
    else:
        from lxmert_viz.runs.elsewhere import take_predictions

        made = take_predictions(options.predictions, dataset, options.out)
    for line in result(made.path):
        print(line)
    for line in summary([r for r in dataset.remarks if r.kind in AT_THE_END]):
        print(line)
    if options.predictions is None:
        tell_machine_faults(made)


def ask_model(options: argparse.Namespace, dataset: "Dataset") -> "RunFolder":
    from lxmert_viz.dataset.datasets import outside
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.results.run_folder import RAY_LOG
    from lxmert_viz.runs.evaluation import Engine, Resume, evaluate
    from lxmert_viz.runs.manifest import Settings

    check_closer_looks(options)
    folder = find(options.model, options.models)
    with goes_on(), engine(options, options.out / RAY_LOG) as cluster:
        device = "cpu" if cluster else options.device  # the cluster's is its machines' own
        pipeline = Pipeline.open(options.model, device=device, models=options.models)
        for line in summary(outside(dataset, pipeline.answer_vocabulary)):
            PROGRESS.line(line)
        settings = Settings(options.profile, not options.no_baselines, not options.no_internals)
        cache = options.region_cache or options.out / "regions"
        made_by = Engine() if cluster is None else on_ray(cluster, options, folder, cache)
        resume = Resume(options.retry_errors, options.mix)
        made = evaluate(
            pipeline, folder, dataset, options.out, settings, report, made_by, cache, resume
        )
        look_closer(options, pipeline, folder, dataset, made)
        return made


def check_closer_looks(options: argparse.Namespace) -> None:
    """Raises OptionError, before hours of work."""
    from lxmert_viz.experiments.relevance import check_method

    for method in options.relevance:
        check_method(method)
    if options.protocol and not options.relevance:
        raise OptionError("--protocol needs the methods to measure: --relevance METHOD ...")


def look_closer(
    options: argparse.Namespace,
    pipeline: "Pipeline",
    folder: Path,
    dataset: "Dataset",
    made: "RunFolder",
) -> None:
    """What is asked of a whole run: what its answers rest on, and where its mistakes looked."""
    from lxmert_viz.results.opening import open_run
    from lxmert_viz.runs.chefer import chefer
    from lxmert_viz.runs.explaining import explain_run
    from lxmert_viz.runs.occlusion import judge_looks

    for method in options.relevance:
        explain_run(pipeline, folder, made, method, report)
    if options.protocol:
        for line in chefer(pipeline, folder, made, options.relevance, report).itertuples():
            print(f"{line.method}, {line.curve}: area {line.area:.2f} ({line.questions:,})")
    if options.looked is not None:
        judge_looks(pipeline, folder, dataset, open_run(made.path), options.looked, report)


def on_ray(
    cluster: "Cluster", options: argparse.Namespace, model_folder: Path, cache: Path
) -> "Engine":
    from lxmert_viz.results.run_folder import RunFolder
    from lxmert_viz.runs.cluster.connecting import device_of
    from lxmert_viz.runs.cluster.evaluating import on_cluster
    from lxmert_viz.runs.evaluation import Engine

    device = device_of(options.device)
    run = RunFolder(options.out)
    compute = on_cluster(cluster, model_folder, run, cache, device, PROGRESS.line)
    return Engine(RAY, device, cluster.processors, compute)


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


def summary(remarks: "Sequence[Remark]") -> Iterator[str]:
    """How many remarks of each kind there are, with the first of each."""
    from lxmert_viz.dataset.remarks import KINDS

    for kind, count in Counter(remark.kind for remark in remarks).items():
        first = next(remark for remark in remarks if remark.kind == kind)
        yield f"{KINDS[kind]}: {count}. First: {first}"


def result(folder: Path) -> Iterator[str]:
    from lxmert_viz.results.opening import open_run

    totals = open_run(folder).totals()
    yield f"{totals.rows:,} examples in {folder / 'predictions.parquet'}"
    if totals.errors:
        yield f"{totals.errors:,} could not be answered: their column `error` says why"
    if totals.scored:
        yield f"mean score {totals.score:.4f} over {totals.scored:,} with a right answer"
