"""How the published slow tokenizer cuts a text into word pieces: Python's Unicode, rule by rule."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping

LONGEST_WORD = 100  # characters; longer ones are not spelled
ASCII_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
CHINESE = (  # the eight ranges that the published code names
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


def split_at(text: str, tokens: Collection[str]) -> list[str]:
    """The text cut at every special token, which stays a part of its own; no space is needed."""
    longest_first = sorted(tokens, key=len, reverse=True)
    parts = re.split(f"({'|'.join(map(re.escape, longest_first))})", text)
    return [part for part in parts if part]


def lower_each(text: str) -> str:
    """Character by character, so that a final sigma is not told from another."""
    return "".join(character.lower() for character in text)


def words(
    text: str,
    *,
    lower: bool,
    strip_accents: bool | None,
    chinese: bool,
    whole: Collection[str],
) -> Iterator[str]:
    """Words and marks of a text. whole: what is never split, where spaces stand around it.

    strip_accents None: only when lower-casing.
    """
    cleaned = "".join(_spaced(character, chinese) for character in text)
    stripping = lower if strip_accents is None else strip_accents
    for word in unicodedata.normalize("NFC", cleaned).split():
        if word in whole:
            yield word
            continue
        word = word.lower() if lower else word
        word = _without_accents(word) if stripping else word
        yield from _at_punctuation(word)


def pieces(word: str, vocab: Mapping[str, int], unknown: str, prefix: str = "##") -> list[str]:
    """The longest pieces from the left; `unknown` alone where the word cannot be spelled."""
    if len(word) > LONGEST_WORD:
        return [unknown]
    found: list[str] = []
    start = 0
    while start < len(word):
        mark = prefix if start else ""
        ends = range(len(word), start, -1)
        end = next((end for end in ends if mark + word[start:end] in vocab), None)
        if end is None:
            return [unknown]
        found.append(mark + word[start:end])
        start = end
    return found


def _spaced(character: str, chinese: bool) -> str:
    """What cleaning leaves of a character."""
    if character in "\t\n\r":
        return " "
    category = unicodedata.category(character)
    if category[0] == "C" or character == "\ufffd":
        return ""
    if category == "Zs":
        return " "
    if chinese and any(low <= ord(character) <= high for low, high in CHINESE):
        return f" {character} "
    return character


def _without_accents(word: str) -> str:
    apart = unicodedata.normalize("NFD", word)
    return "".join(c for c in apart if unicodedata.category(c) != "Mn")


def _at_punctuation(word: str) -> list[str]:
    parts: list[str] = []
    inside = False
    for character in word:
        if character in ASCII_PUNCTUATION or unicodedata.category(character)[0] == "P":
            parts.append(character)
            inside = False
        elif inside:
            parts[-1] += character
        else:
            parts.append(character)
            inside = True
    return [part for joined in parts for part in joined.split()]
