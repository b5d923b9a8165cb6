"""What arrays a kept trace must hold, whoever wrote it.

Letters as in records.py; L, V, X layers of words, of regions and of both, M boxes left out.
"""

from collections.abc import Mapping

import numpy as np

from lxmert_viz.box_frames import check_finite

WORDS_FOR = {"regions.feats": "features", "regions.boxes_unit": "boxes"}
SHARES = (0.0, 1.001)  # of float32, whose rows sum to 1 nearly
ARRAYS: dict[str, tuple[type[np.generic], str]] = {
    "tokens.ids": (np.int64, "T"),
    "tokens.type_ids": (np.int64, "T"),
    "regions.boxes_unit": (np.float32, "R 4"),
    "regions.feats": (np.float32, "R F"),
    "regions.object_ids": (np.int64, "R"),
    "regions.attribute_ids": (np.int64, "R"),
    "regions.scores": (np.float32, "R"),
    "regions.attribute_scores": (np.float32, "R"),
    "attention.lang": (np.float32, "L H T T"),
    "attention.vision": (np.float32, "V H R R"),
    "attention.lang_from_vision": (np.float32, "X H T R"),
    "attention.vision_from_lang": (np.float32, "X H R T"),
    "attention.cross_lang": (np.float32, "X H T T"),
    "attention.cross_vision": (np.float32, "X H R R"),
    "states.lang": (np.float32, "L+1 T D"),
    "states.vision": (np.float32, "V+1 R D"),
    "states.lang_cross": (np.float32, "X 3 T D"),
    "states.vision_cross": (np.float32, "X 3 R D"),
    "states.pooled": (np.float32, "D"),
}
LEFT_OUT: dict[str, tuple[type[np.generic], str]] = {
    "left_out.boxes_unit": (np.float32, "M 4"),
    "left_out.scores": (np.float32, "M"),
    "left_out.rivals": (np.int64, "M"),
}
NORMS: dict[str, tuple[type[np.generic], str]] = {
    "norms.lang": (np.float32, "L H T"),
    "norms.vision": (np.float32, "V H R"),
    "norms.lang_from_vision": (np.float32, "X H R"),
    "norms.vision_from_lang": (np.float32, "X H T"),
    "norms.cross_lang": (np.float32, "X H T"),
    "norms.cross_vision": (np.float32, "X H R"),
}


def check_arrays(arrays: Mapping[str, np.ndarray], words: int, regions: int) -> None:
    """Raises ValueError. words, regions: how many the other file has."""
    wanted = dict(ARRAYS)
    for group in (LEFT_OUT, NORMS):
        if group.keys() & arrays.keys():
            wanted |= group
    if wanted.keys() != arrays.keys():
        odd = sorted(wanted.keys() ^ arrays.keys())
        raise ValueError(f"arrays are too many or too few: {', '.join(odd)[:200]}")
    sizes = {"T": words, "R": regions}
    for name, (kind, letters) in wanted.items():
        array = arrays[name]
        if array.dtype != kind or not _has_shape(array.shape, letters.split(), sizes):
            raise ValueError(f"{name} has the shape {array.shape} of {array.dtype}")
        check_finite(array, WORDS_FOR.get(name, name))
        if name.startswith("attention.") and not _are_shares(array):
            raise ValueError(f"{name} has weights that are no shares")


def _has_shape(shape: tuple[int, ...], letters: list[str], sizes: dict[str, int]) -> bool:
    """Sizes of letters that come first here are noted."""
    if len(shape) != len(letters):
        return False
    for size, letter in zip(shape, letters, strict=True):
        if letter.isdecimal():
            wanted = int(letter)
        else:
            letter, _, more = letter.partition("+")
            wanted = sizes.setdefault(letter, size - int(more or 0)) + int(more or 0)
        if size != wanted:
            return False
    return True


def _are_shares(weights: np.ndarray) -> bool:
    low, high = SHARES
    return not weights.size or bool(low <= weights.min() and weights.max() <= high)
