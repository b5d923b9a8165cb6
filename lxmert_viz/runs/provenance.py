"""What decides a run's numbers to the last bit, beside its questions."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

from lxmert_viz.detector.speed import FULL
from lxmert_viz.errors import DatasetError
from lxmert_viz.places import PACKAGE
from lxmert_viz.results.run_folder import RunFolder

LIBRARIES = ("torch", "torchvision", "numpy", "pillow", "tokenizers")
SHOWN = 12  # characters of a digest
UNKNOWN = "where nothing was noted"
NOT_NOTED = (
    "{} does not say what computed its rows so far: an earlier version began it. Those to come may "
    "differ in their last digits."
)
Provenance = dict[str, str]  # what -> which


def provenance(
    model: str,
    region_file: Mapping[str, Any] | None,
    device: str,
    threads: int,
    precision: str = FULL,
) -> Provenance:
    """Of this process. model: its digest. region_file: its facts, as a manifest has them."""
    computes = device.partition(":")[0]  # "cuda:1" counts as "cuda"
    regions = json.dumps(region_file, sort_keys=True)
    return {
        "lxmert-viz": code_digest(),
        **{name: version(name) for name in LIBRARIES},
        "device": computes if precision == FULL else f"{computes} in {precision} precision",
        "threads": str(threads),
        "model": model,
        "region file": "none" if region_file is None else _digest(regions.encode()),
    }


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Each as "torch 2.14.1 and not 2.13.0": here, and there."""
    unlike = [what for what, value in here.items() if there.get(what) != value]
    other = {
        what: f"and not {there[what][:SHOWN]}" if what in there else UNKNOWN for what in unlike
    }
    return [f"{what} {here[what][:SHOWN]} {other[what]}" for what in unlike]


def of_run(manifest: Mapping[str, Any]) -> Provenance:
    """Of what makes it now. manifest: of a run that is being made."""
    return [manifest["provenance"], *manifest.get("mixed", ())][-1]


def agree(run: RunFolder, mine: Provenance, *, mix: bool) -> str:
    """What a person should know of a run that goes on with this, "" for nothing.

    Raises DatasetError where it was begun with another, unless mix: then it is noted.
    """
    manifest = run.manifest()
    if "provenance" not in manifest:
        run.describe(provenance={}, mixed=[mine])
        return NOT_NOTED.format(run.path)
    mixed: list[Provenance] = manifest.get("mixed", [])
    before = of_run(manifest)
    if mine == before:
        return ""
    if not mix and mine not in (manifest["provenance"], *mixed):
        raise DatasetError(
            f"{run.path} was begun otherwise: now {', '.join(differences(mine, before))}. Numbers "
            "may differ in their last digits: ask as before, or name a new folder, or go on all "
            "the same with --mix."
        )
    joined = [*(other for other in mixed if other != mine), mine]
    run.describe(mixed=joined)
    return ""


@cache
def code_digest() -> str:
    """Of all of this package's code: a version stands for many of them while it is worked on."""
    found = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        found.update(
            f"{path.relative_to(PACKAGE).as_posix()} {_digest(path.read_bytes())}\n".encode()
        )
    return found.hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
