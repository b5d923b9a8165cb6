"""Foils: a caption with one thing changed by a rule that is shown. Nothing here sees a picture, so
a foil may be true of it too.
"""

import re
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from itertools import combinations
from typing import NamedTuple

COLORS = [
    *("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "brown"),
    *("black", "white", "gray", "grey"),
]
NUMBERS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
OPPOSITES = {
    "side": (
        ("to the left of", "to the right of"),
        ("left", "right"),
        ("in front of", "behind"),
        ("nearer than", "further back than"),
        ("closer than", "further back than"),
        ("on top of", "underneath"),
        ("above", "below"),
        ("over", "under"),
        ("inside", "outside"),
    ),
    "size": (
        ("small", "large"),
        ("little", "big"),
        ("tiny", "huge"),
        ("short", "tall"),
        ("smaller", "larger"),
        ("littler", "bigger"),
        ("shorter", "taller"),
        ("narrow", "wide"),
        ("thin", "thick"),
    ),
    "action": (
        ("sitting", "standing"),
        ("sits", "stands"),
        ("walking", "running"),
        ("walks", "runs"),
        ("eating", "drinking"),
        ("eats", "drinks"),
        ("holding", "throwing"),
        ("holds", "throws"),
        ("opening", "closing"),
        ("pushing", "pulling"),
        ("smiling", "crying"),
        ("sleeping", "playing"),
        ("swimming", "flying"),
        ("catching", "kicking"),
        ("reading", "writing"),
    ),
}
THINGS = (  # of one kind each: a thing becomes another of its kind
    "cube sphere cylinder cone ring",
    "block ball can cone donut",
    "box ball can cone doughnut",
    "dog cat horse cow sheep bird bear elephant",
    "man woman boy girl",
    "car bus truck train bicycle motorcycle boat",
    "chair table bed sofa bench",
    "apple banana pizza sandwich cake",
    "cup bottle bowl plate",
    "tree flower",
    "house tower",
)
NEGATED = (  # the first that fits, one way or the other
    (r"\bdoes not (show|have)\b", r"\1s"),
    (r"\b(is|are|was|were) not\b", r"\1"),
    (r"\bthere (is|are) no\b", r"there \1 a"),
    (r"\bthere (is|was) an?\b", r"there \1 no"),
    (r"\bthere are\b", "there are not"),
    (r"\bshows\b", "does not show"),
    (r"\b(is|are|was|were|can)\b", r"\1 not"),
    (r"^an?\b", "no"),
)
AND = re.compile(r"\b((an?|the)(?: \w+)+?) and ((an?|the)(?: \w+)+)", re.IGNORECASE)
WORD = re.compile(r"[\w']+|[^\w\s]")


class Rule(NamedTuple):
    title: str
    sentence: str  # what it does
    variants: Callable[[str], Iterator[str]]


class Foil(NamedTuple):
    rule: str  # of RULES
    text: str


class Part(NamedTuple):
    """A stretch of a text."""

    text: str
    differs: bool  # from the other text


def foils(text: str, is_known: Callable[[str], bool] = lambda text: True) -> list[Foil]:
    """Every foil of every rule, each another sentence than the caption and than the others.

    is_known: whether the model's vocabulary can spell a text.
    """
    seen, found = {_plain(text)}, []
    for name, rule in RULES.items():
        for variant in rule.variants(text):
            changed = _like(_with_articles(variant), text)
            if _plain(changed) not in seen and is_known(changed):
                seen.add(_plain(changed))
                found.append(Foil(name, changed))
    return found


def are_same(one: str, other: str) -> bool:
    """Whether two texts are one sentence: case, spaces and the last mark aside."""
    return _plain(one) == _plain(other)


def differing(one: str, other: str) -> tuple[list[Part], list[Part]]:
    """Both texts in parts, those words marked that the other has not in their place."""
    words = [[(m.group(), m.start(), m.end()) for m in WORD.finditer(t)] for t in (one, other)]
    spelled = [[word.casefold() for word, _, _ in found] for found in words]
    same = SequenceMatcher(None, *spelled, autojunk=False).get_matching_blocks()
    kept = (
        {n for a, _, size in same for n in range(a, a + size)},
        {n for _, b, size in same for n in range(b, b + size)},
    )
    first, second = (
        _parts(text, [(begin, end, n not in alike) for n, (_, begin, end) in enumerate(found)])
        for text, found, alike in zip((one, other), words, kept, strict=True)
    )
    return first, second


def _parts(text: str, words: list[tuple[int, int, bool]]) -> list[Part]:
    """What lies between two words goes with both where they are alike, else unmarked."""
    parts: list[Part] = []
    at = 0
    for begin, end, differs in words:
        gap = text[at:begin]
        if parts and parts[-1].differs == differs:
            parts[-1] = Part(f"{parts[-1].text}{gap}{text[begin:end]}", differs)
        else:
            if gap:
                parts.append(Part(gap, False))
            parts.append(Part(text[begin:end], differs))
        at = end
    if text[at:]:
        parts.append(Part(text[at:], False))
    return _joined(parts)


def _joined(parts: list[Part]) -> list[Part]:
    found: list[Part] = []
    for part in parts:
        if found and found[-1].differs == part.differs:
            found[-1] = Part(found[-1].text + part.text, part.differs)
        else:
            found.append(part)
    return found


def _colors(text: str) -> Iterator[str]:
    return _others(text, [COLORS])


def _numbers(text: str) -> Iterator[str]:
    for found in _words(text, NUMBERS):
        place = NUMBERS.index(found.group().casefold())
        for other in (place + 1, place - 1):
            if 0 <= other < len(NUMBERS):
                yield _put(text, found, NUMBERS[other])
    for found in re.finditer(r"\b\d{1,3}\b", text):
        if int(found.group()) > 1:
            yield _put(text, found, str(int(found.group()) + 1))


def _opposites(name: str) -> Callable[[str], Iterator[str]]:
    def variants(text: str) -> Iterator[str]:
        taken: list[tuple[int, int]] = []
        for one, other in OPPOSITES[name]:
            for old, new in ((one, other), (other, one)):
                for found in re.finditer(rf"\b{old}\b", text, re.IGNORECASE):
                    if not any(a < found.end() and found.start() < b for a, b in taken):
                        taken.append(found.span())
                        yield _put(text, found, new)

    return variants


def _things(text: str) -> Iterator[str]:
    return _others(text, [kind.split() for kind in THINGS], _plural)


def _others(
    text: str, kinds: list[list[str]], form: Callable[[str], str] | None = None
) -> Iterator[str]:
    """Each word of a kind becomes each other of its kind. form: another form of all of them."""
    for kind in kinds:
        forms = [kind, [form(word) for word in kind]] if form else [kind]
        for words in forms:
            for found in _words(text, words):
                place = words.index(found.group().casefold())
                for step in range(1, len(words)):
                    yield _put(text, found, words[(place + step) % len(words)])


def _negated(text: str) -> Iterator[str]:
    for pattern, new in NEGATED:
        changed = re.sub(pattern, new, text, count=1, flags=re.IGNORECASE)
        if changed != text:
            yield changed
            return


def _exchanged(text: str) -> Iterator[str]:
    """Two colours, sizes or things of the text change places."""
    sizes = [word for pair in OPPOSITES["size"] for word in pair]
    things = sorted({word for kind in THINGS for word in kind.split()})
    for kind in (COLORS, sizes, things, [_plural(thing) for thing in things]):
        for one, other in combinations(_words(text, kind), 2):
            between = text[one.end() : other.start()]
            before, after = text[: one.start()], text[other.end() :]
            changed = f"{before}{other.group()}{between}{one.group()}{after}"
            if _plain(changed) != _plain(AND.sub(r"\3 and \1", text)):  # says the same
                yield changed


def _words(text: str, words: list[str]) -> list[re.Match[str]]:
    return list(re.finditer(rf"\b(?:{'|'.join(words)})\b", text, re.IGNORECASE))


def _put(text: str, found: re.Match[str], new: str) -> str:
    return f"{text[: found.start()]}{new}{text[found.end() :]}"


def _plural(word: str) -> str:
    irregular = {"man": "men", "woman": "women", "sheep": "sheep", "box": "boxes"}
    irregular |= {"bus": "buses", "bench": "benches", "sandwich": "sandwiches"}
    return irregular.get(word, f"{word}s")


def _with_articles(text: str) -> str:
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    return re.sub(r"\b([Aa])n (?=[bcdfghjklmnpqrstvwxyz])", r"\1 ", text)


def _like(text: str, model: str) -> str:
    """With a capital at the beginning where the model text has one."""
    return text[:1].upper() + text[1:] if model[:1].isupper() else text


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(" .?!")


RULES = {
    "color": Rule("Colour", "A colour becomes another.", _colors),
    "number": Rule("Number", "A number from two on becomes the next higher or lower.", _numbers),
    "side": Rule(
        "Side", "A place becomes its opposite, as left of and right of.", _opposites("side")
    ),
    "size": Rule("Size", "A size becomes its opposite, as small and large.", _opposites("size")),
    "object": Rule("Object", "A thing becomes another of its kind, as dog and cat.", _things),
    "action": Rule(
        "Action", "An action becomes another, as sitting and standing.", _opposites("action")
    ),
    "negation": Rule(
        "Negation", "The sentence is negated, or its “not” or “no” left out.", _negated
    ),
    "order": Rule("Word order", "Two colours, sizes or things change places.", _exchanged),
}
