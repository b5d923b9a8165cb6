"""Weight files, whole and broken."""

import json
import os
import pickle
import random
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from lxmert_viz.checkpoints.tensors import read_tensors
from lxmert_viz.errors import CheckpointError
from tests.helpers.changed_json import damaged

TENSORS = {
    "words.weight": torch.arange(12.0).view(3, 4),
    "words.half": torch.ones(5, dtype=torch.float16),
    "scale": torch.tensor(0.5),
}
FORMATS = ("safetensors", "zip", "legacy", "hdf5")


def written(folder: Path, form: str, tensors: dict[str, Tensor] = TENSORS) -> Path:
    path = folder / "weights.any"  # the name says nothing; the content does
    if form == "safetensors":
        save_file(tensors, path)
    elif form == "hdf5":
        with h5py.File(path, "w") as file:
            for name, tensor in tensors.items():
                file[name] = tensor.numpy()
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization=form == "zip")
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_tensors(tmp_path: Path, form: str) -> None:
    tensors = read_tensors(written(tmp_path, form))
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in tensors.items():
        assert torch.equal(tensor, TENSORS[name]) and tensor.dtype == TENSORS[name].dtype


def test_a_torch_file_may_be_called_safetensors(tmp_path: Path) -> None:
    path = written(tmp_path, "zip").rename(tmp_path / "model.safetensors")
    assert torch.equal(read_tensors(path)["words.weight"], TENSORS["words.weight"])


@pytest.mark.parametrize("form", ("zip", "legacy"))
def test_shared_memory_stays_shared(tmp_path: Path, form: str) -> None:
    one = torch.ones(3)
    tensors = read_tensors(written(tmp_path, form, {"a": one, "b": one}))
    assert tensors["a"].data_ptr() == tensors["b"].data_ptr()


def test_integers_are_read_too(tmp_path: Path) -> None:
    tensors = read_tensors(written(tmp_path, "zip", {"count": torch.tensor(3)}))
    assert torch.equal(tensors["count"], torch.tensor(3))


def test_hdf5_is_read_in_groups_and_in_any_byte_order(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["layer/part/kernel:0"] = np.arange(6, dtype=">f4").reshape(2, 3)
        file.create_dataset("packed", data=np.ones((40, 40), "f4"), compression="gzip")
    tensors = read_tensors(tmp_path / "w.h5")
    assert torch.equal(tensors["layer/part/kernel:0"], torch.arange(6.0).view(2, 3))
    assert torch.equal(tensors["packed"], torch.ones(40, 40))


def test_a_safetensors_header_may_have_any_length(tmp_path: Path) -> None:
    for length in range(0, 300, 7):
        save_file({"a": torch.ones(2)}, tmp_path / "w", metadata={"note": "x" * length})
        assert torch.equal(read_tensors(tmp_path / "w")["a"], torch.ones(2))


# several files


def indexed(folder: Path, parts: object) -> Path:
    save_file({"a": torch.ones(2)}, folder / "one.safetensors")
    torch.save({"b": torch.zeros(3)}, folder / "two.bin")
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps({"metadata": {"total_size": 20}, "weight_map": parts}))
    return path


def test_an_index_gathers_its_parts(tmp_path: Path) -> None:
    tensors = read_tensors(indexed(tmp_path, {"a": "one.safetensors", "b": "two.bin"}))
    assert {name: len(tensor) for name, tensor in tensors.items()} == {"a": 2, "b": 3}


@pytest.mark.parametrize(
    ("parts", "reason"),
    (
        ({"a": "absent.bin"}, "absent.bin cannot be read"),
        ({"a": "../one.safetensors"}, "'../one.safetensors', which is not the name of a file"),
        ({"a": "/etc/passwd"}, "not the name of a file"),
        ({"a": ".."}, "not the name of a file"),
        ({"a": 3}, "lists 3, which is not"),
        ({"a": "model.safetensors.index.json"}, "an index of its own"),
        ({}, "does not list the parts"),
        (["one.safetensors"], "does not list the parts"),
    ),
)
def test_an_index_reaches_only_beside_itself(tmp_path: Path, parts: object, reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason):
        read_tensors(indexed(tmp_path, parts))


