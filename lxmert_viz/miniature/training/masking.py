"""The masking rules and rates of LXMERT's pre-training (Tan & Bansal 2019, section 3.1)."""

import numpy as np

RATE = 0.15
IGNORED = -100


def mask_words(
    ids: np.ndarray,
    special: np.ndarray,
    mask_id: int,
    vocabulary_size: int,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Masked ids and labels, both (B, T): 80 % [MASK], 10 % a random piece, 10 % kept.

    special: (B, T) bool, true for [CLS], [SEP] and padding, which are never chosen.
    Labels are -100 where nothing was chosen.
    """
    chosen = (random.random(ids.shape) < RATE) & ~special
    labels = np.where(chosen, ids, IGNORED)
    fate = random.random(ids.shape)
    masked = np.where(chosen & (fate < 0.8), mask_id, ids)
    swapped = chosen & (fate >= 0.8) & (fate < 0.9)
    return np.where(swapped, random.integers(0, vocabulary_size, ids.shape), masked), labels


def mask_regions(
    feats: np.ndarray, real: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Masked features (B, R, F) and which regions were chosen (B, R).

    Of those 80 % become zeros, 10 % another region's features, 10 % stay.
    real: (B, R) bool, false for padding. Boxes stay as they are.
    """
    chosen = (random.random(real.shape) < RATE) & real
    fate = random.random(real.shape)
    masked = feats.copy()
    masked[chosen & (fate < 0.8)] = 0
    swapped = chosen & (fate >= 0.8) & (fate < 0.9)
    pool = feats[real]
    masked[swapped] = pool[random.integers(0, len(pool), int(swapped.sum()))]
    return masked, chosen
