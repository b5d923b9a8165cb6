"""Draw tabletop scenes with questions, captions and regions, in GQA's and LXMERT's formats."""

import argparse
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.commands.options import SEEDS, whole
from lxmert_viz.commands.progress import PROGRESS
from lxmert_viz.commands.stopping import alone
from lxmert_viz.errors import DatasetError

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.records import Regions

EXAMPLE = "make-scenes 20 --seed 5 --out scenes"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("count", type=whole(1), metavar="N", help="how many scenes")
    parser.add_argument(
        "--seed", type=whole(0, SEEDS - 1), default=0, help="of the first scene (default: 0)"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="a new or empty folder"
    )
    parser.add_argument(
        "--model",
        default=SHIPPED,
        help=f"whose detector makes regions.tsv (default: {SHIPPED}); none: no such file",
    )
    parser.add_argument(
        "--pairs", action="store_true", help="draw the scenes of counterfactuals.json too"
    )
    parser.add_argument(
        "--jpeg", action="store_true", help="JPEG pictures, a fifth as large as PNG"
    )


def run(chosen: argparse.Namespace) -> None:
    with alone(chosen.out):
        _make(chosen)


def _make(chosen: argparse.Namespace) -> None:
    from lxmert_viz.miniature.world.study import write_study
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.region_files.lxmert_tsv import write_regions

    if chosen.out.exists() and (not chosen.out.is_dir() or any(chosen.out.iterdir())):
        raise DatasetError(f"{chosen.out} is not an empty folder; name a new one.")
    pipeline = None if chosen.model == "none" else Pipeline.open(chosen.model)
    suffix = ".jpg" if chosen.jpeg else ".png"
    with ExitStack() as unfinished:
        unfinished.callback(shutil.rmtree, chosen.out, ignore_errors=True)
        pictures = write_study(chosen.out, chosen.seed, chosen.count, suffix, chosen.pairs)
        if pipeline is not None:
            write_regions(chosen.out / "regions.tsv", _looked_at(pipeline, pictures))
        unfinished.pop_all()
    print(f"{len(pictures)} scenes in {chosen.out}")


def _looked_at(pipeline: "Pipeline", pictures: list[Path]) -> "Iterator[tuple[str, Regions]]":
    for number, path in enumerate(pictures, start=1):
        yield path.stem, pipeline.look(path.read_bytes())
        PROGRESS.write(f"\rregions of {number} of {len(pictures)} scenes")
    PROGRESS.end()
