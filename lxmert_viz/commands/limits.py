"""Numbers that an option takes, with their limits."""

import argparse
import math
from collections.abc import Callable

SEEDS = 2**31


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