# broken files


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_cut_short_is_one_clear_sentence(tmp_path: Path, form: str) -> None:
    path = written(tmp_path, form)
    whole = path.read_bytes()
    for length in {1, 4, 9, 20, len(whole) // 3, len(whole) // 2, len(whole) - 1}:
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError) as caught:
            read_tensors(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("form", (*FORMATS, "index"))
def test_altered_bytes_never_escape_as_another_error(tmp_path: Path, form: str) -> None:
    if form == "index":
        path = indexed(tmp_path, {"a": "one.safetensors", "b": "two.bin"})
    else:
        path = written(tmp_path, form)
    whole = path.read_bytes()
    draw, caught = random.Random(0), 0
    for _ in range(300):
        altered = bytearray(whole)
        for _ in range(draw.choice((1, 3, 20))):
            altered[draw.randrange(len(altered))] = draw.randrange(256)
        path.write_bytes(altered[: draw.choice((len(whole), draw.randrange(len(whole))))])
        try:
            assert all(isinstance(t, Tensor) for t in read_tensors(path).values())
        except CheckpointError:
            caught += 1
    assert caught > 100


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("bad", (float("nan"), float("inf"), -float("inf")))
@pytest.mark.parametrize("dtype", (torch.float32, torch.float16))
def test_values_that_are_no_numbers_are_counted(
    tmp_path: Path, form: str, bad: float, dtype: torch.dtype
) -> None:
    weights = torch.ones(4, 3, dtype=dtype)
    weights[1, 2] = weights[3, 0] = bad
    path = written(tmp_path, form, {"good": torch.ones(2), "bad.weight": weights})
    with pytest.raises(CheckpointError, match="2 of the 12 values of bad.weight are not numbers"):
        read_tensors(path)


@pytest.mark.parametrize("form", FORMATS)
def test_large_numbers_are_numbers(tmp_path: Path, form: str) -> None:
    large = {"half": torch.full((9,), 65504.0).half(), "full": torch.full((9,), 3e38)}
    assert torch.equal(read_tensors(written(tmp_path, form, large))["full"], large["full"])


# traps


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("protocol", (2, 3, 4, 5))
@pytest.mark.parametrize("form", ("zip", "legacy", "bare"))
def test_code_in_a_file_is_not_run(tmp_path: Path, form: str, protocol: int) -> None:
    sprung, path = tmp_path / "sprung", tmp_path / "weights.pth"
    content = {"a": torch.ones(1), "b": Trap(sprung), "c": Trap(sprung)}
    if form == "bare":
        path.write_bytes(pickle.dumps(Trap(sprung), protocol))
    else:
        zipped = form == "zip"
        torch.save(content, path, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError) as caught:
        read_tensors(path)
    assert f"weights.pth was not opened: it asks for {os.mkdir.__module__}.mkdir" in str(
        caught.value
    )
    assert not sprung.exists()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_an_honest_pickle_of_another_protocol_is_not_called_a_trap(tmp_path: Path) -> None:
    torch.save(TENSORS, tmp_path / "w.pth", pickle_protocol=4)
    with pytest.raises(CheckpointError, match="damaged or holds more than tensors"):
        read_tensors(tmp_path / "w.pth")


def test_a_zip_that_grows_when_opened_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.bin", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(50_000_000))
    with pytest.raises(CheckpointError, match="bytes and claims to hold 50000000; .* not opened"):
        read_tensors(tmp_path / "w.bin")


def test_a_tensor_larger_than_its_memory_is_refused(tmp_path: Path) -> None:
    endless = torch.ones(1).expand(1_000_000, 1_000_000)
    with pytest.raises(CheckpointError, match="claims to hold 4000000000000;"):
        read_tensors(written(tmp_path, "zip", {"a": endless}))


def test_hdf5_that_grows_when_opened_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_dataset("a", (1_000_000, 1_000_000), "f4", chunks=(1000, 1000))
    with pytest.raises(CheckpointError, match="claims to hold 4000000000000;"):
        read_tensors(tmp_path / "w.h5")


def test_hdf5_does_not_reach_into_other_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(struct.pack("4f", 1, 2, 3, 4))
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = np.ones(4, "f4")
    with h5py.File(tmp_path / "linked.h5", "w") as file:
        file["own"] = np.ones(2, "f4")
        file["link"] = h5py.ExternalLink("other.h5", "secret")
    assert read_tensors(tmp_path / "linked.h5").keys() == {"own"}
    with h5py.File(tmp_path / "external.h5", "w") as file:
        place = [(str(tmp_path / "secret"), 0, 16)]
        file.create_dataset("a", (4,), "f4", external=place)
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        layout = h5py.VirtualLayout((4,), "f4")
        layout[:] = h5py.VirtualSource("other.h5", "secret", (4,))
        file.create_virtual_dataset("a", layout)
    for name in ("external.h5", "virtual.h5"):
        with pytest.raises(CheckpointError, match="takes a from another file"):
            read_tensors(tmp_path / name)


def test_a_header_of_absurd_length_is_refused(tmp_path: Path) -> None:
    for length in (10**9, 2**63):
        (tmp_path / "w").write_bytes(struct.pack("<Q", length) + b'{"a": {}}')
        with pytest.raises(CheckpointError, match="damaged"):
            read_tensors(tmp_path / "w")


@pytest.mark.parametrize(
    ("tensor", "reason"),
    (
        (torch.ones(2, 2).to_sparse(), "a as torch.sparse_coo"),
        (torch.ones(2, device="meta"), "a as torch.strided on meta"),
        (torch.ones(2, dtype=torch.complex64), "a as torch.complex64"),
    ),
)
def test_odd_tensors_are_named(tmp_path: Path, tensor: Tensor, reason: str) -> None:
    torch.save({"a": tensor}, tmp_path / "w.bin")
    with pytest.raises(CheckpointError, match=reason):
        read_tensors(tmp_path / "w.bin")


def test_hdf5_of_something_else_is_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["a"] = "a text"
    with pytest.raises(CheckpointError, match="holds a as object, not as floats"):
        read_tensors(tmp_path / "w.h5")


@pytest.mark.parametrize(
    ("content", "reason"),
    (
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "damaged"),
        (b"<!DOCTYPE html>", "starts with b'<!DOCTYP'"),
    ),
)
def test_other_files_are_told_by_their_content(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=reason):
        read_tensors(path)


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="absent.bin cannot be read: No such file"):
        read_tensors(tmp_path / "absent.bin")
    with pytest.raises(CheckpointError, match="cannot be read: Is a directory"):
        read_tensors(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    (([torch.ones(1)], "holds a list"), ({"epoch": 3}, "holds a int under 'epoch'")),
)
def test_a_torch_file_of_something_else_is_refused(
    tmp_path: Path, content: object, message: str
) -> None:
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=message):
        read_tensors(tmp_path / "other.pth")


@pytest.mark.parametrize("form", FORMATS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, form: str, data: st.DataObject) -> None:
    path = written(tmp_path, form)
    path.write_bytes(damaged(path.read_bytes(), data))
    try:
        assert isinstance(read_tensors(path), dict)
    except CheckpointError as error:
        assert str(path) in str(error)
