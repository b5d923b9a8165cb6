"""Ask one question about one picture."""

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxmert_viz.checkpoints import KNOWN, SHIPPED
from lxmert_viz.commands.detector_options import add_detector_options
from lxmert_viz.errors import PictureError
from lxmert_viz.records import Regions, Trace

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    from lxmert_viz.pipeline import Pipeline


def add_options(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(checkpoint.name for checkpoint in KNOWN)
    parser.add_argument("picture", type=Path, metavar="PICTURE", help="a picture file")
    parser.add_argument("question", metavar="QUESTION", help="a question or a caption")
    parser.add_argument(
        "--model", default=SHIPPED, help=f"{names}, or a folder (default: {SHIPPED})"
    )
    add_detector_options(parser)
    parser.add_argument(
        "--top", type=_count, default=5, help="how many answers to show (default: 5)"
    )
    parser.add_argument("--json", action="store_true", help="write one JSON object")


def run(options: argparse.Namespace) -> None:
    from lxmert_viz.dataset.region_cache import RegionCache, usual_folder
    from lxmert_viz.pipeline import Pipeline

    picture = read_picture(options.picture)
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
    regions = pipeline.look(picture, options.profile)
    clock.append(time.perf_counter())
    trace = pipeline.ask(regions, options.question)
    clock.append(time.perf_counter())
    spans = zip(("open", "look", "ask"), clock, clock[1:], strict=False)
    seconds = {stage: round(end - start, 4) for stage, start, end in spans}
    if options.json:
        print(json.dumps(as_json(pipeline, trace, options.top, seconds), indent=2))
    else:
        print(as_text(trace, options.top))


def read_picture(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PictureError(
            f"{path} cannot be read ({error.strerror}); name a picture file."
        ) from error


def as_json(
    pipeline: "Pipeline", trace: Trace, top: int, seconds: dict[str, float]
) -> dict[str, Any]:
    """What was found, with the shapes, and not the values, of everything inside."""
    return {
        "model": trace.model,
        "device": pipeline.device,
        "profile": trace.regions.profile,
        "question": trace.tokens.text,
        "answers": [
            {"text": text, "probability": probability, "kind": trace.answer_kind}
            for text, probability in trace.answers[:top]
        ],
        "match": trace.match,
        "regions": _regions_as_json(trace.regions),
        "tokens": list(trace.tokens.pieces),
        "attention_shapes": {family: list(a.shape) for family, a in trace.attention.items()},
        "state_shapes": {name: list(states.shape) for name, states in trace.states.items()},
        "notes": list(trace.notes),
        "seconds": seconds,
    }


def as_text(trace: Trace, top: int) -> str:
    """Two aligned columns, then regions, then what the reader must know."""
    rows = [(answer.text, f"{answer.probability:6.1%}") for answer in trace.answers[:top]]
    if trace.match is not None:
        rows.append(("(the text belongs to the picture)", f"{trace.match:6.1%}"))
    width = max((len(text) for text, _ in rows), default=0)
    lines = [f"{text:<{width}}  {share}" for text, share in rows]
    names = ", ".join(trace.regions.names)
    lines.append(f"{len(trace.regions)} regions{': ' if names else ''}{names}")
    return "\n".join([*lines, *(f"Note: {note}" for note in trace.notes)])


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


def _count(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return int(text)
