"""VQA's soft accuracy by its official rules. An answer counts by how many people gave it too."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

ENOUGH = 3  # so many other people make an answer fully right
FEW = 4  # with fewer answers than this, one that agrees is enough
PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
DIGITS = {word: str(number) for number, word in enumerate(NUMBERS)} | {"none": "0"}
ARTICLES = {"a", "an", "the"}
COMMA_IN_NUMBER = re.compile(r"\d,\d")
STOP = re.compile(r"\.(?!\d)")
MOST_STOPS = 32  # the official script passes a flag where the count belongs
# the official table has each of these with one apostrophe left out
FULL = """
ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't
haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've
might've mustn't must've needn't not've o'clock oughtn't 'ow's'at shan't she'd've should've
shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd someone'd've someone'll
someone's something'd something'd've something'll that's there'd there'd've there're there's
they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're
what's what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're
why's won't would've wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're
you've
"""


def _shortened() -> dict[str, str]:
    table = {"somebody'd": "somebodyd"}  # the official table has this one the wrong way round
    for word in FULL.split():
        places = [place for place, letter in enumerate(word) if letter == "'"]
        table |= {word[:place] + word[place + 1 :]: word for place in places}
    return table


CONTRACTIONS = _shortened()


@lru_cache(maxsize=200_000)
def normalised(answer: str) -> str:
    """An answer as the official script compares it where people disagree."""
    return _words(_punctuation(answer.replace("\n", " ").replace("\t", " ").strip()))


class People:
    """What people answered, counted once for all answers that are compared with it."""

    def __init__(self, given: Sequence[str]) -> None:
        """Raises ValueError for no answers."""
        if not given:
            raise ValueError("there are no answers to compare with")
        self._agree = len(set(given)) == 1
        self._counts = Counter(given if self._agree else map(normalised, given))
        self._of = len(given)

    def accuracy(self, answer: str) -> float:
        """0..1: for every person, a third for each other person with this answer, at most 1, mean.

        Ten people make 0, 0.3, 0.6, 0.9, 1 for 0, 1, 2, 3, 4 and more who gave it; with fewer than
        four, it is 1 for an answer that is among them. Source: vqaEval.py of VQA.
        """
        return self._accuracy(self._counts[answer if self._agree else normalised(answer)])

    def attainable(self) -> float:
        """The best accuracy that any answer can have."""
        return self._accuracy(max(self._counts.values()))

    def _accuracy(self, same: int) -> float:
        """same: how many people gave the answer."""
        if self._of < FEW:
            return float(same > 0)
        with_it = same * min(1.0, (same - 1) / ENOUGH)
        without_it = (self._of - same) * min(1.0, same / ENOUGH)
        return (with_it + without_it) / self._of


def _punctuation(text: str) -> str:
    """Marks beside a space, or in a text with a number like 1,000, vanish; others part words."""
    joined = COMMA_IN_NUMBER.search(text) is not None
    made = text
    for mark in PUNCTUATION:
        vanishes = joined or f"{mark} " in text or f" {mark}" in text
        made = made.replace(mark, "" if vanishes else " ")
    return STOP.sub("", made, count=MOST_STOPS)


def _words(text: str) -> str:
    words = [DIGITS.get(word, word) for word in text.lower().split()]
    return " ".join(CONTRACTIONS.get(word, word) for word in words if word not in ARTICLES)
