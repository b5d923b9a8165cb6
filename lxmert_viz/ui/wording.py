"""Words that more than one page says, and texts of others made safe to show."""

import re

WHAT_IT_IS = "LXMERT answers questions about pictures."
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


def probability(value: float) -> str:
    """In a line of text: two digits, and three where two would make it look like 0 or 1."""
    if value in (0, 1) or 0.005 <= value < 0.995:
        return f"{value:.2f}"
    if 0.001 <= value < 0.9995:
        return f"{value:.3f}"
    return "< 0.001" if value < 0.5 else "> 0.999"
