"""From the picture to the answer in seven stations, with the numbers of one trace."""

from typing import NamedTuple

import numpy as np

from lxmert_viz.analysis.head_statistics import share_across
from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.records import Trace
from lxmert_viz.rounding import probability

SHOWN = 5
NO_ANSWERS = (
    "none: this checkpoint has no output head for answers; lxmert-base, lxmert-vqa and lxmert-gqa "
    "have one"
)
NO_MATCH = "none: this checkpoint has no output head for matching; lxmert-base has one"
NO_REGIONS = "none: the detector found no region, so the text is read alone"


class Bar(NamedTuple):
    label: str
    share: float  # 0..1, its length
    text: str  # the number as it is written


class Station(NamedTuple):
    title: str
    sentence: str  # what happens here
    facts: tuple[tuple[str, str], ...]  # name and live number
    bars_title: str
    bars: tuple[Bar, ...]
    words: tuple[float, ...]  # 0..1, one a word piece, or empty: how strongly it lights up
    regions: tuple[float, ...]  # the same, one a region
    advice: str  # one thing to try


def stations(trace: Trace) -> tuple[Station, ...]:
    return (
        _regions(trace),
        _pieces(trace),
        _embeddings(trace),
        _language(trace),
        _vision(trace),
        _crossing(trace),
        _heads(trace),
    )


def moved(states: np.ndarray) -> np.ndarray:
    """(N,): 1 - cosine between each token's first and last state. states: (L+1, N, D)."""
    first, last = states[0], states[-1]
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(last, axis=-1)
    return 1 - (first * last).sum(axis=-1) / np.maximum(lengths, np.finfo(np.float32).tiny)


def _regions(trace: Trace) -> Station:
    regions = trace.regions
    order = np.argsort(-regions.scores, kind="stable")[:SHOWN]
    names = numbered_names(regions)
    scores = [float(regions.scores[place]) for place in order]
    return Station(
        "Regions",
        "A detector proposes boxes and describes what is in each by a vector of features; LXMERT "
        "reads these and never the pixels.",
        (
            ("Regions", str(len(regions)) if len(regions) else NO_REGIONS),
            ("Features of each", str(regions.feats.shape[1])),
        ),
        "Most certain names (the detector's; LXMERT does not read them)",
        tuple(
            Bar(names[place], score, f"{score:.2f}")
            for place, score in zip(order, scores, strict=True)
        ),
        (),
        (0.5,) * len(regions),
        "On What if?, switch off the region that the question is about.",
    )


def _pieces(trace: Trace) -> Station:
    pieces = trace.tokens.pieces
    unknown = ", ".join(trace.tokens.unknown_words)
    return Station(
        "Word pieces",
        "The text is cut into pieces of the vocabulary and framed by [CLS] and [SEP].",
        (
            ("Pieces", str(len(pieces))),
            ("Words", str(len({w for w in trace.tokens.word_ids if w is not None}))),
            ("Words the model does not know", unknown or "none"),
        ),
        "",
        (),
        (1.0,) * len(pieces),
        (),
        "Ask with a rare word and see how it is cut, or that it becomes [UNK].",
    )


def _embeddings(trace: Trace) -> Station:
    words, regions = trace.states["lang"][0], trace.states["vision"][0]
    return Station(
        "Embeddings",
        "Each piece becomes the sum of a word, a position and a segment vector; each region the "
        "mean of its projected features and its projected box.",
        (
            ("Numbers in each vector", str(words.shape[1])),
            ("Most alike words", _most_alike(words, list(trace.tokens.pieces))),
            ("Most alike regions", _most_alike(regions, numbered_names(trace.regions))),
        ),
        "",
        (),
        (0.5,) * len(words),
        (0.5,) * len(regions),
        "Ask with the same word twice: its two vectors differ by their positions alone.",
    )


def _language(trace: Trace) -> Station:
    return _encoder(
        trace,
        "Language encoder",
        "lang",
        list(trace.tokens.pieces),
        "word",
        "nothing of the picture is known yet.",
        "Mask a word on What if?: its state must be guessed from the others.",
    )


def _vision(trace: Trace) -> Station:
    return _encoder(
        trace,
        "Vision encoder",
        "vision",
        numbered_names(trace.regions),
        "region",
        "nothing of the question is known yet (the paper: object-relationship encoder).",
        "Ask another question: every number here stays as it is.",
    )


