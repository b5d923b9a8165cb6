"""The states of a trace in order of depth, and how alike they are.

Letters: P depths, N words or regions, D hidden size.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

STREAMS = {"lang": "words", "vision": "regions"}


class LensHead(NamedTuple):
    """A head of the model, as what reads states of every layer."""

    stream: str  # whose states it reads
    title: str


LENSES = {
    "words": LensHead("lang", "Words: masked words"),
    "objects": LensHead("vision", "Regions: objects"),
    "attributes": LensHead("vision", "Regions: attributes"),
    "features": LensHead("vision", "Regions: features"),
    "answers": LensHead("lang", "[CLS]: answers"),
    "match": LensHead("lang", "[CLS]: match"),
}

STEPS = ("cross", "self", "")  # inside a cross-modality layer; the last is what it hands on
FIRST = "embeddings"


def by_depth(states: Mapping[str, np.ndarray], stream: str, inside: bool = False) -> np.ndarray:
    """(P, N, D): embeddings, each layer of the stream's own, each cross-modality layer.

    states: as in Trace. inside: the two steps within each cross-modality layer as well.
    """
    own, cross = states[stream], states[f"{stream}_cross"]
    layers, steps, *rest = cross.shape
    kept = cross.reshape(layers * steps, *rest) if inside else cross[:, -1]
    return np.concatenate([own, kept])


def depth_names(
    states: Mapping[str, np.ndarray], stream: str, inside: bool = False
) -> tuple[str, ...]:
    """P names: "embeddings", "L1" or "R1" and on, "X1 cross", "X1 self", "X1" and on."""
    letter = "L" if stream == "lang" else "R"
    own = [f"{letter}{layer}" for layer in range(1, len(states[stream]))]
    steps = STEPS if inside else STEPS[-1:]
    layers = range(1, len(states[f"{stream}_cross"]) + 1)
    cross = [f"X{layer} {step}".strip() for layer in layers for step in steps]
    return (FIRST, *own, *cross)


def side_by_side(states: Mapping[str, np.ndarray]) -> list[tuple[str, int, int]]:
    """Name, place of the words' depth and of the regions' depth, first to last.

    The two encoders run beside each other; the one with fewer layers waits at its last.
    """
    own = {stream: len(states[stream]) for stream in STREAMS}
    names = {stream: depth_names(states, stream) for stream in STREAMS}
    frames = [(FIRST, 0, 0)]
    for layer in range(1, max(own.values())):
        lang, vision = min(layer, own["lang"] - 1), min(layer, own["vision"] - 1)
        frames.append((f"{names['lang'][lang]} · {names['vision'][vision]}", lang, vision))
    for layer in range(len(states["lang_cross"])):
        frames.append((f"X{layer + 1}", own["lang"] + layer, own["vision"] + layer))
    return frames


def cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(N, M), -1..1, of left (N, D) and right (M, D); 0 where a vector is zero."""
    return _unit(left) @ _unit(right).T


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)
