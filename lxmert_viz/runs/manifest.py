"""What a run was made of, so that it can be repeated, and so that no other is mixed into it."""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.pipeline import Pipeline

HEAD_BYTES = 2**20
FORMAT = 2  # of run folders; 1 cut a dataset into parts, 2 into shards
LMDB_LOCK = "lock.mdb"  # whoever reads changes it


def manifest_of(
    pipeline: Pipeline,
    ids: str,
    data: Mapping[str, Any],
    settings: "Settings",
    engine: str,
    provenance: Mapping[str, str],
) -> dict[str, Any]:
    """ids: as Dataset has it. data: as of data_of. engine: what shares the work out, or "here"."""
    return {
        "format": FORMAT,
        "model": {
            "name": pipeline.name,
            "sha256": pipeline.digest,
            "heads": pipeline.network.config.num_attention_heads,
        },
        "data": data,
        "ids": ids,
        "settings": asdict(settings),
        "answer_kind": pipeline.answer_kind,
        "engine": engine,
        "provenance": provenance,
        "python": platform.python_version(),
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
        "region_file": region_file_facts(dataset.region_file),
        "training_note": dataset.training_note,
        **({"region_boxes": dataset.region_boxes} if dataset.region_boxes else {}),
        **({} if dataset.looks_for_missing else {"looks_for_missing": False}),
    }


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def region_file_facts(path: Path | None) -> dict[str, Any] | None:
    """Size and first megabyte tell one from another; the whole may have many gigabytes."""
    if path is None:
        return None
    if path.is_dir():
        return _region_folder(path)
    with path.open("rb") as file:
        head = hashlib.sha256(file.read(HEAD_BYTES)).hexdigest()
    return {"name": path.name, "bytes": path.stat().st_size, "sha256_of_first_mebibyte": head}


def _region_folder(path: Path) -> dict[str, Any]:
    """Names, sizes and times of all files; their content may have many gigabytes."""
    found, size = hashlib.sha256(), 0
    for file in sorted(p for p in path.rglob("*") if p.is_file() and p.name != LMDB_LOCK):
        state = file.stat()
        size += state.st_size
        name = file.relative_to(path).as_posix()
        found.update(f"{name} {state.st_size} {state.st_mtime_ns}\n".encode())
    return {"name": path.name, "bytes": size, "sha256_of_listing": found.hexdigest()}


@dataclass(frozen=True, slots=True)
class Settings:
    profile: str = "trained"
    baselines: bool = True  # also ask without the picture and without the question
    internals: bool = True  # keep states and statistics of heads
