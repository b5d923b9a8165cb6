"""Pickles of plain Python values and numpy's numbers, read without running anything they name."""

import pickle
from collections import OrderedDict
from typing import Any, BinaryIO

import numpy as np

# What a damaged pickle raises, beside UnpicklingError
DAMAGE = (
    pickle.UnpicklingError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    AttributeError,
    MemoryError,
    OverflowError,
    RecursionError,
    NotImplementedError,
)


class RefusedGlobal(pickle.UnpicklingError):
    """A pickle of arrays asked for something else by name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"it is a pickle that asks for {name}, which is not run")
        self.name = name


class PickledArray:
    """What numpy writes of an array; neither numpy nor anything else runs while it is read."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, self.shape, self.kind, self.by_columns, self.raw = state

    @classmethod
    def of_buffer(cls, raw: bytes, kind: "PickledKind", shape: Any, order: str, *_: Any) -> Any:
        """As protocol 5 has it."""
        made = cls()
        made.__setstate__((1, shape, kind, order == "F", raw))
        return made

    @property
    def holds_objects(self) -> bool:
        return self.kind.code.startswith("O")

    def array(self) -> np.ndarray:
        """Raises ValueError for anything but plain numbers of the stated size."""
        raw = self.raw.encode("latin1") if isinstance(self.raw, str) else self.raw
        values = np.frombuffer(raw, self.kind.numpy())
        native = values.astype(values.dtype.newbyteorder("="))
        return native.reshape(self.shape, order="F" if self.by_columns else "C")


class PickledKind:
    """What numpy writes of a kind of number."""

    def __init__(self, code: str, *_: Any) -> None:
        self.code = code
        self.order = "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]

    def numpy(self) -> np.dtype:
        if self.code not in NUMBERS:
            raise ValueError(f"arrays of the kind {self.code!r} are not read")
        return np.dtype(self.code).newbyteorder(self.order)


class _NumbersOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        stand_in = STAND_INS.get((module, name))
        if stand_in is None:
            raise RefusedGlobal(f"{module}.{name}")
        return stand_in


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"bytes are written as {encoding}, not as latin1")
    return text.encode("latin1")


def _scalar(kind: PickledKind, raw: bytes | str) -> bool | int | float:
    encoded = raw.encode("latin1") if isinstance(raw, str) else raw
    return np.frombuffer(encoded, kind.numpy(), 1)[0].item()


NUMBERS = ("b1", "i1", "u1", "i2", "u2", "f2", "i4", "u4", "f4", "i8", "u8", "f8")
CORES = ("numpy.core", "numpy._core")  # of numpy 1 and 2
STAND_INS: dict[tuple[str, str], Any] = {
    **{(f"{core}.multiarray", "_reconstruct"): lambda *_: PickledArray() for core in CORES},
    **{(f"{core}.multiarray", "scalar"): _scalar for core in CORES},
    **{(f"{core}.numeric", "_frombuffer"): PickledArray.of_buffer for core in CORES},
    ("numpy", "ndarray"): PickledArray,
    ("numpy", "dtype"): PickledKind,
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): _encode,
}


def unpickled(file: BinaryIO) -> Any:
    """What a pickle holds; arrays as PickledArray. Raises RefusedGlobal, and DAMAGE.

    Strings of Python 2 are text, a byte a letter.
    """
    return _NumbersOnly(file, encoding="latin1").load()


def plain(value: Any) -> Any:
    """An array of numbers as numpy has it, an array of objects as a list, or its only one.

    Raises ValueError for arrays of other things.
    """
    if not isinstance(value, PickledArray):
        return value
    if not value.holds_objects:
        return value.array()
    objects = list(value.raw)
    return objects[0] if value.shape == () and objects else objects
