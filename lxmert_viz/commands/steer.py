"""Measure whether answers follow where the model's heads are made to look."""

import argparse
from pathlib import Path

from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.commands.options import SEEDS, add_models_option, whole
from lxmert_viz.commands.progress import report
from lxmert_viz.errors import OptionError

EXAMPLE = "steer scenes --out steering.csv"
DRAWS = 20


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "dataset", type=Path, metavar="DATASET", help="questions about marked objects (make-scenes)"
    )
    add("--model", default=SHIPPED, metavar="NAME", help=f"a name or folder (default: {SHIPPED})")
    add_models_option(parser)
    add("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    add("--seed", type=whole(0, SEEDS), default=0, help="of the random heads (default: 0)")
    add("--draws", type=whole(1), default=DRAWS, help=f"of random heads (default: {DRAWS})")
    add("--out", type=Path, metavar="FILE.csv", help="write the table")


def run(options: argparse.Namespace) -> None:
    if options.out and options.out.suffix.lower() != ".csv":
        raise OptionError(f"{options.out} should end in .csv.")

    from lxmert_viz.dataset.opening import open_dataset
    from lxmert_viz.going_out import as_csv
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.runs import steering
    from lxmert_viz.whole_files import write_text

    pipeline = Pipeline.open(options.model, options.device, options.models)
    dataset = open_dataset(options.dataset)
    found = steering.measure(pipeline, dataset, options.seed, options.draws, report)
    print(f"heads chosen on {found.found_on} questions: {', '.join(s.name for s in found.heads)}")
    print(f"measured on {found.measured_on} others, {found.aims} regions to look at instead:")
    shown = found.table[["heads", "number", "steered", "low", "high", "unmoved"]]
    print(shown.to_string(index=False, float_format="{:.3f}".format))
    if options.out:
        write_text(options.out, as_csv(found.table, "%.6g"))
