"""Any weight file -> {name: tensor}, without ever running code from the file."""

import pickle
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from lxmert_viz.errors import CheckpointError

# what torch.load raises on files that were cut short or altered
TORCH_ERRORS = (
    pickle.UnpicklingError,
    RuntimeError,
    struct.error,
    EOFError,
    MemoryError,
    ArithmeticError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
)
ZIP_START = b"PK\x03\x04"
PICKLE_START = b"\x80"
HDF5_START = b"\x89HDF\r\n\x1a\n"
LFS_START = b"version https://git-lfs"


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Every tensor of a .safetensors file or of a torch file (zip or legacy pickle), on the CPU.

    The format is told by the file's first bytes, not by its name. Tensors that share memory in a
    torch file share it here. CheckpointError when it is missing, broken or of another kind.
    """
    start = _first_bytes(path)
    if start.startswith((ZIP_START, PICKLE_START)):
        return _read_torch(path)
    if start[8:9] == b"{":
        return _read_safetensors(path)
    raise CheckpointError(f"{path} is not a weight file that this tool reads: {_kind(start)}.")


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error


def _kind(start: bytes) -> str:
    if not start:
        return "it is empty"
    if start.startswith(LFS_START):
        return "it is a Git LFS pointer; download the file that it points to"
    if start.startswith(HDF5_START):
        return "it is a TensorFlow (HDF5) file"
    return f"it starts with {start[:8]!r}"


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise _broken(path, error) from error


def _read_torch(path: Path) -> dict[str, Tensor]:
    try:
        with path.open("rb") as file:  # given a path, torch.load believes the name's ending
            loaded = torch.load(file, map_location="cpu", weights_only=True)
    except TORCH_ERRORS as error:
        raise _broken(path, error) from error
    if not isinstance(loaded, Mapping):
        raise CheckpointError(f"{path} holds a {type(loaded).__name__}, not named tensors.")
    for name, value in loaded.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise CheckpointError(
                f"{path} holds a {type(value).__name__} under {name!r}, not named tensors alone."
            )
    return dict(loaded)


def _broken(path: Path, error: BaseException) -> CheckpointError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].split(". ")[0].rstrip(".")
    return CheckpointError(
        f"{path} is damaged or holds more than tensors ({reason}); download or save it again."
    )
