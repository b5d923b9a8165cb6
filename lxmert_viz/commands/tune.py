"""Let a checkpoint learn on from captions or questions: its head for matching, or for answers."""

import argparse
import time
from pathlib import Path

from lxmert_viz.checkpoints.folder import find
from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.commands.inputs import add_dataset_options, read_dataset
from lxmert_viz.commands.options import SEEDS, add_models_option, whole
from lxmert_viz.commands.progress import PROGRESS
from lxmert_viz.commands.stopping import alone, goes_on
from lxmert_viz.errors import OptionError

EXAMPLE = "tune vsr/train.jsonl --head match --from lxmert-base --out models/my-judge"
HEADS = ("match", "answers")


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_dataset_options(parser)
    add("--head", choices=HEADS, required=True, help="captions and foils, or questions")
    add(
        "--from",
        dest="model",
        default=SHIPPED,
        metavar="NAME",
        help=f"the checkpoint that learns on: a name or folder (default: {SHIPPED})",
    )
    add_models_option(parser)
    add("--out", type=Path, required=True, metavar="FOLDER", help="the new checkpoint's folder")
    add("--rate", type=float, default=1e-5, help="peak learning rate (default: %(default)s)")
    add("--batch", type=whole(1), default=32, help="examples a step (default: %(default)s)")
    add("--epochs", type=whole(1), default=10, help="at most (default: %(default)s)")
    add(
        "--patience",
        type=whole(1),
        default=3,
        help="end after so many epochs without a gain (default: %(default)s)",
    )
    add("--seed", type=whole(0, SEEDS - 1), default=0, help="of parts and order (default: 0)")
    add("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    add("--region-cache", type=Path, metavar="FOLDER", help="share regions with other runs")


def run(options: argparse.Namespace) -> None:
    from lxmert_viz.miniature.training.tuning import Plan
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.runs.fine_tuning import fine_tune, result_lines

    if not 0 < options.rate <= 1:
        raise OptionError(f"--rate is {options.rate:g}; a learning rate lies between 0 and 1.")
    dataset = read_dataset(options)
    plan = Plan(
        options.head,
        options.rate,
        options.batch,
        options.epochs,
        options.patience,
        seed=options.seed,
    )
    with goes_on(), alone(options.out):
        pipeline = Pipeline.open(options.model, device=options.device, models=options.models)
        made = fine_tune(
            pipeline,
            find(options.model, options.models),
            dataset,
            options.out,
            plan,
            Clock().report,
            options.region_cache,
        )
    PROGRESS.end()
    for line in result_lines(made):
        print(line)


class Clock:
    """Progress with the time left, as it went so far."""

    def __init__(self) -> None:
        self._began: tuple[str, float, float] | None = None  # kind of work, when, share then

    def report(self, stage: str, share: float) -> None:
        now, kind = time.monotonic(), stage.split(" ")[0]
        if self._began is None or self._began[0] != kind:
            self._began = (kind, now, share)
        _, began, first = self._began
        done = share - first
        left = f", {(now - began) * (1 - share) / done / 60:.1f} min left" if done > 0 else ""
        PROGRESS.over(f"{stage}, {share:.1%}{left}")
