"""Options that several commands share, and numbers with their limits."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from lxmert_viz.box_frames import FRAMES

SEEDS = 2**31


def add_models_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="where model folders lie (default: LXMERT_VIZ_MODELS, or models in the cache folder)",
    )


def add_detector_options(parser: argparse.ArgumentParser) -> None:
    """Where models lie, and how their detector looks."""
    add_models_option(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    add_precision_option(parser)
    parser.add_argument(
        "--backend",
        choices=("own", "detectron2"),
        default="own",
        help="whose modules the detector runs on (default: own)",
    )
    parser.add_argument(
        "--profile",
        default="trained",
        help="how regions are found: trained or demo, with numbers such as "
        "'trained, regions=50, proposals=200' or 'demo, score=0.3, least=10, most=60' "
        "(default: trained)",
    )


def add_precision_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision",
        choices=("full", "mixed"),
        default="full",
        help="of detector and network; mixed is faster where the processor computes in bfloat16, "
        "and moves probabilities by less than 0.005 for 99 questions of 100 (default: full)",
    )


def add_boxes_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--boxes",
        choices=FRAMES,
        default="",
        help="what the boxes of a region file are, where they are not as its layout has them: "
        + "; ".join(f"{frame}: {what}" for frame, what in FRAMES.items()),
    )


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A whole number from least to most, both included."""
    return lambda text: int(_within(text, int, "whole number", least, most))


def number(least: float, most: float | None = None) -> Callable[[str], float]:
    """Any number from least to most, both included."""
    return lambda text: _within(text, float, "number", least, most)


def _within(
    text: str, kind: type[int | float], called: str, least: float, most: float | None
) -> float:
    limits = f"of at least {least}" if most is None else f"from {least} to {most}"
    try:
        value = kind(text)
        fits = math.isfinite(value) and least <= value and (most is None or value <= most)
    except (ValueError, OverflowError):
        fits = False
    if not fits:
        raise argparse.ArgumentTypeError(f"{text!r} is not a {called} {limits}")
    return value
