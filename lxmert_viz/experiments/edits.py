"""Changed inputs: a text with other words, a picture with fewer or other regions.

Every operator is named, because they are different interventions. Leaving a region out equals
hiding it from every attention map (`visual_attention_mask`). Zeroing keeps a live token: its box,
and the projection's bias; pre-training hid regions that way.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from lxmert_viz.records import Regions, Tokens

MASK = "[MASK]"
AS_IT_IS = "as it is"
ZEROED = "blank: features zeroed, boxes kept"
NO_REGIONS = "no picture: no regions at all"
SHUFFLED = "features shuffled among the boxes"
OPERATORS = (AS_IT_IS, ZEROED, NO_REGIONS, SHUFFLED)


@dataclass(frozen=True, slots=True)
class PictureEdit:
    """What was done to the regions of a picture, first the operator, then what is switched off."""

    operator: str = AS_IT_IS
    off: tuple[int, ...] = ()  # places in the unedited regions
    seed: int = 0  # of the shuffling


UNEDITED = PictureEdit()


class Word(NamedTuple):
    text: str
    begin: int  # characters in the text
    end: int


def edited(regions: Regions, edit: PictureEdit) -> Regions:
    """The regions after an edit; the picture's size and digest stay. Raises ValueError."""
    count = len(regions)
    if any(not 0 <= place < count for place in edit.off):
        raise ValueError(f"regions {edit.off} are to be switched off, and there are {count}")
    if edit.operator == ZEROED:
        regions = replace(regions, feats=np.zeros_like(regions.feats))
    elif edit.operator == SHUFFLED:
        regions = _in_other_boxes(regions, shuffle(count, edit.seed))
    elif edit.operator not in OPERATORS:
        raise ValueError(f"{edit.operator!r} is no operator; there are {OPERATORS}")
    left = places_left(count, edit)
    return regions if len(left) == count else regions.only(left)


def with_features(regions: Regions, place: int, source: int | None) -> Regions:
    """One region with another's features in its box; source None: with zeros. Names stay."""
    feats = regions.feats.copy()
    feats[place] = 0 if source is None else regions.feats[source]
    return replace(regions, feats=feats)


def places_left(count: int, edit: PictureEdit) -> list[int]:
    """Which of `count` regions are still there, in order."""
    if edit.operator == NO_REGIONS:
        return []
    return [place for place in range(count) if place not in edit.off]


def shuffle(count: int, seed: int) -> np.ndarray:
    """A permutation of 0..count-1 that leaves nothing in its place, but for a single one."""
    order = np.random.default_rng(seed).permutation(count)
    places = np.empty(count, np.int64)
    places[order] = np.roll(order, 1)  # one cycle through all
    return places


def words_of(tokens: Tokens) -> list[Word]:
    """The words of a text, as they are spelled there."""
    spans: dict[int, tuple[int, int]] = {}
    for word, (begin, end) in zip(tokens.word_ids, tokens.offsets, strict=True):
        if word is not None:
            first, last = spans.get(word, (begin, end))
            spans[word] = (min(first, begin), max(last, end))
    return [Word(tokens.text[begin:end], begin, end) for begin, end in spans.values()]


def with_word(text: str, word: Word, new: str) -> str:
    """The text with another word in its place; an empty one takes it out, with a space."""
    before, after = text[: word.begin], text[word.end :]
    if not new.strip() and (not before or before.endswith(" ")):
        after = after.removeprefix(" ")
    return f"{before}{new.strip()}{after}".strip()


def _in_other_boxes(regions: Regions, places: np.ndarray) -> Regions:
    """What was seen moves, the boxes stay: moving both together would change nothing."""
    return replace(regions.only(places), boxes_unit=regions.boxes_unit)
