"""Words that more than one page says, and texts of others made safe to show."""

import re

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
