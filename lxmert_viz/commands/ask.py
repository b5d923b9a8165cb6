"""Ask one question about one picture."""

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxmert_viz.checkpoints.known import KNOWN, SHIPPED
from lxmert_viz.commands.inputs import read_picture
from lxmert_viz.commands.options import add_boxes_option, add_detector_options, whole
from lxmert_viz.errors import OptionError
from lxmert_viz.records import Regions, Trace, Verdict

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    from lxmert_viz.pipeline import Pipeline

EXAMPLE = "ask picture.jpg 'what color is the large cube?'"


def add_options(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(checkpoint.name for checkpoint in KNOWN)
    parser.add_argument(
        "picture", metavar="PICTURE", help="a picture file; with --regions also its id there"
    )
    parser.add_argument("question", metavar="QUESTION", help="a question or a caption")
    parser.add_argument(
        "--model", default=SHIPPED, help=f"{names}, or a folder (default: {SHIPPED})"
    )
    parser.add_argument(
        "--second-picture",
        metavar="PICTURE",
        help="is the statement true of both together? for checkpoints fine-tuned on NLVR2",
    )
    add_detector_options(parser)
    parser.add_argument(
        "--regions",
        type=Path,
        metavar="FILE",
        help="take the regions from this file, and look at nothing; needs no detector",
    )
    add_boxes_option(parser)
    parser.add_argument(
        "--top", type=whole(1), default=5, help="how many answers to show (default: 5)"
    )
    parser.add_argument("--json", action="store_true", help="write one JSON object")


def run(options: argparse.Namespace) -> None:
    names = [name for name in (options.picture, options.second_picture) if name is not None]
    pictures = [read_picture(name) for name in names] if options.regions is None else []

    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.region_files.cache import RegionCache, usual_folder

    clock = [time.perf_counter()]
    pipeline = Pipeline.open(
        options.model,
        device=options.device,
        models=options.models,
        precision=options.precision,
        cache=RegionCache(usual_folder()),
        backend=options.backend,
    )
    clock.append(time.perf_counter())
    _check_count(pipeline, len(names))
    if options.regions is None:
        regions = [pipeline.look(picture, options.profile) for picture in pictures]
    else:
        from lxmert_viz.runs.stored import StoredRegions

        files = [path for path in map(Path, names) if path.is_file()]
        stored = StoredRegions(pipeline, options.regions, options.boxes, files)
        regions = [stored.of(name) for name in names]
    clock.append(time.perf_counter())
    if pipeline.judges_pairs:
        found = pipeline.judge((regions[0], regions[1]), options.question)
    else:
        found = pipeline.ask(regions[0], options.question)
    clock.append(time.perf_counter())
    spans = zip(("open", "look", "ask"), clock, clock[1:], strict=False)
    seconds = {stage: round(end - start, 4) for stage, start, end in spans}
    if isinstance(found, Verdict):
        text, fields = verdict_as_text(found), verdict_as_json(pipeline, found)
    else:
        text, fields = as_text(found, options.top), as_json(pipeline, found, options.top)
    print(json.dumps({**fields, "seconds": seconds}, indent=2) if options.json else text)


def _check_count(pipeline: "Pipeline", pictures: int) -> None:
    if pipeline.judges_pairs and pictures == 1:
        raise OptionError(
            f"{pipeline.name} judges statements about two pictures: add --second-picture PICTURE."
        )
    if pictures == 2 and not pipeline.judges_pairs:
        raise OptionError(
            f"{pipeline.name} answers about one picture: leave --second-picture out, or choose "
            "a checkpoint that was fine-tuned on NLVR2 with --model."
        )


def as_json(pipeline: "Pipeline", trace: Trace, top: int) -> dict[str, Any]:
    """What was found, with the shapes, and not the values, of everything inside."""
    return {
        **_circumstances(pipeline, trace),
        "answers": [
            {"text": text, "probability": probability, "kind": trace.answer_kind}
            for text, probability in trace.answers[:top]
        ],
        "match": trace.match,
        **_inside(trace),
        "notes": list(trace.notes),
    }


def verdict_as_json(pipeline: "Pipeline", verdict: Verdict) -> dict[str, Any]:
    """As for one picture, with what is inside for each of the two."""
    first, second = verdict.traces
    return {
        **_circumstances(pipeline, first),
        "truth": verdict.truth,
        "pictures": [{**_inside(trace), "notes": list(trace.notes)} for trace in (first, second)],
    }


def _circumstances(pipeline: "Pipeline", trace: Trace) -> dict[str, Any]:
    return {
        "model": trace.model,
        "device": pipeline.device,
        "profile": trace.regions.profile,
        "question": trace.tokens.text,
    }


def _inside(trace: Trace) -> dict[str, Any]:
    return {
        "regions": _regions_as_json(trace.regions),
        "tokens": list(trace.tokens.pieces),
        "attention_shapes": {family: list(a.shape) for family, a in trace.attention.items()},
        "state_shapes": {name: list(states.shape) for name, states in trace.states.items()},
    }


def as_text(trace: Trace, top: int) -> str:
    """Two aligned columns, then regions, then what the reader must know."""
    rows = [(answer.text, answer.probability) for answer in trace.answers[:top]]
    if trace.match is not None:
        rows.append(("(the text belongs to the picture)", trace.match))
    return "\n".join([*_columns(rows), _seen(trace), *(f"Note: {note}" for note in trace.notes)])


def verdict_as_text(verdict: Verdict) -> str:
    """The likelier verdict first, then each picture's regions, then what the reader must know."""
    rows = sorted([("true", verdict.truth), ("false", 1 - verdict.truth)], key=lambda row: -row[1])
    seen = [f"picture {side}: {_seen(t)}" for side, t in enumerate(verdict.traces, start=1)]
    notes = dict.fromkeys(note for trace in verdict.traces for note in trace.notes)
    return "\n".join([*_columns(rows), *seen, *(f"Note: {note}" for note in notes)])


def _columns(rows: list[tuple[str, float]]) -> list[str]:
    width = max((len(text) for text, _ in rows), default=0)
    return [f"{text:<{width}}  {share:6.1%}" for text, share in rows]


def _seen(trace: Trace) -> str:
    names = ", ".join(trace.regions.names)
    count = len(trace.regions)
    return f"{count} region{'' if count == 1 else 's'}{': ' if names else ''}{names}"


def _regions_as_json(regions: Regions) -> list[dict[str, Any]]:
    width, height = regions.size_px
    boxes_px = regions.boxes_unit * [width, height, width, height]
    return [
        {
            "name": name,
            "score": float(score),
            "box_unit": [round(float(edge), 6) for edge in unit],
            "box_px": [round(float(edge), 2) for edge in px],
        }
        for name, score, unit, px in zip(
            regions.names, regions.scores, regions.boxes_unit, boxes_px, strict=True
        )
    ]
