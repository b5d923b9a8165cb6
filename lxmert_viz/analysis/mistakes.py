"""One cause for each mistake: the first rule that fires, in the order in which they stand here."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lxmert_viz.analysis.vqa_accuracy import normalised
from lxmert_viz.records import RIGHT_FROM

LOOKED_AWAY, LOOKED_RIGHT = "looked away", "looked right"  # judged afterwards, on request
TOP = 5 / 36  # share of the regions that count as looked at
CAUSES = {  # in order
    "ambiguous": "People disagree, and some gave this answer.",
    "vocabulary": "The right answer is not among the model's answers.",
    "wrong kind": "An answer of a kind that was not asked for: a colour for a number.",
    "implausible": "The right kind, but never true of such a thing.",
    "other words": "The right answer in other words: plural, article, spelling.",
    "off by one": "A number next to the right one.",
    "not seen": "A thing that the question is about has no region: the detector missed it.",
    "prior": "What the model also says without the picture.",
    LOOKED_AWAY: "The answer rests on regions that the question is not about.",
    LOOKED_RIGHT: "The answer rests on what the question is about, and is wrong all the same.",
    "logic": "A logical question whose answer contradicts another answer of the model.",
    "no rule": "None of the rules tells why.",
}
SPELLINGS = {"grey": "gray", "colour": "color", "tv": "television", "couch": "sofa"}


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of one scored answer; None where it is not known."""

    answer: str
    right: str
    score: float
    ceiling: float  # the best score that any answer can have
    people: tuple[str, ...] = ()
    known: bool | None = None  # the right answer is among the model's
    valid: bool | None = None
    plausible: bool | None = None
    answer_type: str = ""  # VQA's: "yes/no", "number", "other"
    missed: int | None = None  # objects of the question without a region
    without_picture: str | None = None
    structural: str = ""
    contradicted: bool = False


def cause(judged: Judged) -> str:
    """A key of CAUSES; "" for what is no mistake."""
    if judged.score >= RIGHT_FROM:
        return ""
    fires = {
        "ambiguous": judged.ceiling < 1 and judged.answer in judged.people,
        "vocabulary": judged.known is False,
        "wrong kind": _wrong_kind(judged),
        "implausible": judged.plausible is False,
        "other words": same_thing(judged.answer, judged.right),
        "off by one": _off_by_one(judged.answer, judged.right),
        "not seen": bool(judged.missed),
        "prior": judged.answer == judged.without_picture,
        "logic": judged.structural == "logical" and judged.contradicted,
    }
    return next((name for name in CAUSES if fires.get(name)), "no rule")


def looked_at(drops: np.ndarray, gold: Sequence[int]) -> bool:
    """Whether one of the gold regions is among those that an answer rests on most.

    drops: (R,) what the answer's probability loses without each region; the five largest of 36
    count, or the same share of fewer.
    """
    most = max(1, round(TOP * len(drops)))
    return bool(set(np.argsort(-drops, kind="stable")[:most].tolist()) & set(gold))


@lru_cache(maxsize=100_000)  # the same mistakes are made again and again
def same_thing(one: str, other: str) -> bool:
    """Whether two answers differ by articles, spelling, number words and plurals only."""
    words = [normalised(text).split() for text in (one, other)]
    return len(words[0]) == len(words[1]) and all(
        _readings(first) & _readings(second) for first, second in zip(*words, strict=True)
    )


def answer_type(answer: str) -> str:
    """VQA's type of an answer, from the answer itself."""
    if answer in ("yes", "no"):
        return "yes/no"
    return "number" if normalised(answer).isdigit() else "other"


def _wrong_kind(judged: Judged) -> bool:
    if judged.valid is not None:
        return not judged.valid
    return bool(judged.answer_type) and answer_type(judged.answer) != judged.answer_type


def _off_by_one(answer: str, right: str) -> bool:
    numbers = [normalised(text) for text in (answer, right)]
    return all(n.isdigit() for n in numbers) and abs(int(numbers[0]) - int(numbers[1])) == 1


def _readings(word: str) -> set[str]:
    """A word, and what it may be the plural of."""
    word = SPELLINGS.get(word, word)
    readings = {word}
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        readings.add(word[:-1])
    if len(word) > 4 and word.endswith("es"):
        readings.add(word[:-2])
    if len(word) > 4 and word.endswith("ies"):
        readings.add(f"{word[:-3]}y")
    return readings
