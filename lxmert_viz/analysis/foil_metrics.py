"""Measures of datasets of captions and foils, by the rules of their authors.

A tie is never right. Scores of any kind may be given: l1 - l0, the raw logit of column 1, the score
without a picture, the length. N items (a text about a picture), U units that a measure counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 2_000  # of pictures
OFTEN = 4  # rows of a square: two texts about two pictures


@dataclass(frozen=True, slots=True)
class Items:
    """N texts about pictures, and whether each is true."""

    texts: Sequence[str]
    pictures: Sequence[str]
    matches: np.ndarray  # (N,) bool
    pairs: Sequence[str]  # what belongs together; "" alone
    kinds: Sequence[str]  # phenomenon or relation
    sets: Sequence[str]  # What'sUp: the same two things, in four places; "" elsewhere

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a measure found: one 0 or 1 a unit."""

    name: str
    rule: str
    chance: float
    right: np.ndarray  # (U,) float
    ties: np.ndarray  # (U,) bool: no order between the two that were compared
    pictures: tuple[str, ...]  # U: of the unit's first item
    kinds: tuple[str, ...]  # U

    @property
    def share(self) -> float:
        return float(self.right.mean()) if len(self.right) else float("nan")

    @property
    def tie_rate(self) -> float:
        return float(self.ties.mean()) if len(self.ties) else float("nan")

    def by_kind(self) -> dict[str, tuple[float, int]]:
        """Share and units of each kind, in alphabetical order."""
        kinds = np.array(self.kinds)
        return {
            kind: (float(self.right[kinds == kind].mean()), int((kinds == kind).sum()))
            for kind in sorted({*self.kinds})
        }

    @property
    def macro(self) -> float:
        """The mean over kinds, each as much as any other."""
        shares = [share for share, _ in self.by_kind().values()]
        return float(np.mean(shares)) if shares else float("nan")

    def interval(self, draws: int = DRAWS, seed: int = 0) -> tuple[float, float]:
        """95%, by drawing pictures again: units of one picture are not independent."""
        return bootstrap(self.right, self.pictures, draws, seed)


def bootstrap(
    right: np.ndarray, pictures: Sequence[str], draws: int = DRAWS, seed: int = 0
) -> tuple[float, float]:
    """The middle 95% of the mean when as many pictures are drawn with replacement."""
    if not len(right):
        return float("nan"), float("nan")
    _, place = np.unique(np.array(pictures), return_inverse=True)
    total = np.bincount(place, weights=right)
    count = np.bincount(place).astype(float)
    random = np.random.default_rng(seed)
    picked = random.multinomial(len(count), np.full(len(count), 1 / len(count)), draws)
    means = (picked @ total) / (picked @ count)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def measures(items: Items, scores: np.ndarray) -> list[Counted]:
    """Every measure that these items have. scores: (N,), NaN where an item was not asked."""
    groups = _groups(items)
    whole = [g for g in groups if not np.isnan(scores[g]).any()]
    found = [
        _pairwise(items, scores, whole),
        *_square(items, scores, whole),
        _pictures(items, scores, whole),
        *_sets(items, scores, whole),
    ]
    return [counted for counted in found if len(counted.right)]


def classified(items: Items, scores: np.ndarray, known: np.ndarray | None = None) -> Counted:
    """Accuracy at l1 - l0 = 0: each item alone. known: (N,) items that are counted."""
    asked = ~np.isnan(scores) if known is None else known & ~np.isnan(scores)
    places = np.flatnonzero(asked)
    score = scores[places]
    right = (score > 0) == items.matches[places]
    return Counted(
        "accuracy",
        "each text alone: a match where l1 is above l0",
        0.5,
        right.astype(float),
        score == 0,
        tuple(items.pictures[n] for n in places),
        tuple(items.kinds[n] for n in places),
    )


def valse_accuracy(items: Items, scores: np.ndarray) -> float:
    """VALSE's acc: the mean of the share of captions above 0 and of foils below it.

    Foils at exactly 0 are not counted, as in the authors' script.
    """
    captions = scores[items.matches & ~np.isnan(scores)]
    foils = scores[~items.matches & ~np.isnan(scores)]
    foils = foils[foils != 0]
    if not len(captions) or not len(foils):
        return float("nan")
    return float(((captions > 0).mean() + (foils < 0).mean()) / 2)


def auroc(scores: np.ndarray, matches: np.ndarray) -> float:
    """P(a caption scores above a foil), ties a half; NaN where one kind is missing."""
    known = ~np.isnan(scores)
    scores, matches = scores[known], matches[known]
    positive, negative = int(matches.sum()), int((~matches).sum())
    if not positive or not negative:
        return float("nan")
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(count) - (count - 1) / 2  # the mean rank of equals, from 1
    above = ranks[place][matches].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def by_length(texts: Sequence[str]) -> np.ndarray:
    """(N,) longer texts score higher; what it cannot do, its negative may."""
    return np.array([len(text.split()) for text in texts], float)


def _groups(items: Items) -> list[np.ndarray]:
    """Places of what belongs together, in the order of the items."""
    found: dict[str, list[int]] = {}
    for place, pair in enumerate(items.pairs):
        if pair:
            found.setdefault(pair, []).append(place)
    return [np.array(places) for places in found.values()]


def _count(items: Items, group: np.ndarray) -> tuple[int, int]:
    """How many texts and pictures a group has."""
    return len({items.texts[n] for n in group}), len({items.pictures[n] for n in group})


