"""Train a probe on every layer's states of a dataset, with a control task and baselines."""

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.commands.engines import add_engine_options, engine, hold_elsewhere
from lxmert_viz.commands.inputs import add_dataset_options, read_dataset
from lxmert_viz.commands.options import SEEDS, add_models_option, number, whole
from lxmert_viz.commands.progress import report
from lxmert_viz.commands.stopping import goes_on
from lxmert_viz.errors import DatasetError, OptionError

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    from lxmert_viz.analysis.probes import ProbeRun
    from lxmert_viz.runs.states import StateStore
    from lxmert_viz.runs.targets import Task

EXAMPLE = "probe study --target colour --out colour.html"


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_dataset_options(parser)
    add("--target", default="object", help="what to read out; --list names all")
    add("--list", action="store_true", help="name the targets and stop")
    add("--kind", choices=("linear", "MLP"), default="linear", help="of probe (default: linear)")
    add("--pooling", choices=("cls", "words", "regions"), default="cls", help="of whole examples")
    add("--code", action="store_true", help="measure the description length too")
    add(
        "--seed",
        type=whole(0, SEEDS - 1),
        default=0,
        help="of the split and the probe (default: 0)",
    )
    add("--labels", type=Path, metavar="CSV", help="your labels: id or question_id, and --column")
    add("--column", metavar="NAME", help="which column of --labels")
    add("--store", type=Path, metavar="FOLDER", help="where states are kept (default: the cache)")
    add("--layers", metavar="NAME,...", help="keep only these, such as L9,X1,X5")
    add("--full", action="store_true", help="keep 32 bits a number, not 16")
    add("--max-gb", type=number(0), default=4.0, help="how large the states may get (default: 4)")
    add("--model", default=SHIPPED, help=f"a name or folder (default: {SHIPPED})")
    add_models_option(parser)
    add("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    add("--profile", default="trained", help="how regions are found (default: trained)")
    add_engine_options(parser)
    add("--out", type=Path, metavar="FILE", help="the curves as .html, or .png with kaleido")
    add("--save", type=Path, metavar="FILE", help="keep the trained probes")
    add("--json", action="store_true", help="write one JSON object")


def run(options: argparse.Namespace) -> None:
    from lxmert_viz.figures import files
    from lxmert_viz.runs.probing import run_probe, save
    from lxmert_viz.runs.targets import TARGETS

    hold_elsewhere(options)
    if options.list:
        print("\n".join(f"{name:<16} of each {level}" for name, (level, _) in TARGETS.items()))
        return
    if options.labels is None and options.target not in TARGETS:
        raise DatasetError(f"There is no target {options.target!r}: {', '.join(TARGETS)}.")
    if (options.labels is None) != (options.column is None):
        raise DatasetError("--labels and --column belong together: a CSV and one of its columns.")
    if options.out is not None:
        files.check(options.out)
    if options.save is not None and options.save.is_dir():  # told before minutes of work
        raise OptionError(f"{options.save} is a folder; --save takes the name of a new file.")
    store = _store(options)
    found = run_probe(
        store,
        _task(options, store),
        kind=options.kind,
        pooling=options.pooling,
        seed=options.seed,
        code=options.code,
        report=report,
    )
    report("", 1)
    if options.save is not None:
        save(found, options.save)
    if options.out is not None:
        _draw(found, options.out)
    print(json.dumps(as_json(found), indent=2) if options.json else as_text(found))


def as_json(run: "ProbeRun") -> dict[str, Any]:
    from lxmert_viz.analysis import frames

    about = run.about
    table = frames.probes(run).round(4).astype(object)
    table["confusion"] = [layer.confusion.tolist() for layer in run.layers]
    layers = table.where(table.notna(), None).to_dict("records")
    kept = ("model", "data", "target", "level", "stream", "kind", "seed", "count", "groups")
    told = {name: getattr(about, name) for name in kept}
    return told | {"labels": list(about.names), "left_out": about.left_out, "layers": layers}


def as_text(run: "ProbeRun") -> str:
    from lxmert_viz.analysis import frames

    about = run.about
    lines = [
        f"{about.target} ({len(about.names)} labels) from {about.count:,} states of "
        f"{about.groups:,} pictures, {about.kind} probe, seed {about.seed}",
        "layer       accuracy  95 % interval  control  selectivity  majority  noise  compression",
    ]
    for layer in frames.probes(run).itertuples():
        compression = "-" if math.isnan(layer.compression) else f"{layer.compression:.2f}"
        lines.append(
            f"{layer.layer:<11} {layer.accuracy:8.3f}  {layer.low:6.3f} {layer.high:6.3f}  "
            f"{layer.control:7.3f}  {layer.selectivity:11.3f}  {layer.majority:8.3f}  "
            f"{layer.noise:5.3f}  {compression:>11}"
        )
    return "\n".join(lines)


def _store(options: argparse.Namespace) -> "StateStore":
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.runs.extraction import Kept, extract
    from lxmert_viz.runs.states import states_folder, store_folder

    dataset = read_dataset(options)
    kept = Kept(
        depths=tuple((options.layers or "").split(",")) if options.layers else (),
        half=not options.full,
        max_bytes=int(options.max_gb * 1e9),
        profile=options.profile,
    )
    log = (options.store or states_folder() / "store").with_suffix(".ray.log")
    with goes_on(), engine(options, log) as site:
        device = "cpu" if site else options.device  # the cluster's is its machines' own
        pipeline = Pipeline.open(options.model, device=device, models=options.models)
        store = options.store or store_folder(pipeline, dataset)
        if site is None:
            return extract(pipeline, dataset, store, kept, report)
        from lxmert_viz.runs.cluster.extracting import extract_on_cluster

        return extract_on_cluster(site, pipeline, dataset, store, kept, report)


def _task(options: argparse.Namespace, store: "StateStore") -> "Task":
    from lxmert_viz.runs.targets import own_task, read_labels, task

    if options.labels is None:
        return task(store, options.target, options.seed)
    labels = read_labels(options.labels, options.column)
    return own_task(store, options.column, labels, options.seed)


def _draw(run: "ProbeRun", path: Path) -> None:
    from lxmert_viz.analysis import frames
    from lxmert_viz.figures import files
    from lxmert_viz.figures.probes import curves

    about = run.about
    title = f"{about.target} in {about.model}, {about.data}, seed {about.seed}"
    files.write(curves(frames.probes(run), about.kind, title, about.states), path)
