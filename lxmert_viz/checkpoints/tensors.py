"""Any weight file -> {name: tensor}, without ever running code from the file."""

import pickle
import struct
import threading
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from lxmert_viz.checkpoints.pickles import BESIDE, forbidden_global, read_arrays
from lxmert_viz.checkpoints.weight_files import INDEX_ENDING, parts_of
from lxmert_viz.config import read_json
from lxmert_viz.errors import ARCHIVE_ERRORS, CheckpointError
from lxmert_viz.pickled import RefusedGlobal

# what the readers raise on files that were cut short or altered
READ_ERRORS = (
    *ARCHIVE_ERRORS,
    SafetensorError,
    pickle.UnpicklingError,
    struct.error,
    MemoryError,
    ArithmeticError,
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
FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
# where training loops keep the weights, beside an optimizer's state and more
STATES = ("state_dict", "model_state_dict", "model", "module", "network", "net", "weights")
HDF5_GROWTH = 4  # times its size on disk: more than compression saves on weights
LOADING = threading.Lock()  # torch's list of what may stand in a pickle is one for all threads
Tensors = dict[str, Tensor]


def read_tensors(path: Path) -> Tensors:
    """Every tensor of a weight file, on the CPU, under the names that the file has for them.

    Takes .safetensors, torch files (zip or legacy pickle) and HDF5 as Keras writes it, told apart
    by their first bytes; .pkl files of arrays, as detectron2 has them; and an .index.json with its
    parts beside it. Of what a training loop saved, the weights are taken (STATES). Tensors that
    share memory in a torch file share it here. CheckpointError when the file is missing, broken, of
    another kind, tries to run code, or holds values that are no numbers.
    """
    if path.name.endswith(INDEX_ENDING):
        return _read_shards(path)
    read = _reader(path)
    try:
        tensors = read(path)
        _check_values(tensors, path)
    except READ_ERRORS as error:
        raise _broken(path, error) from error
    return tensors


def _reader(path: Path) -> Callable[[Path], Tensors]:
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error
    if start[8:9] == b"{":  # first: the length before it may begin as a pickle does
        return load_file
    if start.startswith(ZIP_START):
        return _read_torch_zip
    if start and path.suffix == ".pkl":  # old protocols begin in any way
        return _read_array_pickle
    if start.startswith(PICKLE_START):
        return _read_torch
    if start.startswith(HDF5_START):
        return _read_hdf5
    raise CheckpointError(f"{path} is not a weight file that this tool reads: {_kind(start)}.")


def _kind(start: bytes) -> str:
    if not start:
        return "it is empty"
    if start.startswith(LFS_START):
        return "it is a Git LFS pointer; download the file that it points to"
    return f"it starts with {start[:8]!r}"


def _read_shards(path: Path) -> Tensors:
    tensors: Tensors = {}
    for part in parts_of(read_json(path), str(path)):
        tensors |= read_tensors(path.parent / part)
    return tensors


def _read_torch_zip(path: Path) -> Tensors:
    """torch writes its zip files uncompressed; anything larger inside than outside is a trap."""
    with zipfile.ZipFile(path) as archive:
        claimed = sum(member.file_size for member in archive.infolist())
    if claimed > path.stat().st_size:
        raise _absurd(path, claimed)
    if path.suffix == ".safetensors":  # given a path, torch.load believes this ending
        return _read_torch(path)
    return _named(path, lambda: torch.load(path, "cpu", weights_only=True, mmap=True))


def _read_torch(path: Path) -> Tensors:
    with path.open("rb") as file:
        return _named(path, lambda: torch.load(file, "cpu", weights_only=True))


def _read_array_pickle(path: Path) -> Tensors:
    try:
        arrays = read_arrays(path)
    except RefusedGlobal as error:
        raise _trap(path, error.name) from error
    return {name: torch.tensor(array) for name, array in arrays.items()}


def _named(path: Path, load: Callable[[], Any]) -> Tensors:
    """The weights in what torch loads; a refusal to run code says which."""
    try:
        with LOADING, torch.serialization.safe_globals(BESIDE):
            loaded = load()
    except READ_ERRORS as error:
        tried = forbidden_global(path, str(error))
        if tried is None:
            raise
        raise _trap(path, tried) from error
    return _weights_in(loaded, path)


def _weights_in(loaded: Any, path: Path) -> Tensors:
    """Named tensors, or those that stand under one of STATES."""
    if not isinstance(loaded, Mapping):
        raise CheckpointError(f"{path} holds a {type(loaded).__name__}, not named tensors.")
    odd = [n for n, v in loaded.items() if not isinstance(n, str) or not isinstance(v, Tensor)]
    if not odd:
        return dict(loaded)
    inner = next((loaded[name] for name in STATES if isinstance(loaded.get(name), Mapping)), None)
    if inner is None:
        raise CheckpointError(
            f"{path} holds a {type(loaded[odd[0]]).__name__} under {odd[0]!r}, not named tensors "
            f"alone, and no weights under one of {', '.join(STATES)}."
        )
    return _weights_in(inner, path)


def _read_hdf5(path: Path) -> Tensors:
    found: dict[str, h5py.Dataset] = {}

    def note(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item

    with h5py.File(path, "r") as file:
        file.visititems(note)  # follows no link out of the file
        for name, dataset in found.items():
            if not isinstance(name, str):
                raise CheckpointError(f"{path} is damaged: it names a weight {name!r}.")
            if dataset.external or dataset.is_virtual:
                raise CheckpointError(f"{path} takes {name} from another file; that is not read.")
            if dataset.dtype.kind != "f" or dataset.shape is None:
                raise CheckpointError(f"{path} holds {name} as {dataset.dtype}, not as floats.")
        claimed = sum(dataset.nbytes for dataset in found.values())
        if claimed > HDF5_GROWTH * path.stat().st_size:
            raise _absurd(path, claimed)
        return {name: _hdf5_tensor(dataset) for name, dataset in found.items()}


def _hdf5_tensor(dataset: h5py.Dataset) -> Tensor:
    native = dataset.dtype.newbyteorder("=")  # torch takes no foreign byte order
    return torch.from_numpy(dataset.astype(native)[...])


def _check_values(tensors: Tensors, path: Path) -> None:
    for name, tensor in tensors.items():
        if tensor.layout is not torch.strided or tensor.device.type != "cpu":
            raise CheckpointError(f"{path} holds {name} as {tensor.layout} on {tensor.device}.")
        if tensor.dtype not in FLOATS + INTEGERS:
            raise CheckpointError(f"{path} holds {name} as {tensor.dtype}, which is not read.")
        # a stride of zero makes a terabyte out of one value
        if tensor.nbytes > tensor.untyped_storage().nbytes():
            raise _absurd(path, tensor.nbytes)
        if tensor.dtype in FLOATS and not _all_finite(tensor):
            bad = int((~tensor.isfinite()).sum())
            raise CheckpointError(
                f"{path} is damaged: {bad} of the {tensor.numel()} values of {name} "
                "are not numbers (NaN or infinite); download or save it again."
            )


def _all_finite(tensor: Tensor) -> bool:
    """One pass without memory of its own: a sum is finite only if every term is."""
    total = tensor.sum(dtype=torch.float32 if tensor.itemsize < 4 else None)
    return bool(total.isfinite()) or bool(tensor.isfinite().all())


def _trap(path: Path, tried: str) -> CheckpointError:
    return CheckpointError(
        f"{path} was not opened: it asks for {tried}, and a weight file may run no code here. "
        "Get one that holds tensors alone: torch.save(network.state_dict(), FILE) writes it."
    )


def _absurd(path: Path, claimed: int) -> CheckpointError:
    return CheckpointError(
        f"{path} has {path.stat().st_size} bytes and claims to hold {claimed}; "
        "it is damaged or a trap, and was not opened."
    )


def _broken(path: Path, error: BaseException) -> CheckpointError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].split(". ")[0].rstrip(".")
    return CheckpointError(
        f"{path} is damaged or holds more than tensors ({reason}); download or save it again."
    )
