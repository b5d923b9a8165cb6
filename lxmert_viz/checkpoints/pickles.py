"""What a pickle asks for by name, read without unpickling it; and arrays out of pickles."""

import pickle
import pickletools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from lxmert_viz.errors import ARCHIVE_ERRORS
from lxmert_viz.pickled import PickledArray, unpickled

# torch names what it refused, one way or the other
REFUSED = re.compile(r"GLOBAL ([\w.]+)")
LEGACY_PICKLES = 5  # a legacy torch file is five in a row, then raw numbers
OWN = ("torch", "collections.OrderedDict", "_codecs.encode")
UNREADABLE = (ValueError, IndexError, EOFError, MemoryError, OverflowError, pickle.UnpicklingError)
TEXT = ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE")


def forbidden_global(path: Path, refusal: str) -> str | None:
    """What a torch file wanted to call and may not, after torch refused it; None if nothing.

    refusal: torch's message. Files of pickle protocol 4 and above are refused before torch comes
    to a name, so their names are looked up here.
    """
    named = REFUSED.search(refusal)
    if named:
        return named[1]
    try:
        with path.open("rb") as file:
            if zipfile.is_zipfile(file):
                return _in_zip(file)
            file.seek(0)
            return _first_foreign(file)
    except (*ARCHIVE_ERRORS, KeyError):
        return None


def _in_zip(file: BinaryIO) -> str | None:
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if name.endswith("data.pkl"):
                with archive.open(name) as member:
                    return _first_foreign(member)
    return None


def _first_foreign(file: BinaryIO) -> str | None:
    for _ in range(LEGACY_PICKLES):
        try:
            for name in _globals(file):
                if not name.startswith(OWN):
                    return name
        except UNREADABLE:
            return None
    return None


def _globals(file: BinaryIO) -> Iterator[str]:
    """Each "module.name" that the next pickle in the file pushes, up to its end."""
    texts: list[str] = []  # in the order in which they come onto the stack
    memo: list[str] = []
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name in TEXT:
            texts.append(argument)
        elif opcode.name == "MEMOIZE":
            memo.append(texts[-1] if texts else "")
        elif opcode.name in ("BINGET", "LONG_BINGET") and argument < len(memo):
            texts.append(memo[argument])
        elif opcode.name == "GLOBAL":
            yield argument.replace(" ", ".")
        elif opcode.name == "STACK_GLOBAL":
            yield ".".join(texts[-2:])


class Beside:
    """Stands in for what a training loop keeps beside the weights: made of anything, holds nothing.

    torch asks for it under the other's name, which is not looked up.
    """

    def __new__(cls, *_: Any) -> Self:
        return super().__new__(cls)

    def __init__(self, *_: Any) -> None:
        """Nothing is kept."""

    def __setstate__(self, _: Any) -> None:
        """Nothing is kept."""


BESIDE = [  # as torch.serialization.safe_globals takes them
    (Beside, name)
    for name in (
        "argparse.Namespace",
        "types.SimpleNamespace",
        "pathlib.Path",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
        "numpy.dtype",
        "numpy.ndarray",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray.scalar",
        "numpy.core.multiarray._reconstruct",
        "numpy._core.multiarray._reconstruct",
    )
]


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a detector's pickle as its authors wrote it: {"model": {name: array}, ...}.

    Raises RefusedGlobal where it asks for more than arrays, ValueError where it holds more.
    """
    with path.open("rb") as file:
        loaded = unpickled(file)
    weights = loaded.get("model", loaded) if isinstance(loaded, dict) else None
    if not isinstance(weights, dict):
        raise ValueError(f"it holds a {type(loaded).__name__}, not named arrays")
    for name, value in weights.items():
        if not isinstance(name, str) or not isinstance(value, PickledArray):
            raise ValueError(f"it holds a {type(value).__name__} under {name!r}, not an array")
    return {name: value.array() for name, value in weights.items()}
