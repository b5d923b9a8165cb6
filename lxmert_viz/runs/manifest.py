"""What a run was made of, so that it can be repeated, and so that no other is mixed into it."""

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Dataset, Reading, Told
from lxmert_viz.dataset.finding import found_in
from lxmert_viz.dataset.opening import Source
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example
from lxmert_viz.runs.preparing import Prepared, files_of, prepared_in

HEAD_BYTES = 2**20
FORMAT = 2  # of run folders; 1 cut a dataset into parts, 2 into shards
LMDB_LOCK = "lock.mdb"  # whoever reads changes it


def manifest_of(
    pipeline: Pipeline, identity: Mapping[str, Any], settings: "Settings"
) -> dict[str, Any]:
    """What is known when a run begins. identity: as of `identity_of`."""
    return {
        "format": FORMAT,
        "model": {
            "name": pipeline.name,
            "sha256": pipeline.digest,
            "heads": pipeline.network.config.num_attention_heads,
        },
        "source": identity,
        "settings": asdict(settings),
        "answer_kind": pipeline.answer_kind,
        "python": platform.python_version(),
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def identity_of(source: Source, folder: Path) -> dict[str, Any]:
    """What tells a source from others, wherever its files lie; as JSON has it.

    folder: where its shards lie, or will: files that did not change since are not read again.
    """
    before = prepared_in(folder) if folder.exists() else None
    same = before is not None and before.files == files_of(source)
    told = {
        "opened": source.facts,
        "files": before.source["files"]
        if same
        else {path.name: file_hash(path) for path in source.reading.files},
        "regions": [region_file_facts(path) for path in source.regions],
    }
    return json.loads(json.dumps(told))


def described(prepared: Prepared) -> dict[str, Any]:
    """What a manifest says of a dataset, once it is prepared."""
    about = prepared.about
    data = _about(about) | {
        "files": prepared.source["files"],
        "examples": prepared.rows,
        "sha256": prepared.sha256,
    }
    return {"data": data, "ids": about.ids}


def source_of(dataset: Source | Dataset) -> Source:
    """Also of a dataset that is in memory already."""
    if isinstance(dataset, Source):
        return dataset

    def examples(told: Told) -> Iterator[Example]:
        for remark in dataset.remarks:
            told.remark(remark)
        yield from dataset.examples

    reading = Reading(
        name=dataset.name,
        layout=dataset.layout,
        files=dataset.files,
        examples=examples,
        training_note=dataset.training_note,
        ids=dataset.ids,
    )
    found = found_in(dataset)
    return Source(reading, lambda names: found, data_of(dataset))


def data_of(dataset: Dataset) -> dict[str, Any]:
    """What tells a dataset in memory from others."""
    asked = hashlib.sha256()
    for example in dataset.examples:
        asked.update(repr((example.id, example.picture, example.text)).encode())
    return _about(dataset) | {
        "files": {path.name: file_hash(path) for path in dataset.files},
        "examples": len(dataset.examples),
        "sha256": asked.hexdigest(),
    }


def _about(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "layout": dataset.layout,
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
