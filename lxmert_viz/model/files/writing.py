"""Weight files for us, for TensorFlow's LXMERT classes and for the authors' code.

Each takes tensors under our names, and puts a file in its place only once it is whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from lxmert_viz.errors import CheckpointError
from lxmert_viz.model.files.naming import Tensors, as_tensorflow
from lxmert_viz.whole_files import written_whole

KERAS = "2.15.0"  # the version whose layout this is
TEXT = h5py.string_dtype("ascii")


def write_safetensors(tensors: Tensors, path: Path) -> None:
    """As PyTorch's classes name the weights; tensors that share memory must be given once."""
    with _whole(path) as unfinished:
        save_file(tensors, unfinished, metadata={"format": "pt"})


def write_tensorflow_safetensors(tensors: Tensors, path: Path) -> None:
    with _whole(path) as unfinished:
        save_file(as_tensorflow(tensors, path), unfinished, metadata={"format": "tf"})


def write_tensorflow_hdf5(tensors: Tensors, path: Path) -> None:
    """As TFLxmertForPreTraining saves itself; without heads, as TFLxmertModel."""
    named = as_tensorflow(tensors, path)
    layers: dict[str, list[str]] = {}
    for name in named:
        layers.setdefault(name.partition("/")[0], []).append(name)
    scope = "tf_lxmert_model" if list(layers) == ["lxmert"] else "tf_lxmert_for_pre_training"
    if "cls" in layers:  # TensorFlow counts the embeddings among the word head's weights too
        layers["cls"] += [n for n in layers["lxmert"] if n.startswith("lxmert/embeddings/")]
    with _whole(path) as unfinished, h5py.File(unfinished, "w") as file:
        _describe(file, "layer_names", list(layers))
        file.attrs["backend"], file.attrs["keras_version"] = "tensorflow", KERAS
        for layer, names in layers.items():
            group = file.create_group(layer)
            _describe(group, "weight_names", [f"{scope}/{name}" for name in names])
            for name in names:
                group.create_dataset(f"{scope}/{name}", data=named[name].numpy())
        file.create_group("top_level_model_weights").attrs["weight_names"] = []


def write_torch(tensors: Tensors, path: Path) -> None:
    """In the format that the authors' PyTorch 1.0 reads; shared memory is stored once."""
    with _whole(path) as unfinished, unfinished.open("wb") as file:
        torch.save(tensors, file, _use_new_zipfile_serialization=False)


def _describe(group: h5py.Group, key: str, names: list[str]) -> None:
    group.attrs.create(key, names, dtype=TEXT)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Where to write; a network that was read from `path` may still be reading it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as unfinished:
            yield unfinished
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be written: {error}.") from error