def _true_and_false(items: Items, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return group[items.matches[group]], group[~items.matches[group]]


def _pairwise(items: Items, scores: np.ndarray, groups: Sequence[np.ndarray]) -> Counted:
    """One picture: its caption above every foil, in every picture of the group alone."""
    units, right, ties, odds = [], [], [], []
    for group in groups:
        by_picture: dict[str, list[int]] = {}
        for n in group:
            by_picture.setdefault(items.pictures[n], []).append(int(n))
        for places in by_picture.values():
            true, false = _true_and_false(items, np.array(places))
            if len(true) == 1 and len(false):
                best = scores[false].max()
                units.append(int(true[0]))
                right.append(scores[true[0]] > best)
                ties.append(scores[true[0]] == best)
                odds.append(1 / (1 + len(false)))
    chance = float(np.mean(odds)) if odds else float("nan")
    rule = "the caption scores above its foil; with several foils, above all"
    return _counted(items, "pairwise", rule, chance, units, right, ties)


def _square(items: Items, scores: np.ndarray, groups: Sequence[np.ndarray]) -> tuple[Counted, ...]:
    """Winoground's three: two texts about two pictures."""
    units, tied = [], []
    told: dict[str, list[bool]] = {"text": [], "image": [], "group": []}
    for group in groups:
        square = _as_square(items, group)
        if square is None:
            continue
        own, other = scores[square[[0, 1], [0, 1]]], scores[square]
        text = bool(own[0] > other[1, 0] and own[1] > other[0, 1])
        image = bool(own[0] > other[0, 1] and own[1] > other[1, 0])
        units.append(int(square[0, 0]))
        tied.append(bool({own[0], own[1]} & {other[0, 1], other[1, 0]}))
        for name, value in (("text", text), ("image", image), ("group", text and image)):
            told[name].append(value)
    rules = {
        "text": ("for both pictures, their own text scores above the other", 0.25),
        "image": ("for both texts, their own picture scores above the other", 0.25),
        "group": ("text and image score both", 1 / 6),
    }
    return tuple(
        _counted(items, f"{name} score", *rules[name], units, told[name], tied) for name in rules
    )


def _as_square(items: Items, group: np.ndarray) -> np.ndarray | None:
    """(2, 2) places, [text, picture], where each text is true of its own picture alone."""
    if len(group) != OFTEN or _count(items, group) != (2, 2):
        return None
    true, false = _true_and_false(items, group)
    if len(true) != 2 or items.texts[true[0]] == items.texts[true[1]]:
        return None
    by_place = {(items.texts[n], items.pictures[n]): int(n) for n in group}
    texts, pictures = ([names[n] for n in true] for names in (items.texts, items.pictures))
    if pictures[0] == pictures[1] or len(by_place) != OFTEN:
        return None
    return np.array([[by_place[text, picture] for picture in pictures] for text in texts])


def _pictures(items: Items, scores: np.ndarray, groups: Sequence[np.ndarray]) -> Counted:
    """One sentence: the picture that it is true of above the other."""
    units, right, ties = [], [], []
    for group in groups:
        true, false = _true_and_false(items, group)
        if _count(items, group)[0] == 1 and len(true) and len(false):
            best, own = scores[false].max(), scores[true].max()
            units.append(int(true[0]))
            right.append(own > best)
            ties.append(own == best)
    rule = "the picture that the sentence is true of scores above the other"
    return _counted(items, "right picture", rule, 0.5, units, right, ties)


def _sets(items: Items, scores: np.ndarray, groups: Sequence[np.ndarray]) -> tuple[Counted, ...]:
    """What'sUp: pictures of the same two things; both of an opposite pair right, and all four."""
    own: dict[str, dict[str, tuple[int, bool]]] = {}
    for group in groups:
        true, false = _true_and_false(items, group)
        name = items.sets[true[0]] if len(true) else ""
        if name and len(false):
            is_right = bool(scores[true[0]] > scores[false].max())
            own.setdefault(name, {})[items.kinds[true[0]]] = (int(true[0]), is_right)
    pairs, pair_right, fours, four_right = [], [], [], []
    for told in own.values():
        for opposites in OPPOSITES:
            if all(kind in told for kind in opposites):
                pairs.append(told[opposites[0]][0])
                pair_right.append(all(told[kind][1] for kind in opposites))
        if len(told) == OFTEN:
            fours.append(next(iter(told.values()))[0])
            four_right.append(all(is_right for _, is_right in told.values()))
    no_ties = [False] * len(pairs), [False] * len(fours)
    return (
        _counted(
            items,
            "pair",
            "both pictures of two opposite places right",
            1 / 16,
            pairs,
            pair_right,
            no_ties[0],
        ),
        _counted(
            items, "set of 4", "all four places right", 1 / 256, fours, four_right, no_ties[1]
        ),
    )


OPPOSITES = (("left_of", "right_of"), ("on", "under"), ("in-front_of", "behind"))


def _counted(
    items: Items,
    name: str,
    rule: str,
    chance: float,
    units: Sequence[int],
    right: Sequence[bool],
    ties: Sequence[bool],
) -> Counted:
    return Counted(
        name,
        rule,
        chance,
        np.array(right, float),
        np.array(ties, bool),
        tuple(items.pictures[n] for n in units),
        tuple(items.kinds[n] for n in units),
    )


def beside(items: Items, scores: Mapping[str, np.ndarray]) -> dict[str, list[Counted]]:
    """The same measures by each kind of score; by length, whichever way is better."""
    found = {name: measures(items, values) for name, values in scores.items()}
    length = by_length(items.texts)
    ways = [measures(items, sign * length) for sign in (1.0, -1.0)]
    found[LENGTH] = [
        max(both, key=lambda counted: counted.share) for both in zip(*ways, strict=True)
    ]
    return found


LENGTH = "length alone"
