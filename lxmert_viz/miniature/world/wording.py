"""The English of the miniature's world: every word, synonym and form of sentence."""

import re
from random import Random

from lxmert_viz.miniature.world.scenes import COLORS, MATERIALS, SHAPES, SIZES

SYNONYMS = {  # first the word that answers use
    "cube": ("cube", "block", "box"),
    "sphere": ("sphere", "ball"),
    "cylinder": ("cylinder", "can"),
    "cone": ("cone",),
    "ring": ("ring", "donut", "doughnut"),
    "thing": ("thing", "object", "item"),
    "small": ("small", "little", "tiny"),
    "large": ("large", "big", "huge"),
    "matte": ("matte", "dull", "rubber"),
    "shiny": ("shiny", "metal", "metallic", "glossy"),
    "gray": ("gray", "grey"),
    "color": ("color", "colour"),
    "left of": ("left of", "to the left of", "on the left of"),
    "right of": ("right of", "to the right of", "on the right of"),
    "in front of": ("in front of", "nearer than", "closer than"),
    "behind": ("behind", "further back than"),
    "leftmost": ("leftmost", "furthest left"),
    "rightmost": ("rightmost", "furthest right"),
    "nearest": ("nearest", "closest", "frontmost"),
    "furthest": ("furthest", "farthest", "most distant"),
}
OTHER_WORD = 0.25  # how often a synonym stands in for the first word
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight")

# {a} an attribute's name, {x} {y} one object, {z} a kind of object, {zs} its plural,
# {r} a relation or an end of the table, {v} a value, {n} a number
FORMS = {
    "attribute": (
        "what {a} is the {x}?",
        "what is the {a} of the {x}?",
        "what's the {a} of the {x}?",
        "which {a} does the {x} have?",
        "what {a} does the {x} have?",
        "the {x} is what {a}?",
        "tell me the {a} of the {x}.",
    ),
    "verify": (
        "is the {x} {v}?",
        "would you say the {x} is {v}?",
        "the {x} is {v}, right?",
        "is it true that the {x} is {v}?",
        "isn't the {x} {v}?",
    ),
    "verify a": (
        "is the {x} a {v}?",
        "would you say the {x} is a {v}?",
        "the {x} is a {v}, right?",
        "is it true that the {x} is a {v}?",
        "isn't the {x} a {v}?",
    ),
    "relation": (
        "what {a} is the {z} {r} the {x}?",
        "what is the {a} of the {z} {r} the {x}?",
        "what's the {a} of the {z} that is {r} the {x}?",
        "which {a} does the {z} {r} the {x} have?",
        "what {a} is the {z} that's {r} the {x}?",
        "the {z} {r} the {x} is what {a}?",
    ),
    "placed": (
        "is the {x} {r} the {y}?",
        "is it true that the {x} is {r} the {y}?",
        "does the {x} stand {r} the {y}?",
        "would you say the {x} is {r} the {y}?",
        "the {x} is {r} the {y}, right?",
    ),
    "outermost": (
        "what {a} is the {r} {z}?",
        "what is the {a} of the {r} {z}?",
        "which {a} does the {r} {z} have?",
        "what's the {a} of the {z} that is {r}?",
        "the {r} {z} is what {a}?",
    ),
    "count": (
        "how many {zs} are there?",
        "how many {zs} do you see?",
        "how many {zs} are on the table?",
        "how many {zs} can you see?",
        "how many {zs} does the picture show?",
        "what number of {zs} are there?",
        "what is the number of {zs}?",
        "count the {zs}.",
    ),
    "existence": (
        "is there a {z}?",
        "are there any {zs}?",
        "do you see a {z}?",
        "can you see any {zs}?",
        "does the picture show a {z}?",
        "is a {z} on the table?",
        "is there a {z} in the picture?",
        "are there {zs} on the table?",
    ),
    "more": (
        "are there more {xs} than {ys}?",
        "do you see more {xs} than {ys}?",
        "is the number of {xs} greater than the number of {ys}?",
        "do the {xs} outnumber the {ys}?",
        "are the {xs} more numerous than the {ys}?",
    ),
    "fewer": (
        "are there fewer {xs} than {ys}?",
        "do you see fewer {xs} than {ys}?",
        "is the number of {xs} less than the number of {ys}?",
        "are there less {xs} than {ys}?",
    ),
    "equal": (
        "are there as many {xs} as {ys}?",
        "is the number of {xs} the same as the number of {ys}?",
        "are there equally many {xs} and {ys}?",
        "do you see as many {xs} as {ys}?",
    ),
    "larger": (
        "is the {x} larger than the {y}?",
        "is the {x} bigger than the {y}?",
        "would you say the {x} is larger than the {y}?",
        "does the {x} look larger than the {y}?",
        "the {x} is bigger than the {y}, right?",
    ),
    "smaller": (
        "is the {x} smaller than the {y}?",
        "is the {y} larger than the {x}?",
        "would you say the {x} is smaller than the {y}?",
        "does the {x} look smaller than the {y}?",
    ),
    "same": (
        "do the {x} and the {y} have the same {a}?",
        "does the {x} have the same {a} as the {y}?",
        "is the {x} the same {a} as the {y}?",
        "are the {x} and the {y} the same {a}?",
        "is the {a} of the {x} the same as that of the {y}?",
    ),
    "different": (
        "do the {x} and the {y} have a different {a}?",
        "is the {x} a different {a} than the {y}?",
        "do the {x} and the {y} differ in {a}?",
        "does the {x} have a different {a} than the {y}?",
        "are the {x} and the {y} different in {a}?",
    ),
    "caption exists": (
        "there is a {z}.",
        "there's a {z}.",
        "a {z}.",
        "a {z} on the table.",
        "the picture shows a {z}.",
        "you can see a {z}.",
    ),
    "caption count": ("there are {n} {zs}.", "{n} {zs}.", "the picture shows {n} {zs}."),
    "caption placed": (
        "a {x} is {r} a {y}.",
        "there is a {x} {r} a {y}.",
        "a {x} {r} a {y}.",
        "the picture shows a {x} {r} a {y}.",
    ),
    "caption one": ("there is one {zs}.", "one {zs}.", "the picture shows one {zs}."),
    "caption both": (
        "a {x} and a {y}.",
        "there is a {x} and a {y}.",
        "you can see a {x} and a {y}.",
    ),
}


