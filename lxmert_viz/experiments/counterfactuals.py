"""What would have to be different? Edits of words and regions, ranked by what they do.

Every edit stands beside one of the same kind and size that was drawn at random. Letters: E edits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lxmert_viz.experiments.edits import MASK, Word, shuffle, with_word, words_of
from lxmert_viz.experiments.target import Target
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Answer, Regions, Scores

OVERLAP = 0.5  # of a box's own area that another covers, from which both are dropped together
SIBLINGS = (  # words that stand for one another; the first other one of a group that is known
    ("red", "blue", "green", "yellow", "purple", "cyan", "orange", "gray"),
    ("black", "white", "brown", "pink"),
    ("left", "right"),
    ("large", "small"),
    ("big", "little"),
    ("front", "behind"),
    ("above", "below"),
    ("more", "fewer"),
    ("one", "two", "three", "four", "five", "six", "seven", "eight"),
    ("cube", "sphere", "cylinder", "cone", "ring"),
    ("shiny", "matte"),
    ("leftmost", "rightmost"),
    ("nearest", "furthest"),
    ("man", "woman"),
    ("dog", "cat"),
)
NEGATABLE = ("is", "are", "does", "do")
BLANK, NO_PICTURE, NO_QUESTION = "regions with features of zero", "no regions", "?"


@dataclass(frozen=True, slots=True)
class Edit:
    """One changed input."""

    kind: str  # edits of one kind are each other's controls
    name: str
    regions: Regions
    text: str
    size: int = 1  # how many words or regions it changes


@dataclass(frozen=True, slots=True)
class Effect:
    """What an edit did to the target and to the answer."""

    edit: Edit
    drop: float  # of the target, in logits
    answer: str  # on top now
    flips: bool
    control: float | None  # mean drop of edits of the same kind and size at random; None: no other


@dataclass(frozen=True, slots=True)
class Bench:
    """All edits of one example, those that change most first."""

    target: Target
    answer: str
    value: float  # of the target as asked, in logits
    effects: list[Effect]

    def flip_rate(self, kind: str) -> float:
        of_kind = [effect.flips for effect in self.effects if effect.edit.kind == kind]
        return float(np.mean(of_kind))


@dataclass(frozen=True, slots=True)
class Reliance:
    """The answer with one modality or both taken away."""

    name: str
    top: tuple[Answer, ...]
    value: float  # of the target, in logits


def bench(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    target: Target,
    others: Sequence[Regions] = (),
    seed: int = 0,
) -> Bench:
    """others: of other pictures, for swaps."""
    edits = [
        *word_edits(pipeline, regions, text, seed),
        *region_edits(regions, text, others, seed),
    ]
    pairs = [(regions, text), *((edit.regions, edit.text) for edit in edits)]
    whole, *found = pipeline.exact.score_many(pairs)
    value, place = logit(target, whole), int(whole.answer_logits.argmax())
    drops = np.array([value - logit(target, scores) for scores in found])
    tops = [int(scores.answer_logits.argmax()) for scores in found]
    effects = [
        Effect(edit, float(drop), pipeline.answer_vocabulary[top], top != place, control)
        for edit, drop, top, control in zip(
            edits, drops, tops, _controls(edits, drops), strict=True
        )
    ]
    effects.sort(key=lambda effect: -abs(effect.drop))
    return Bench(target, pipeline.answer_vocabulary[place], value, effects)


def reliance(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    target: Target,
    another: Regions | None = None,
) -> list[Reliance]:
    """What is left to go by. another: of another picture. "Neither" is the prior."""
    asked = {
        "picture and question": (regions, text),
        "question, features of zero": (_zeroed(regions, range(len(regions))), text),
        "question alone": (regions.only(()), text),
    }
    if another is not None:
        asked["question, another picture"] = (another, text)
    asked |= {
        "picture alone": (regions, NO_QUESTION),
        "neither, the prior": (regions.only(()), NO_QUESTION),
    }
    scores = pipeline.exact.score_many(list(asked.values()))
    return [
        Reliance(name, pipeline.answers(one, 5), logit(target, one))
        for name, one in zip(asked, scores, strict=True)
    ]


def logit(target: Target, scores: Scores) -> float:
    """An answer's or match's target of what the heads said."""
    logits = scores.answer_logits if target.kind == "answer" else scores.match_logits
    rest = 0.0 if target.against is None else float(logits[target.against])
    return float(logits[target.label]) - rest


def word_edits(pipeline: Pipeline, regions: Regions, text: str, seed: int = 0) -> Iterator[Edit]:
    ((_, tokens),) = pipeline.rows([(regions, text)])
    words = [word for word in words_of(tokens) if word.text.isalnum()]
    known = pipeline.tokenizer.get_vocab()
    for word in words:
        yield Edit("word masked", f"“{word.text}” masked", regions, with_word(text, word, MASK))
    for word in words:
        for other in siblings(word.text.lower(), known):
            named = f"“{word.text}” → “{other}”"
            yield Edit("word replaced", named, regions, with_word(text, word, other))
    for word in words:
        if word.text.lower() in NEGATABLE and "not" in known:
            negated = with_word(text, word, f"{word.text} not")
            yield Edit("negated", f"“{word.text} not”", regions, negated)
            break
    if len(words) > 1:
        order = shuffle(len(words), seed)
        mixed = _reordered(text, words, order)
        yield Edit("words shuffled", f"“{mixed}”", regions, mixed, len(words))


def siblings(word: str, known: Sequence[str]) -> list[str]:
    """Other words of the same group that the vocabulary knows whole."""
    groups = [group for group in SIBLINGS if word in group]
    return [other for group in groups for other in group if other != word and other in known]


def region_edits(
    regions: Regions, text: str, others: Sequence[Regions] = (), seed: int = 0
) -> Iterator[Edit]:
    count, draw = len(regions), np.random.default_rng(seed)
    everyone = range(count)
    for place, name in enumerate(regions.names):
        named = f"region {place + 1} ({name.rpartition(' ')[2]})"
        left = [n for n in everyone if n != place]
        yield Edit("region dropped", f"{named} dropped", regions.only(left), text)
        group = overlapping(regions.boxes_unit, place)
        if len(group) > 1:
            left = [n for n in everyone if n not in group]
            told = f"{named} dropped with {len(group) - 1} it overlaps"
            yield Edit("regions dropped", told, regions.only(left), text, len(group))
        if count > 1:
            other = int(draw.choice([n for n in everyone if n != place]))
            swapped = _with_feats(regions, place, regions.feats[other])
            told = f"{named} as region {other + 1}"
            yield Edit("features swapped", told, swapped, text)
        if others:
            stranger = others[int(draw.integers(len(others)))]
            if len(stranger):
                feats = stranger.feats[int(draw.integers(len(stranger)))]
                told = f"{named} as in another picture"
                changed = _with_feats(regions, place, feats)
                yield Edit("features of another picture", told, changed, text)
    if count:
        yield Edit("picture blanked", BLANK, _zeroed(regions, everyone), text, count)
        yield Edit("picture blanked", NO_PICTURE, regions.only(()), text, count)


def overlapping(boxes_unit: np.ndarray, place: int) -> list[int]:
    """Boxes that cover OVERLAP of this one, or of which it covers so much; it is among them."""
    one = boxes_unit[place]
    low, high = np.maximum(boxes_unit[:, :2], one[:2]), np.minimum(boxes_unit[:, 2:], one[2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (boxes_unit[:, 2:] - boxes_unit[:, :2]).prod(axis=1)
    smaller = np.minimum(areas, areas[place])
    return np.flatnonzero(shared >= OVERLAP * np.maximum(smaller, 1e-12)).tolist()


def _controls(edits: Sequence[Edit], drops: np.ndarray) -> list[float | None]:
    """For each the mean drop of the others of its kind that are nearest in size."""
    found: list[float | None] = []
    for place, edit in enumerate(edits):
        alike = [n for n, e in enumerate(edits) if e.kind == edit.kind and n != place]
        sizes = {abs(edits[n].size - edit.size) for n in alike}
        nearest = [n for n in alike if abs(edits[n].size - edit.size) == min(sizes)]
        found.append(float(drops[nearest].mean()) if nearest else None)
    return found


def _with_feats(regions: Regions, place: int, feats: np.ndarray) -> Regions:
    changed = regions.feats.copy()
    changed[place] = feats
    return replace(regions, feats=changed)


def _zeroed(regions: Regions, places: Sequence[int]) -> Regions:
    changed = regions.feats.copy()
    changed[list(places)] = 0
    return replace(regions, feats=changed)


def _reordered(text: str, words: Sequence[Word], order: np.ndarray) -> str:
    """The words in another order, with everything between them where it was."""
    for word, place in reversed(list(zip(words, order.tolist(), strict=True))):
        text = text[: word.begin] + words[place].text + text[word.end :]
    return text
