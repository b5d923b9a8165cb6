"""What a run was made of, so that it can be repeated, and so that no other is mixed into it."""

import hashlib
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.pipeline import Pipeline

if TYPE_CHECKING:
    pass

LIBRARIES = ("torch", "torchvision", "numpy", "pillow", "tokenizers", "pyarrow")
MODEL_FILES = (".safetensors", ".bin", ".h5", ".pth", ".json", ".txt")
HEAD_BYTES = 2**20


def manifest_of(
    pipeline: Pipeline, model_folder: Path, dataset: Dataset, settings: "Settings"
) -> dict[str, Any]:
    return {
        "format": 1,
        "model": {
            "name": pipeline.name,
            "sha256": folder_hash(model_folder),
            "heads": pipeline.network.config.num_attention_heads,
        },
        "data": data_of(dataset),
        "ids": dataset.ids,
        "settings": asdict(settings),
        "answer_kind": pipeline.answer_kind,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        "device": pipeline.device,
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def data_of(dataset: Dataset) -> dict[str, Any]:
    asked = hashlib.sha256()
    for example in dataset.examples:
        asked.update(repr((example.id, example.picture, example.text)).encode())
    return {
        "name": dataset.name,
        "layout": dataset.layout,
        "files": {path.name: file_hash(path) for path in dataset.files},
        "examples": len(dataset.examples),
        "sha256": asked.hexdigest(),
        "region_file": _region_file(dataset.region_file),
        "training_note": dataset.training_note,
    }


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_hash(folder: Path) -> str:
    """Of all that decides what a model says: weights, configs and label lists, not the card."""
    state = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in MODEL_FILES):
        state.update(f"{path.relative_to(folder).as_posix()} {file_hash(path)}\n".encode())
    return state.hexdigest()


def _region_file(path: Path | None) -> dict[str, Any] | None:
    """Size and first megabyte tell one from another; the whole may have many gigabytes."""
    if path is None:
        return None
    with path.open("rb") as file:
        head = hashlib.sha256(file.read(HEAD_BYTES)).hexdigest()
    return {"name": path.name, "bytes": path.stat().st_size, "sha256_of_first_mebibyte": head}


@dataclass(frozen=True, slots=True)
class Settings:
    profile: str = "trained"
    baselines: bool = True  # also ask without the picture and without the question
    internals: bool = True  # keep states and statistics of heads
