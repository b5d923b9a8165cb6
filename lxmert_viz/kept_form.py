"""What a kept trace must hold, whoever wrote it: the types of its words, the shapes of its arrays.

Letters as in records.py; L, V, X layers of words, of regions and of both, M boxes left out.
"""

from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

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


def check_words(record: Any) -> None:
    """Raises ValueError where a field is not of the type that its record says.

    Arrays are not looked at.
    """
    for name, form in get_type_hints(type(record)).items():
        if form is not np.ndarray and not fits(getattr(record, name), form):
            raise ValueError(f"{name} is not {form}")


def fits(value: object, form: Any) -> bool:
    """Whether a value of JSON, with tuples for lists, is of a type."""
    kind, parts = get_origin(form), get_args(form)
    if kind is UnionType:
        return any(fits(value, part) for part in parts)
    if kind is Sequence or (kind is tuple and parts[-1] is Ellipsis):
        return isinstance(value, tuple) and all(fits(one, parts[0]) for one in value)
    if kind is tuple:
        return (
            isinstance(value, tuple)
            and len(value) == len(parts)
            and all(fits(one, part) for one, part in zip(value, parts, strict=True))
        )
    if kind is dict:
        return isinstance(value, dict) and all(fits(tuple(i), tuple[parts]) for i in value.items())
    if form is Any:
        return True
    if form is str:  # half of a letter cannot be sent to a browser
        return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)
    if form in (int, float):  # a whole number of JSON may stand for any
        kinds = int if form is int else int | float
        return isinstance(value, kinds) and not isinstance(value, bool) and abs(value) < 2**53
    return isinstance(value, NoneType if form is None else form)


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
