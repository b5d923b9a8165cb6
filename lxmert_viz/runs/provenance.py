"""What decides a run's numbers to the last bit, beside its questions; two that differ do not mix."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from lxmert_viz.places import PACKAGE
from lxmert_viz.runs.manifest import region_file_facts

LIBRARIES = ("torch", "torchvision", "numpy", "pillow", "tokenizers")
SHOWN = 12  # characters of a digest
Provenance = dict[str, str]  # what -> which


def provenance(model: str, region_file: Path | None, device: str, threads: int) -> Provenance:
    """Of this process. model: its digest. device: "cuda:1" counts as "cuda"."""
    regions = json.dumps(region_file_facts(region_file), sort_keys=True)
    return {
        "lxmert-viz": code_digest(),
        **{name: version(name) for name in LIBRARIES},
        "device": device.partition(":")[0],
        "threads": str(threads),
        "model": model,
        "region file": "none" if region_file is None else _digest(regions.encode()),
    }


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Each as "torch 2.14.1 and not 2.13.0": here, and there."""
    return [
        f"{what} {value[:SHOWN]} and not {there.get(what, 'unknown')[:SHOWN]}"
        for what, value in here.items()
        if there.get(what) != value
    ]


@cache
def code_digest() -> str:
    """Of all of this package's code: a version stands for many of them while it is worked on."""
    found = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        found.update(f"{path.relative_to(PACKAGE).as_posix()} {_digest(path.read_bytes())}\n".encode())
    return found.hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
