"""Where one answer stands among all of a model's answers."""

import difflib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from lxmert_viz.records import Answer, Standing


def spelled(text: str) -> str:
    """A text as answers are compared: without case, with single spaces between words."""
    return " ".join(text.split()).casefold()


def best(shares: np.ndarray, count: int) -> np.ndarray:
    """Places of the `count` largest of (A,), the largest first, equal ones in their order."""
    falling = -shares
    if count >= len(falling):
        return np.argsort(falling, kind="stable")
    last = np.partition(falling, count - 1)[count - 1]
    candidates = np.flatnonzero(~(falling > last))
    return candidates[np.argsort(falling[candidates], kind="stable")][:count]


def top(answers: Sequence[Answer], count: int, also: Iterable[str] = ()) -> list[Standing]:
    """The first answers, then those named in `also` that stand further down; in order of rank.

    answers: all answers, most probable first.
    """
    wanted = {spelled(text) for text in also}
    ranked = enumerate(answers, start=1)
    return [
        Standing(answer.text, answer.probability, rank, len(answers))
        for rank, answer in ranked
        if rank <= count or spelled(answer.text) in wanted
    ]


def standing(answers: Sequence[Answer], text: str) -> Standing | None:
    """The place of a typed answer, None where the model cannot give it.

    answers: all answers, most probable first. Case and spare spaces do not matter.
    """
    found = top(answers, 0, (text,))
    return found[0] if found else None


def closest(vocabulary: Iterable[str], text: str, count: int = 4) -> list[str]:
    """The answers spelled most like `text`, the most similar first; empty when none is similar."""
    by_spelling = {spelled(answer): answer for answer in vocabulary}
    found = difflib.get_close_matches(spelled(text), by_spelling, n=count, cutoff=0.5)
    return [by_spelling[spelling] for spelling in found]


class Change(NamedTuple):
    """One answer before and after; None where a model cannot give it."""

    text: str
    before: float | None  # 0..1
    after: float | None


def changes(before: Sequence[Answer], after: Sequence[Answer], count: int) -> list[Change]:
    """The first answers of both sides, those after first. before, after: most probable first."""
    texts = dict.fromkeys(answer.text for answer in (*after[:count], *before[:count]))
    earlier, later = dict(before), dict(after)
    return [Change(text, earlier.get(text), later.get(text)) for text in texts]
