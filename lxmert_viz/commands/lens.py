"""What a head of the model says of every state, layer by layer."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxmert_viz.analysis.states import LENSES
from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.commands.inputs import read_picture
from lxmert_viz.commands.options import add_models_option, whole
from lxmert_viz.errors import OptionError
from lxmert_viz.records import LensGrid

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    import pandas as pd

    from lxmert_viz.experiments.lenses import Lens
    from lxmert_viz.experiments.tuned_lens import TunedLens
    from lxmert_viz.pipeline import Pipeline

EXAMPLE = "lens picture.jpg 'a [MASK] cube' --out lens.html"


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("picture", type=Path, metavar="PICTURE", help="a picture file")
    add("question", metavar="QUESTION", help="a question or a caption; may hold [MASK]")
    add(
        "--through",
        choices=tuple(LENSES),
        default="words",
        help="which head reads (default: words)",
    )
    add("--inside", action="store_true", help="also the steps inside cross-modality layers")
    add("--stored", type=Path, metavar="FILE", help="regions to look in, for --through features")
    add("--tuned", metavar="FOLDER", type=Path, help="tune it on states that probe --store keeps")
    add("--top", type=whole(1), default=5, help="labels a state in --json (default: 5)")
    add("--model", default=SHIPPED, help=f"a name or folder (default: {SHIPPED})")
    add_models_option(parser)
    add("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    add("--profile", default="trained", help="how regions are found (default: trained)")
    add("--out", type=Path, metavar="FILE", help="the grid as .html, or .png with kaleido")
    add("--json", action="store_true", help="write one JSON object")


def run(options: argparse.Namespace) -> None:
    _check(options)
    picture = read_picture(options.picture)

    from lxmert_viz.analysis import frames
    from lxmert_viz.analysis.regions import numbered_names
    from lxmert_viz.analysis.states import by_depth, depth_names
    from lxmert_viz.experiments import lenses
    from lxmert_viz.pipeline import Pipeline

    pipeline = Pipeline.open(options.model, device=options.device, models=options.models)
    chosen = _lens(pipeline, options)
    trace = pipeline.ask(pipeline.look(picture, options.profile), options.question)
    states = by_depth(trace.states, chosen.stream, options.inside)
    depths = depth_names(trace.states, chosen.stream, options.inside)
    if options.tuned:
        states = _tuned(pipeline, chosen, options.tuned, depths).translated(states)
    named = chosen.stream == "lang"
    rows = list(trace.tokens.pieces) if named else numbered_names(trace.regions)
    rows = rows[:1] if chosen.pooled else rows
    found = lenses.grid(chosen, states, options.top)
    table = frames.lens(found, chosen.labels, rows, depths)
    best = [[chosen.labels[i] for i in column] for column in found.ids[..., 0]]
    if options.out is not None:
        _draw(options, best, found, rows, depths, f"{chosen.kind}, {len(chosen.labels):,} labels")
    if options.json:
        print(json.dumps(_as_json(options, table, depths), indent=2))
    else:
        print(as_text(best, rows, depths))


def _check(options: argparse.Namespace) -> None:
    if (options.through == "features") != (options.stored is not None):
        raise OptionError(
            "--through features and --stored FILE belong together: a file of regions that "
            "`python -m lxmert_viz regions` made."
        )
    if options.tuned and (options.inside or options.stored):
        raise OptionError("--tuned is without --inside, and for heads with probabilities.")
    if options.out is not None:
        from lxmert_viz.figures import files

        files.check(options.out)


def _lens(pipeline: "Pipeline", options: argparse.Namespace) -> "Lens":
    from lxmert_viz.experiments import lenses
    from lxmert_viz.region_files.bank import read_bank

    if options.stored is None:
        return lenses.lens(pipeline, options.through)
    size = pipeline.network.config.visual_feat_dim
    stored = read_bank(options.stored, size, pipeline.region_names.of)
    return lenses.feature_lens(pipeline, stored.feats, stored.labels)


def _tuned(
    pipeline: "Pipeline", chosen: "Lens", folder: Path, depths: tuple[str, ...]
) -> "TunedLens":
    """Trained once, and kept with the states."""
    from lxmert_viz.runs import tuning
    from lxmert_viz.runs.states import StateStore

    store = StateStore(folder)
    if store.weights != pipeline.digest:
        raise OptionError(
            f"{folder} holds states of {store.model} as it was then, with other files, or as an "
            "earlier version of this tool kept them: extract them anew with `probe --store`."
        )
    if store.depths[chosen.stream] != depths:
        raise OptionError(
            f"{folder} holds states of the layers {', '.join(store.depths[chosen.stream])}, and a "
            "tuned lens needs all: extract them without --layers."
        )
    return tuning.tuned(chosen, store)


def as_text(best: list[list[str]], rows: list[str], depths: tuple[str, ...]) -> str:
    """Aligned columns: a row a state, a column a layer. best: a list of labels a layer."""
    columns = [["", *rows], *([depth, *column] for depth, column in zip(depths, best, strict=True))]
    widths = [max(map(len, column)) for column in columns]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in zip(*columns, strict=True)
    )


def _draw(
    options: argparse.Namespace,
    best: list[list[str]],
    found: LensGrid,
    rows: list[str],
    depths: tuple[str, ...],
    statistic: str,
) -> None:
    from lxmert_viz.figures.files import write
    from lxmert_viz.figures.lenses import lens_grid

    title = f"{options.question} ({options.through}, {options.model})"
    shares, ranks = found.shares[..., 0], found.ranks[..., 0]
    write(
        lens_grid(best, shares, ranks, rows, depths, title=title, statistic=statistic), options.out
    )


def _as_json(
    options: argparse.Namespace, table: "pd.DataFrame", depths: tuple[str, ...]
) -> dict[str, Any]:
    """table: as frames.lens makes it."""
    known, cells = table.astype(object).where(table.notna(), None), ["label", "share", "rank_below"]
    rows = [
        {
            "state": state["name"].iloc[0],
            "at": [
                layer[cells].to_dict("records") for _, layer in state.groupby("layer", sort=False)
            ],
        }
        for _, state in known.groupby("row")
    ]
    told = {"model": options.model, "question": options.question, "through": options.through}
    return told | {"layers": list(depths), "rows": rows}
