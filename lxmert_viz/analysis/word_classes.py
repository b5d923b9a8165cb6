"""The class of a word from a closed list: for colouring and probing, not for linguistics.

Function words and the words of colour, size and material are listed; every other word is a noun
or something that no list has.
"""

from collections.abc import Sequence

from lxmert_viz.records import Tokens

SPECIAL, PUNCTUATION, OTHER = "special mark", "punctuation", "noun or other"
CLASSES = {
    "question word": "what which who whom whose where when why how",
    "determiner": "a an the this that these those any some no each every all both either another",
    "pronoun or there": "it its he she they them his her their i you we there one's here",
    "verb": "is are was were be been being am do does did have has had can could would will shall "
    "should may might must isn't aren't what's see show shows say tell give find count sit sits "
    "stand stands lie lies wear wearing hold holding look looking",
    "preposition or place": "of in on at to from by with without for left right front behind "
    "above below under over near next between inside outside beside back further closer nearer "
    "leftmost rightmost nearest furthest frontmost closest farthest than",
    "number or amount": "zero one two three four five six seven eight nine ten many number more "
    "fewer less most least several equal equally numerous much",
    "conjunction": "and or but if not as same different true",
    "colour": "red orange yellow green cyan blue purple gray grey black white brown pink silver "
    "gold golden tan beige",
    "size, material or form": "small large big little tiny huge tall short long wide matte shiny "
    "metal metallic dull rubber glossy wooden plastic glass round square smaller larger",
}
_CLASS_OF = {word: name for name, words in CLASSES.items() for word in words.split()}


def class_of(word: str) -> str:
    word = word.casefold()
    if word.startswith("[") and word.endswith("]"):
        return SPECIAL
    if not any(letter.isalnum() for letter in word):
        return PUNCTUATION
    return "number or amount" if word.isdigit() else _CLASS_OF.get(word, OTHER)


def classes_of(tokens: Tokens) -> list[str]:
    """T classes; each piece has its whole word's."""
    return [class_of(word) for word in whole_words(tokens)]


def whole_words(tokens: Tokens) -> list[str]:
    """T words, each piece's own; special marks stay as they are."""
    return [
        piece if index is None else _joined(tokens.pieces, tokens.word_ids, index)
        for piece, index in zip(tokens.pieces, tokens.word_ids, strict=True)
    ]


def _joined(pieces: Sequence[str], indices: Sequence[int | None], wanted: int) -> str:
    own = [p for p, index in zip(pieces, indices, strict=True) if index == wanted]
    return "".join(piece.removeprefix("##") for piece in own)
