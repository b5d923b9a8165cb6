"""What captions and pictures score, as tables: a row a caption or a picture. Scores are l1 - l0."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

SCORE, P_MATCH, BLANK, SEEN = "score", "P(match)", "no picture", "picture adds"
CAPTION, FOIL, FOIL_SCORE, GAP = "caption", "foil", "foil's score", "gap"
PICTURE, ERROR, BEST = "picture", "error", "best picture"


def of_captions(
    captions: Sequence[str],
    scores: np.ndarray,
    blank: np.ndarray,
    foils: Sequence[str],
    foil_scores: np.ndarray,
    errors: Sequence[str],
) -> pd.DataFrame:
    """One picture: the best caption first, rows with an error last.

    scores, blank, foil_scores: one a caption, NaN where there is none. Columns that would be empty
    are left out.
    """
    table = _scored(CAPTION, captions, scores, blank)
    if any(foils):
        table[FOIL] = list(foils)
        table[FOIL_SCORE] = foil_scores
        table[GAP] = scores - foil_scores
    return _ordered(table, errors)


def of_pictures(
    pictures: Sequence[str], scores: np.ndarray, blank: float, errors: Sequence[str]
) -> pd.DataFrame:
    """One caption: the best picture first, rows with an error last."""
    alone = np.where(np.isnan(scores), np.nan, blank)
    return _ordered(_scored(PICTURE, pictures, scores, alone), errors)


def of_all(
    captions: Sequence[str], pictures: Sequence[str], scores: np.ndarray, blank: np.ndarray
) -> pd.DataFrame:
    """A row a caption, a column a picture, in the order given. scores: (C, P)."""
    table = pd.DataFrame(scores, columns=unlike(pictures))
    table.insert(0, CAPTION, list(captions))
    table.insert(1, BLANK, blank)
    best = [pictures[int(np.nanargmax(row))] if not np.isnan(row).all() else "" for row in scores]
    table.insert(2, BEST, best)
    return table


def unlike(names: Sequence[str]) -> list[str]:
    """Names, numbered where one comes again."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _scored(
    name: str, labels: Sequence[str], scores: np.ndarray, blank: np.ndarray
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: list(labels),
            SCORE: scores,
            P_MATCH: 1 / (1 + np.exp(-scores)),
            BLANK: blank,
            SEEN: scores - blank,
        }
    )


def _ordered(table: pd.DataFrame, errors: Sequence[str]) -> pd.DataFrame:
    if any(errors):
        table[ERROR] = list(errors)
    return table.sort_values(SCORE, ascending=False, kind="stable", na_position="last")