# Beside the slots of FORMS: {yes} is yes or no, {not} is "" or "not ", {one} is "a " or "no ".
FULL_ANSWERS = {
    "attribute": "the {x} is {answer}.",
    "verify": "{yes}, the {x} is {not}{v}.",
    "verify a": "{yes}, the {x} is {not}a {v}.",
    "relation": "the {z} {r} the {x} is {answer}.",
    "placed": "{yes}, the {x} is {not}{r} the {y}.",
    "outermost": "the {z} that is {r} is {answer}.",
    "count": "the number of {zs} is {answer}.",
    "existence": "{yes}, there is {one}{z}.",
    "more": "{yes}, there are {not}more {xs} than {ys}.",
    "fewer": "{yes}, there are {not}fewer {xs} than {ys}.",
    "equal": "{yes}, there are {not}as many {xs} as {ys}.",
    "larger": "{yes}, the {x} is {not}larger than the {y}.",
    "smaller": "{yes}, the {x} is {not}smaller than the {y}.",
    "same": "{yes}, the {x} and the {y} are {not}of the same {a}.",
    "different": "{yes}, the {x} and the {y} are {not}different in {a}.",
}


def say(word: str, random: Random) -> str:
    """A word or one of its synonyms."""
    choices = SYNONYMS.get(word, (word,))
    if len(choices) == 1 or random.random() >= OTHER_WORD:
        return choices[0]
    return random.choice(choices[1:])


def sentence(form: str, random: Random, **slots: str) -> str:
    """One of the sentences of a form; now and then its last mark is left out, as people do."""
    forms = FORMS[form]
    text = _with_articles(random.choice(forms).format(**slots))
    return text[:-1] if random.random() < 0.15 else text


def full_answer(form: str, answer: str, phrases: dict[str, str]) -> str:
    """The answer to a question of a form as a sentence, with what was said in its slots."""
    true = answer == "yes"
    words = {
        "answer": f"a {answer}" if answer in SHAPES else answer,
        "yes": answer,
        "not": "" if true else "not ",
        "one": "a " if true else "no ",
    }
    text = _with_articles(FULL_ANSWERS[form].format(**phrases, **words))
    return text[0].upper() + text[1:]


def _with_articles(text: str) -> str:
    return re.sub(r"\ba (?=[aeiou])", "an ", text)


def word_pieces() -> list[str]:
    """The vocabulary file: special pieces, marks, then all words in alphabetical order."""
    words = {"color", "shape", "size", "material", "an", "s", *NUMBERS}
    words.update([*COLORS, *MATERIALS, *SHAPES, *SIZES, *(str(n) for n in range(10))])
    for text in [t for forms in FORMS.values() for t in forms]:
        words.update(re.findall(r"[a-z]+", re.sub(r"\{\w+\}", " ", text)))
    for choices in SYNONYMS.values():
        words.update(w for choice in choices for w in choice.split())
    words.update(["made", "not", "no", "yes", "please", "image", "scene", "toy", "and", "or"])
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return [*special, "?", ".", ",", "'", "##s", "##es", *sorted(words)]
