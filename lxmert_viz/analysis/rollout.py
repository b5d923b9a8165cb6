"""Attention rollout over both streams at once. Letters: L layers, H heads, T words, R regions."""

import numpy as np


def rollout(attention: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """How much of each input every state holds, were attention and residuals all that mixes them.

    attention: the six families, (L, H, Q, K). Returns them as (L, Q, K): after each layer, the
    share of every input word or region in every state. A state's shares over words and regions
    together sum to 1. Each layer counts half as attention, mean over heads, half as its residual.
    Source: Abnar and Zuidema 2020, as one block matrix over words and regions.
    """
    means = {name: family.mean(axis=1) for name, family in attention.items()}  # (L, Q, K)
    words = _within(means["lang"])
    regions = _within(means["vision"])
    joint = _beside(_last(words), _last(regions))  # (T+R, T+R)
    split = means["lang"].shape[-1]
    across = []
    for layer in range(len(means["cross_lang"])):
        other = np.zeros_like(joint)
        other[:split, split:] = means["lang_from_vision"][layer]
        other[split:, :split] = means["vision_from_lang"][layer]
        own = _beside(means["cross_lang"][layer], means["cross_vision"][layer])
        joint = _mixed(own) @ _mixed(other) @ joint
        across.append(joint)
    after = np.stack(across) if across else np.zeros((0, *joint.shape), np.float32)
    return {
        "lang": words,
        "vision": regions,
        "lang_from_vision": after[:, :split, split:],
        "vision_from_lang": after[:, split:, :split],
        "cross_lang": after[:, :split, :split],
        "cross_vision": after[:, split:, split:],
    }


def _within(means: np.ndarray) -> np.ndarray:
    """One stream alone, after each of its layers. means: (L, N, N); returns the same shape."""
    reached = np.eye(means.shape[-1], dtype=np.float32)
    steps = []
    for mean in means:
        reached = _mixed(mean) @ reached
        steps.append(reached)
    return np.stack(steps) if steps else means


def _last(steps: np.ndarray) -> np.ndarray:
    return steps[-1] if len(steps) else np.eye(steps.shape[-1], dtype=np.float32)


def _mixed(mean: np.ndarray) -> np.ndarray:
    """Half attention, half residual; a row that attends to nothing is all residual."""
    both = mean + np.eye(len(mean), dtype=np.float32)
    return both / both.sum(axis=-1, keepdims=True)


def _beside(words: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """(T+R, T+R): two blocks on the diagonal."""
    size = len(words) + len(regions)
    joint = np.zeros((size, size), np.float32)
    joint[: len(words), : len(words)] = words
    joint[len(words) :, len(words) :] = regions
    return joint
