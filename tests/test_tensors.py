"""Weight files, whole and broken."""

import pickle
import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from lxmert_viz.errors import CheckpointError
from lxmert_viz.tensors import read_tensors

TENSORS = {
    "words.weight": torch.arange(12.0).view(3, 4),
    "words.half": torch.ones(5, dtype=torch.float16),
    "count": torch.tensor(3),
}
FORMATS = ("safetensors", "zip", "legacy")


def written(folder: Path, form: str, tensors: dict[str, Tensor] = TENSORS) -> Path:
    path = folder / "weights.any"  # the name says nothing; the content does
    if form == "safetensors":
        save_file(tensors, path)
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization=form == "zip")
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_tensors(tmp_path: Path, form: str) -> None:
    tensors = read_tensors(written(tmp_path, form))
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in tensors.items():
        assert torch.equal(tensor, TENSORS[name]) and tensor.dtype == TENSORS[name].dtype


@pytest.mark.parametrize("form", ("zip", "legacy"))
def test_shared_memory_stays_shared(tmp_path: Path, form: str) -> None:
    one = torch.ones(3)
    tensors = read_tensors(written(tmp_path, form, {"a": one, "b": one}))
    assert tensors["a"].data_ptr() == tensors["b"].data_ptr()


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
@pytest.mark.parametrize("form", FORMATS)
def test_altered_bytes_never_escape_as_another_error(tmp_path: Path, form: str) -> None:
    path = written(tmp_path, form)
    whole = path.read_bytes()
    draw, caught = random.Random(0), 0
    for _ in range(300):
        altered = bytearray(whole)
        for _ in range(draw.choice((1, 3, 20))):
            altered[draw.randrange(len(altered))] = draw.randrange(256)
        path.write_bytes(altered)
        try:
            assert all(isinstance(t, Tensor) for t in read_tensors(path).values())
        except CheckpointError:
            caught += 1
    assert caught > 30


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("form", ("zip", "legacy", "bare"))
def test_code_in_a_file_is_not_run(tmp_path: Path, form: str) -> None:
    sprung = tmp_path / "sprung"
    content = {"a": torch.ones(1), "b": Trap(sprung)}
    if form == "bare":
        path = tmp_path / "weights.pkl"
        path.write_bytes(pickle.dumps(Trap(sprung), protocol=2))
    else:
        path = written(tmp_path, form, content)
    with pytest.raises(CheckpointError, match="damaged or holds more than tensors"):
        read_tensors(path)
    assert not sprung.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    (
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "HDF5"),
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
