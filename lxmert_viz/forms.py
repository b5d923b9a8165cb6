"""Whether what a file of JSON holds is of the types that a record of ours says."""

from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints


def check_words(record: Any) -> None:
    """Raises ValueError where a field is not of the type that its record says.

    Arrays are not looked at.
    """
    for name, form in get_type_hints(type(record)).items():
        is_array = getattr(form, "__module__", "") == "numpy"  # which is slow to import
        if not is_array and not fits(getattr(record, name), form):
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
    if kind is list:
        return isinstance(value, list) and all(fits(one, parts[0]) for one in value)
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
