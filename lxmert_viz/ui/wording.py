"""Words that more than one page says, and texts of others made safe to show."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    name: str
    meaning: str
    never: tuple[str, ...] = ()  # what no page calls it; regular expressions


GLOSSARY = (
    Term("region", "A box of the picture with a vector of features. LXMERT sees nothing else."),
    Term(
        "vision encoder",
        "The layers in which regions read regions. The paper: object-relationship encoder.",
        (r"object-relationship", r"visual encoder", r"image encoder"),
    ),
    Term(
        "attention head",
        "A part of a layer with weights of its own: how much each word or region reads of each.",
    ),
    Term(
        "output head",
        "What turns states into answers, a match, words or labels. A checkpoint has some or all.",
        (r"answer head", r"matching head", r"match head", r"masked-word head", r"no head for"),
    ),
    Term("state", "The vector that a layer leaves for a word or a region."),
    Term(
        "checkpoint",
        "Trained weights with their settings and vocabulary; the bar's menu lists those here.",
        (r"pre-?trained model",),
    ),
    Term("P(match)", "The probability that a text belongs to a picture."),
    Term(
        "certainty",
        "The probability of the answer on top. It is high for many mistakes.",
        (r"\bconfident\b", r"\bsure of\b", r"\bsurest\b", r"\bhow sure\b", r"\bas sure\b"),
    ),
    Term("score", "How right an answer is, 0 to 1, by the measure of its dataset."),
    Term(
        "right",
        "An answer with a score of 0.5 or more; all others are mistakes.",
        (r"\bincorrect\b", r"correct answer", r"correctly answered"),
    ),
)
WHAT_IT_IS = "LXMERT answers questions about pictures."
ON_ARRIVAL = (
    "**LXMERT** answers a question about a picture from the regions that a detector finds in it. "
    "This is a miniature of it, trained on drawn scenes; for photographs there are full-size "
    "checkpoints."
)
NOT_PROOF = """
**An attention map shows where a head looked, not why the model answered.**

- A head can look at a region and use nothing of it: weights do not tell what they carry.
- Every map is one of many. Other heads, other layers and the path around each layer count too.
- Weights are never negative. They cannot show what spoke *against* an answer.
- Different maps can give the same answer, and wrong models have sensible maps too.

Take a map as a hint on what to try: change the question or the picture and watch the answer.
"""


def plain(text: str) -> str:
    """A text of anyone's as Markdown that shows it letter by letter."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])", r"\\\1", text)
