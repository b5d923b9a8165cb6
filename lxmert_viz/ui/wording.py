"""Words that more than one page says, and texts of others made safe to show."""

import re
from typing import NamedTuple


class Family(NamedTuple):
    name: str
    stage: str
    queries: str  # "word" or "region"
    keys: str


FAMILIES = {
    "lang_from_vision": Family("Words look at regions", "cross-modality layers", "word", "region"),
    "vision_from_lang": Family("Regions look at words", "cross-modality layers", "region", "word"),
    "lang": Family("Words look at words", "language encoder", "word", "word"),
    "vision": Family("Regions look at regions", "object-relationship encoder", "region", "region"),
    "cross_lang": Family("Words look at words", "cross-modality layers", "word", "word"),
    "cross_vision": Family("Regions look at regions", "cross-modality layers", "region", "region"),
}

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
