"""Where one answer stands among all of a model's answers."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload

import numpy as np

from lxmert_viz.records import Answer, Standing


class Ranked(Sequence[Answer]):
    """Answers, best first, kept as arrays: a name and a share become an Answer when asked for.

    vocabulary: (A,); places: (n,) of the ranked answers in it; shares: (n,) of the same, 0..1.
    """

    __slots__ = ("_places", "_shares", "_vocabulary")

    def __init__(self, vocabulary: tuple[str, ...], places: np.ndarray, shares: np.ndarray) -> None:
        self._vocabulary, self._places, self._shares = vocabulary, places, shares

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, key: int) -> Answer: ...

    @overload
    def __getitem__(self, key: slice) -> tuple[Answer, ...]: ...

    def __getitem__(self, key: int | slice) -> Answer | tuple[Answer, ...]:
        if isinstance(key, slice):
            texts = map(self._vocabulary.__getitem__, self._places[key].tolist())
            return tuple(map(Answer, texts, self._shares[key].tolist()))
        return Answer(self._vocabulary[self._places[key]], float(self._shares[key]))

    def __iter__(self) -> Iterator[Answer]:
        return iter(self[:])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ranked | tuple):
            return NotImplemented
        return self[:] == other[:]

    def __hash__(self) -> int:
        return hash(self[:])

    def __repr__(self) -> str:
        return f"Ranked{self[:]!r}"


def spelled(text: str) -> str:
    """A text as answers are compared: without case, with single spaces between words."""
    return " ".join(text.split()).casefold()


def ranked(vocabulary: tuple[str, ...], shares: np.ndarray, count: int | None) -> Ranked:
    """The most probable of all answers; shares: (A,), count: None for all."""
    places = best(shares, len(shares) if count is None else count)
    return Ranked(vocabulary, places, shares[places])


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