def _encoder(
    trace: Trace, title: str, family: str, names: list[str], kind: str, unknown: str, advice: str
) -> Station:
    layers, heads = trace.attention[family].shape[:2]
    apart = moved(trace.states[family]) if names else np.zeros(0)
    facts = [("Layers", str(layers)), ("Heads in each", str(heads))]
    if names and layers:
        mean = trace.attention[family][-1].mean(axis=0)  # (N, N)
        query, key = np.unravel_index(mean.argmax(), mean.shape)
        strongest = f"“{names[query]}” reads “{names[key]}”: {mean[query, key]:.2f}"
        facts.append(("Strongest in the last layer (mean over heads)", strongest))
    else:
        facts.append((f"{kind.capitalize()}s", NO_REGIONS if not names else "no layer"))
    order = np.argsort(-apart, kind="stable")[:SHOWN]
    top = float(apart.max(initial=0)) or 1.0
    lit = tuple(float(value) / top for value in apart)
    return Station(
        title,
        f"In {layers} layer{'' if layers == 1 else 's'} every {kind} reads every {kind}; {unknown}",
        tuple(facts),
        "Changed most on the way (1 − cosine of first and last state; bars end at 1)",
        tuple(Bar(names[i], float(np.clip(apart[i], 0, 1)), f"{apart[i]:.2f}") for i in order),
        lit if kind == "word" else (),
        lit if kind == "region" else (),
        advice,
    )


def _crossing(trace: Trace) -> Station:
    maps = trace.attention["lang_from_vision"]
    layers = len(maps)
    names = numbered_names(trace.regions)
    read = maps[-1].mean(axis=0)[0] if layers and names else np.zeros(len(names))  # [CLS]'s row
    facts = [("Layers", str(layers)), ("Maps in each", "4")]
    if layers and names:
        shares = share_across(trace.states["lang"][-1], trace.states["lang_cross"])
        facts.append(
            ("Of the words' update, from regions", ", ".join(f"{share:.0%}" for share in shares))
        )
    elif not names:
        facts.append(("Regions", NO_REGIONS))
    order = np.argsort(-read, kind="stable")[:SHOWN]
    top = float(read.max(initial=0)) or 1.0
    return Station(
        "Cross-modality layers",
        "Words read regions and regions read words, then each stream reads itself: here the "
        "question meets the picture.",
        tuple(facts),
        "What [CLS] reads in the last layer (mean over heads)",
        tuple(Bar(names[i], float(read[i]), f"{read[i]:.2f}") for i in order),
        (1.0, *(0.0,) * (len(trace.tokens.pieces) - 1)),
        tuple(float(value) / top for value in read),
        "Open Attention, point at a word of the question and watch the boxes from layer to layer.",
    )


def _heads(trace: Trace) -> Station:
    first = trace.answers[0] if trace.answers else None
    kind = {"softmax": "softmax over all answers", "sigmoid": "each answer alone (sigmoid)"}
    return Station(
        "Heads",
        "The last state of [CLS] is projected once more; the answer and P(match) are read from "
        "these numbers alone.",
        (
            ("Answer", f"“{first.text}” {probability(first.probability)}" if first else NO_ANSWERS),
            ("P(match)", NO_MATCH if trace.match is None else probability(trace.match)),
            ("Numbers in the projected state", str(len(trace.states["pooled"]))),
        ),
        f"Probability, {kind[trace.answer_kind]}" if first else "",
        tuple(
            Bar(answer.text, answer.probability, probability(answer.probability))
            for answer in trace.answers[:SHOWN]
        ),
        (1.0, *(0.0,) * (len(trace.tokens.pieces) - 1)),
        (),
        "Write a statement instead of a question and read P(match).",
    )


def _most_alike(states: np.ndarray, names: list[str]) -> str:
    """The pair with the largest cosine. states: (N, D)."""
    if len(names) < 2:
        return "fewer than two"
    units = states / np.maximum(np.linalg.norm(states, axis=-1, keepdims=True), 1e-12)
    cosines = units @ units.T - 2 * np.eye(len(names))
    one, other = np.unravel_index(cosines.argmax(), cosines.shape)
    return f"“{names[one]}” and “{names[other]}”: cosine {cosines[one, other]:.2f}"
